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
mod breaker;
mod cancel;
mod commands;
mod completions;
mod config;
mod config_providers;
mod crashes;
mod dashboard;
mod dashboard_door;
mod dashboards;
mod doctor;
mod door;
mod erase;
mod events;
mod feedback_only;
mod hook_input;
mod hook_repeats;
mod hook_samples;
mod hook_tokens;
mod hooks_command;
mod journal_full;
mod leaks;
mod leaks_providers;
mod lookup_numbers;
mod lookups;
mod messaging;
mod okta_api;
mod patience;
mod provider_errors;
mod reconciled;
mod replay;
mod replay_broker;
mod routes;
mod second_provider;
mod send_command;
mod shutdown;
mod signatures;
mod status_callbacks;
mod system_log;
mod telesign;
mod webhook;
