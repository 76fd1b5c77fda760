//! Ringback: the telephony back end an Okta org brings along itself.

mod admin;
mod admin_client;
mod app;
mod cli;
mod commands;
mod config;
mod dashboard;
mod housekeeping;
mod parts;
mod privacy;
mod providers;
mod readiness;
mod replay;
mod telemetry;

use std::process::ExitCode;

use clap::Parser as _;

/// A hook is some hundreds of small allocations on several threads, which is what this allocator is made for.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // The first thing: a client built before would choose for itself, and there must be one provider of cryptography.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    commands::run(cli::Cli::parse())
}
