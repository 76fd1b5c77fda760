//! A world of its own for every test: simulators, a directory, and the binary as a process.

mod asked;
mod books;
mod browser;
mod cli;
mod postbox;
mod samples;
mod world;

pub(crate) use asked::Asked;
pub(crate) use books::lock_books;
pub(crate) use browser::{Browser, View};
pub(crate) use cli::{Said, ringback};
pub(crate) use postbox::{Letter, Postbox};
pub(crate) use samples::{event_sample, hook_sample, in_minutes, provider_sample};
pub(crate) use world::World;

pub(crate) use lab::{
    Balancer, FaultProxy, Kind, PATIENCE, Provider, Reply, Row, SECRET, Secrets, Server, Settings,
    assert_is_error, client, phone, status_of, until, until_within, value_of,
};
