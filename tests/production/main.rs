//! The production profile: ingress and worker processes, Postgres and RabbitMQ, and everything that can happen to them.
//! A test is named after the rows of the failure table that it covers (`tests/rows`).

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking; it is outside of the product, so it reads the machine's own clock"
)]

mod approvals;
mod both_roles;
mod checker;
mod crashes;
mod dashboard;
mod journal;
mod load;
mod postgres;
mod rabbit;
mod system_log;
