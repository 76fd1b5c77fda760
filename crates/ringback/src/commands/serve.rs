use std::path::Path;
use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};
use tracing::{info, warn};

use super::{CommandError, load, rust_log};
use crate::app::App;
use crate::cli::Role;
use crate::telemetry;

/// `ringback serve`
pub(super) async fn run(file: Option<&Path>, role: Role) -> Result<ExitCode, CommandError> {
    let loaded = load(file)?;
    if role != Role::All {
        let what = "--role: parts in processes of their own need a queue between them; the embedded profile runs all of them in one";
        return Err(CommandError::Argument(what.to_owned()));
    }
    let _logs = telemetry::start_logs(&loaded.config.log, rust_log().as_deref())?;
    for warning in &loaded.warnings {
        warn!("{warning}");
    }
    let metrics = telemetry::start_metrics()?;
    let app = App::start(&loaded.config, metrics).await?;
    stopped().await?;
    info!("stopping");
    tokio::select! {
        () = app.stop() => {}
        again = stopped() => {
            again?;
            warn!("stopped at once; the next start goes on where this one was");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Waits for SIGTERM or SIGINT.
pub(super) async fn stopped() -> anyhow::Result<()> {
    let (mut term, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = term.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
