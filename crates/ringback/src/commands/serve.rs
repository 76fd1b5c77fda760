use std::path::Path;
use std::process::ExitCode;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{info, warn};

use super::{CommandError, load, rust_log};
use crate::app::App;
use crate::cli::Role;
use crate::telemetry;

/// `ringback serve`
pub(super) async fn run(file: Option<&Path>, role: Role) -> Result<ExitCode, CommandError> {
    let loaded = load(file)?;
    if role != Role::All && !loaded.config.queue.is_broker() {
        let what = "--role: parts in processes of their own need a broker between them (queue.url = amqp://…); in-process there is only --role all";
        return Err(CommandError::Argument(what.to_owned()));
    }
    // Before anything can be seen of the process: whoever stops it then is heard.
    let mut stop = Signals::listen()?;
    let _logs = telemetry::start_logs(
        &loaded.config.log,
        rust_log().as_deref(),
        loaded.config.telemetry.otlp_endpoint.as_ref(),
        role.as_str(),
    )?;
    for warning in &loaded.warnings {
        warn!("{warning}");
    }
    let metrics = telemetry::start_metrics()?;
    let mut app = tokio::select! {
        app = App::start(&loaded.config, role, metrics) => app?,
        () = stop.wait() => {
            info!("stopped before it had started; the next start goes on where this one was");
            return Ok(ExitCode::SUCCESS);
        }
    };
    let refused = tokio::select! {
        () = stop.wait() => Ok(ExitCode::SUCCESS),
        err = app.refused() => Err(err),
    };
    info!("stopping");
    tokio::select! {
        () = app.stop() => {}
        () = stop.wait() => {
            warn!("stopped at once; the next start goes on where this one was");
        }
    }
    Ok(refused?)
}

/// SIGTERM and SIGINT, from the moment this is made.
pub(super) struct Signals {
    term: Signal,
    interrupt: Signal,
}

impl Signals {
    /// From now on the signals are heard instead of ending the process.
    pub(super) fn listen() -> anyhow::Result<Self> {
        Ok(Self { term: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for the next one.
    pub(super) async fn wait(&mut self) {
        tokio::select! {
            _ = self.term.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
