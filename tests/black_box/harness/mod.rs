//! A world of its own for every test: simulators, a directory, and the binary as a process.

mod books;
mod cli;
mod samples;
mod world;

pub(crate) use books::lock_books;
pub(crate) use cli::{Said, ringback};
pub(crate) use samples::{event_sample, hook_sample, in_minutes, provider_sample};
pub(crate) use world::World;

pub(crate) use lab::{
    PATIENCE, Reply, Row, SECRET, Server, Settings, assert_is_error, client, phone, status_of, until,
    value_of,
};
