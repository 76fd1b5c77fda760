//! The built binary against the simulators: real processes, real HTTP, the books read as an analyst reads them.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and so do its helpers; it is outside of the product, so it reads the machine's own clock"
)]

mod harness;

mod admin;
mod ambiguity;
mod approval;
mod commands;
mod config;
mod crashes;
mod door;
mod events;
mod hook_input;
mod hook_repeats;
mod hook_samples;
mod journal_full;
mod leaks;
mod lookups;
mod patience;
mod provider_errors;
mod shutdown;
