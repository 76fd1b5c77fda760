use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use ingress::Ingress;
use ledger::Drain;
use otp::{Clock, SystemClock, SystemEntropy};
use queue::Relay;

use super::output::line;
use super::{CommandError, load};
use crate::cli::JournalCommand;
use crate::config::Config;
use crate::parts;
use crate::privacy;

/// `ringback journal …`
pub(super) async fn run(file: Option<&Path>, what: JournalCommand) -> Result<ExitCode, CommandError> {
    let mut config = load(file)?.config;
    match what {
        JournalCommand::Status { dir } => {
            if let Some(dir) = dir {
                config.journal.dir = dir;
            }
            status(&config).await?;
        }
        JournalCommand::Drain { dir } => {
            config.journal.dir = dir;
            drain(&config).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn open(config: &Config) -> anyhow::Result<journal::Journal> {
    let dir = &config.journal.dir;
    // Opening makes what is missing; looking should not.
    anyhow::ensure!(dir.join("journal.db").is_file(), "{} holds no journal", dir.display());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    parts::open_journal(config, &clock, &SystemEntropy).await
}

async fn status(config: &Config) -> anyhow::Result<()> {
    let journal = open(config).await?;
    line(format_args!(
        "node {}, {} bytes, newest entry {}",
        journal.node(),
        journal.size_bytes(),
        journal.last()
    ));
    for cursor in [Drain::CURSOR, Relay::CURSOR, Ingress::CURSOR] {
        line(format_args!("{cursor}: {} entries wait", journal.pending(cursor)));
    }
    journal.close().await;
    Ok(())
}

async fn drain(config: &Config) -> anyhow::Result<()> {
    let journal = open(config).await?;
    let ledger = parts::open_ledger(config).await?;
    let recovered = ingress::recover(&journal, SystemClock.now()).await?;
    let vault = privacy::vault(config)?;
    let drain = Drain::new(journal.clone(), ledger.clone(), vault, Arc::new(SystemClock));
    let drained = drain.catch_up().await.context("the journal is not drained")?;
    line(format_args!("entered {drained} facts into the ledger"));
    if recovered.settled > 0 {
        line(format_args!("{} transactions had no end and are recorded as ambiguous", recovered.settled));
    }
    let waiting = journal.pending(Relay::CURSOR);
    if waiting > 0 {
        line(format_args!(
            "{waiting} entries still wait for the queue: start a process beside this journal, it will adopt it"
        ));
    }
    ledger.close().await;
    journal.close().await;
    Ok(())
}
