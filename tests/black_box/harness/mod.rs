//! A world of its own for every test: simulators, a directory, and the binary as a process.

mod answer;
mod books;
mod cli;
mod client;
mod people;
mod process;
mod samples;
mod settings;
mod wait;
mod world;

pub(crate) use answer::{assert_is_error, status_of, value_of};
pub(crate) use books::{Row, lock_books};
pub(crate) use cli::{Said, ringback};
pub(crate) use client::{Reply, SECRET, client};
pub(crate) use people::phone;
pub(crate) use process::Server;
pub(crate) use samples::{event_sample, hook_sample, in_minutes, provider_sample};
pub(crate) use settings::Settings;
pub(crate) use wait::{PATIENCE, until};
pub(crate) use world::World;
