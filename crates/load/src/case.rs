//! One deployment, measured and checked.

use std::net::SocketAddr;
use std::time::Duration;

use crate::cli::{Baseline, Cli, Hidden, Loop, Profile};
use crate::deployment::Deployment;
use crate::drive::{self, Length, Run};
use crate::process::Process;
use crate::provider::Provider;
use crate::report::{Figure, Table};
use crate::{approvals, backlog, baseline, check, clock, events, failover, hooks, report, year};

/// What is measured, how, and what must be in the books afterwards.
pub(crate) struct Case {
    pub(crate) deployment: Deployment,
    pub(crate) provider: Provider,
    pub(crate) table: Table,
    pub(crate) baselines: bool,
    pub(crate) connections: u16,
    pub(crate) rate: u32,
    /// Of one measurement.
    pub(crate) time: Duration,
    pub(crate) approvals: u64,
    pub(crate) backlog: u64,
    cold: bool,
    next: u64,
    /// Subjects whose hooks were answered as accepted.
    pub(crate) accepted: Vec<u64>,
    /// Subjects whose events were taken.
    pub(crate) taken: Vec<u64>,
    /// Subjects whose verification was approved.
    pub(crate) approved: Vec<u64>,
    /// Answers that were not as wanted: refusals.
    pub(crate) wrong: u64,
}

/// Subjects for one run of a loop: more than it can make.
const STRIDE: u64 = 8_000_000;
/// What an earlier process may have answered is asked of the books for so long.
const COLD: Duration = Duration::from_secs(62);
/// A process may hold so many MiB.
const MEMORY: f64 = 60.0;

/// Runs what the command line asks for; whether every book was right.
pub(crate) async fn run(cli: Cli) -> anyhow::Result<bool> {
    match &cli.baseline {
        Some(Hidden::Baseline { kind, provider }) => {
            baseline::serve(*kind, provider).await?;
            return Ok(true);
        }
        Some(Hidden::Books { on: Some(name), set, .. }) => {
            year::ask(&cli.postgres, name, set).await?;
            return Ok(true);
        }
        Some(Hidden::Books { transactions, set, keep, on: None }) => {
            year::measure(&cli.postgres, *transactions, set, *keep).await?;
            return Ok(true);
        }
        None => {}
    }
    if cli.cold {
        clock::set_ahead(Duration::from_secs(120));
    }
    if cli.failover {
        failover::measure(&cli).await?;
        return Ok(true);
    }
    let mut right = true;
    for profile in cli.profile.each() {
        right &= one(*profile, &cli).await?;
    }
    Ok(right)
}

async fn one(profile: Profile, cli: &Cli) -> anyhow::Result<bool> {
    let provider = Provider::start().await?;
    let deployment = Deployment::start(profile, cli, &provider, None).await?;
    let (seconds, approvals, backlog) = if cli.full { (20, 20_000, 60_000) } else { (5, 6_000, 6_000) };
    let mut case = Case {
        deployment,
        provider,
        table: Table::default(),
        baselines: !cli.no_baselines,
        connections: cli.connections,
        rate: cli.rate,
        time: Duration::from_secs(seconds),
        approvals,
        backlog,
        cold: cli.cold,
        next: 0,
        accepted: Vec::new(),
        taken: Vec::new(),
        approved: Vec::new(),
        wrong: 0,
    };
    let all = cli.hooks.is_none() && !cli.events && !cli.approvals && !cli.backlog;
    if let Some(which) = cli.hooks.or(all.then_some(Loop::Both)) {
        hooks::measure(&mut case, which).await?;
    }
    case.warm().await;
    if all || cli.events {
        events::measure(&mut case).await?;
    }
    if all || cli.approvals {
        approvals::measure(&mut case).await?;
    }
    case.memory("")?;
    if all || cli.backlog {
        backlog::measure(&mut case).await?;
        case.memory(" (after the backlog)")?;
    }
    case.deployment.caught_up().await?;
    case.table.print(&format!("{profile:?} profile").to_lowercase());
    let right = check::books(&case).await?;
    let dir = case.deployment.end().await?;
    if cli.keep {
        report::progress(&format!("files: {}", dir.display()));
    }
    Ok(right)
}

impl Case {
    /// The next subject that nobody has had.
    pub(crate) fn subjects(&self) -> u64 {
        self.next
    }

    /// Takes as many as one run may need; the first of them.
    pub(crate) fn take_subjects(&mut self) -> u64 {
        let first = self.next;
        self.next += STRIDE;
        first
    }

    /// Starts a baseline beside the service.
    pub(crate) async fn baseline(&self, kind: Baseline) -> anyhow::Result<Process> {
        Process::baseline(kind, &self.provider.url(), self.deployment.dir.path()).await
    }

    /// A closed run against the service, to be found in the books.
    pub(crate) async fn service_hooks(&mut self, to: SocketAddr, length: Length) -> anyhow::Result<Run> {
        let first = self.take_subjects();
        let run = drive::closed(&drive::hooks(to, first), self.connections, length).await?;
        self.expect(first, &run);
        Ok(run)
    }

    pub(crate) fn expect(&mut self, first: u64, run: &Run) {
        self.accepted.extend(run.right.iter().map(|place| first + place));
        self.wrong += run.wrong;
    }

    pub(crate) fn expect_events(&mut self, subjects: impl Iterator<Item = u64>) {
        self.taken.extend(subjects);
    }

    pub(crate) fn expect_approved(&mut self, subjects: std::ops::Range<u64>) {
        self.approved.extend(subjects);
    }

    /// Waits until the service has been up for a minute.
    pub(crate) async fn warm(&self) {
        if !self.cold {
            let left = COLD.saturating_sub(clock::now() - self.deployment.since);
            tokio::time::sleep(left).await;
        }
    }

    fn memory(&mut self, when: &str) -> anyhow::Result<()> {
        for (name, process) in &self.deployment.processes {
            let title = format!("{name}: peak memory, MiB{when}");
            let figure = Figure::new(title, process.peak_memory()?);
            self.table.add(if when.is_empty() { figure.at_most(MEMORY) } else { figure });
        }
        Ok(())
    }
}
