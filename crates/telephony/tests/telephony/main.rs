//! The crate from outside: the dispatcher with scripted providers on paused time, Verify against a scripted server on real sockets.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, unreachable_pub, reason = "these are tests")]

mod dispatch;
mod locale;
mod quiet;
mod report;
mod send;
mod server;
mod setup;
