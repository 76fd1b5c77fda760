//! The simulators against the vendors' contracts, over real HTTP.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, and so do its helpers")]

mod attempts;
mod control;
mod delivery;
mod faults;
mod hook;
mod ledger;
mod login;
mod okta_api;
mod receiver;
mod shape;
mod strictness;
mod verify;
mod world;
