//! The simulators against the vendors' contracts, over real HTTP.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, and so do its helpers")]

mod attempts;
mod callbacks;
mod calls;
mod control;
mod delivery;
mod faults;
mod hook;
mod ledger;
mod login;
mod lookup;
mod messages;
mod okta_api;
mod okta_management;
mod receiver;
mod shape;
mod stream;
mod strictness;
mod system_log;
mod telesign;
mod telesign_forms;
mod vendor_control;
mod verify;
mod webhook;
mod world;
