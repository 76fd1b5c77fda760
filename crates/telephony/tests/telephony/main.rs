//! The crate from outside: the dispatcher with scripted providers on paused time, every kind of provider against a scripted server on
//! real sockets.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, unreachable_pub, reason = "these are tests")]

mod breaker;
mod conformance;
mod dispatch;
mod locale;
mod lookup;
mod messaging;
mod promises;
mod quiet;
mod report;
mod resend;
mod routes;
mod scripted;
mod send;
mod server;
mod setup;
mod telesign;
mod verify;
mod webhook;
