//! What each command does. 0 done; 1 it failed; 2 the arguments or the configuration are wrong.

mod breaker;
mod completions;
mod config;
mod dead;
mod demo;
mod doctor;
mod erase;
mod events;
mod healthcheck;
mod hooks;
mod journal;
mod migrate;
mod output;
mod purge;
mod route;
mod send;
mod serve;
mod sim;
mod transactions;

use std::path::Path;
use std::process::ExitCode;

use crate::cli::{Cli, Command};
use crate::config::{Loaded, Problems};

/// Why a command ended without doing what it was asked for.
#[derive(Debug, thiserror::Error)]
enum CommandError {
    /// Arguments or configuration.
    #[error(transparent)]
    Wrong(#[from] Problems),
    /// An argument.
    #[error("{0}")]
    Argument(String),
    /// It did not work.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

/// Runs one command to its end.
pub(crate) fn run(cli: Cli) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(err) => return fail(&CommandError::Failed(err.into())),
    };
    let file = cli.config.as_deref();
    let ended = runtime.block_on(async {
        match cli.command {
            Command::Demo { once } => demo::run(once).await,
            Command::Serve { role } => serve::run(file, role).await,
            Command::Sim { listen, org, ledger, from_config, public_url } => {
                let service = if from_config { Some(load(file)?.config) } else { None };
                sim::run(listen, &org, ledger, service.as_ref(), public_url).await
            }
            Command::Healthcheck { url } => healthcheck::run(file, url).await,
            Command::Migrate => migrate::run(file).await,
            Command::Doctor { json } => doctor::run(file, json).await,
            Command::Config { what } => config::run(file, &what),
            Command::Route { what } => route::run(file, what),
            Command::Breaker { what } => breaker::run(file, what).await,
            Command::Send(arguments) => send::run(file, arguments).await,
            Command::Hooks { what } => hooks::run(file, what).await,
            Command::Transactions { what } => transactions::run(file, what).await,
            Command::Events { what } => events::run(file, what).await,
            Command::Dead { what } => dead::run(file, what).await,
            Command::Journal { what } => journal::run(file, what).await,
            Command::Purge => purge::run(file).await,
            Command::Erase(arguments) => erase::run(file, arguments).await,
            Command::Completions { shell } => completions::run(shell),
            #[cfg(feature = "crash-points")]
            Command::CrashPoints => {
                otp::crash::POINTS.iter().for_each(output::line);
                Ok(ExitCode::SUCCESS)
            }
        }
    });
    // Nothing may keep a finished command alive: not a lookup that hangs in a thread of its own.
    runtime.shutdown_timeout(std::time::Duration::from_millis(200));
    match ended {
        Ok(code) => code,
        Err(err) => fail(&err),
    }
}

#[expect(clippy::print_stderr, reason = "the command's own output")]
fn fail(err: &CommandError) -> ExitCode {
    match err {
        CommandError::Wrong(problems) => {
            eprintln!("the configuration is wrong:");
            for line in problems.lines() {
                eprintln!("  {line}");
            }
            ExitCode::from(2)
        }
        CommandError::Argument(what) => {
            eprintln!("{what}");
            ExitCode::from(2)
        }
        CommandError::Failed(err) => {
            // A configuration problem may come out of a deeper place.
            if let Some(problems) = err.downcast_ref::<Problems>() {
                return fail(&CommandError::Argument(format!(
                    "the configuration is wrong:\n  {}",
                    problems.lines().join("\n  ")
                )));
            }
            eprintln!("ringback: {err:#}");
            ExitCode::from(1)
        }
    }
}

/// The configuration of this process.
fn load(file: Option<&Path>) -> Result<Loaded, Problems> {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    let environment = std::env::vars_os();
    // What is not UTF-8 is not ours.
    let environment =
        environment.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    crate::config::load(file, environment)
}

/// `RUST_LOG`, as every Rust service reads it.
fn rust_log() -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    std::env::var("RUST_LOG").ok().filter(|filter| !filter.is_empty())
}
