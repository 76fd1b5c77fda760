//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

/// Measures Ringback beside two baselines, and looks every id up in the books afterwards. Loopback only.
#[derive(Debug, Parser)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) baseline: Option<Hidden>,
    /// Which deployment is measured.
    #[arg(long, value_enum, default_value = "embedded")]
    pub(crate) profile: Profile,
    /// Only telephony hooks, in this loop (or in both).
    #[arg(long, value_enum, num_args = 0..=1, default_missing_value = "both")]
    pub(crate) hooks: Option<Loop>,
    /// Only event deliveries.
    #[arg(long)]
    pub(crate) events: bool,
    /// Only approvals.
    #[arg(long)]
    pub(crate) approvals: bool,
    /// Only a ledger that is away for a while.
    #[arg(long)]
    pub(crate) backlog: bool,
    /// Only a first provider that refuses, hangs or browns out, and then heals: with a second one, and beside it without.
    #[arg(long, conflicts_with_all = ["hooks", "events", "approvals", "backlog"])]
    pub(crate) failover: bool,
    /// Short measurements (the default).
    #[arg(long, conflicts_with = "full")]
    pub(crate) quick: bool,
    /// Longer measurements, and the whole backlog of ten minutes.
    #[arg(long)]
    pub(crate) full: bool,
    /// Connections of a closed loop.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) connections: u16,
    /// Hooks per second of an open loop.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub(crate) rate: u32,
    /// Do not wait until the service has been up for a minute, but date hooks two minutes ahead. The service asks the books about
    /// every hook that may be older than itself, because it cannot know what an earlier process answered.
    #[arg(long)]
    pub(crate) cold: bool,
    /// Without the baselines: figures for a profiler, no ratios.
    #[arg(long)]
    pub(crate) no_baselines: bool,
    /// The binary to measure; the one beside this one if not given.
    #[arg(long)]
    pub(crate) binary: Option<PathBuf>,
    /// Where scratch databases are made (production profile).
    #[arg(long, default_value = "postgres://postgres@127.0.0.1:5432/postgres")]
    pub(crate) postgres: String,
    /// The broker (production profile).
    #[arg(long, default_value = "amqp://guest:guest@127.0.0.1:5672/%2f")]
    pub(crate) amqp: String,
    /// Keep the run's files and say where they are.
    #[arg(long)]
    pub(crate) keep: bool,
}

/// What stands apart from the measurements of a running service.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum Hidden {
    /// Fills a scratch Postgres with a year of books and times what analysts ask of it. Ten million take a quarter of an hour and 20 GB.
    Books {
        /// How many codes the year has.
        #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1_000..=100_000_000))]
        transactions: u64,
        /// A setting of the asking session, like random_page_cost=1.1; may be given several times.
        #[arg(long)]
        set: Vec<String>,
        /// Leave the database there and say its name.
        #[arg(long = "keep-database")]
        keep: bool,
        /// Ask a database that was left there.
        #[arg(long, conflicts_with_all = ["transactions", "keep"])]
        on: Option<String>,
    },
    /// Serves a baseline; used by the runner.
    #[command(hide = true)]
    Baseline {
        #[arg(value_enum)]
        kind: Baseline,
        /// The provider's base URL.
        provider: String,
    },
}

/// What stands beside the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Baseline {
    /// A route that answers the same bytes.
    Bare,
    /// A route that calls the provider and records nothing.
    PassThrough,
}

/// A deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Profile {
    /// One process, SQLite, the queue in memory.
    Embedded,
    /// Ingress and worker, Postgres, RabbitMQ.
    Production,
    /// One after the other.
    Both,
}

/// How requests are paced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Loop {
    /// The next one when the last one is answered.
    Closed,
    /// At a constant rate.
    Open,
    /// Both, one after the other.
    Both,
}

impl Profile {
    /// The deployments to run.
    pub(crate) fn each(self) -> &'static [Self] {
        match self {
            Self::Embedded => &[Self::Embedded],
            Self::Production => &[Self::Production],
            Self::Both => &[Self::Embedded, Self::Production],
        }
    }
}

impl Loop {
    pub(crate) fn closed(self) -> bool {
        self != Self::Open
    }

    pub(crate) fn open(self) -> bool {
        self != Self::Closed
    }
}
