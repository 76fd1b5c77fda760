use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use otp::{OrgName, TransactionId};

/// Sends Okta's one-time passcodes by SMS and voice, and tells the provider which of them were really used.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true)]
pub(crate) struct Cli {
    /// The configuration file [default: ringback.toml in the working directory, if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the whole loop with simulated Okta, Twilio and phone: one code out, one approval back
    Demo {
        /// Stop after the story
        #[arg(long)]
        once: bool,
    },
    /// Run the service
    Serve {
        /// Which part of it
        #[arg(long, default_value = "all")]
        role: Role,
    },
    /// Run the simulators alone
    Sim {
        /// Where they listen
        #[arg(long, default_value = "127.0.0.1:9900")]
        listen: SocketAddr,
        /// The org at the service that the simulated Okta calls
        #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080/okta/main")]
        org: String,
        /// Append every fact to this file, one JSON document a line
        #[arg(long, value_name = "FILE")]
        ledger: Option<PathBuf>,
        /// Take the credentials of the org `main` and of the first provider from the service's own configuration
        #[arg(long)]
        from_config: bool,
        /// How others reach the simulators, for payloads and the printed examples
        #[arg(long, value_name = "URL")]
        public_url: Option<String>,
    },
    /// Ask a running service whether it is ready: exit 0 or 1, for container health checks
    Healthcheck {
        /// Ask this address instead of the configured admin listener's /readyz
        #[arg(long, value_name = "URL")]
        url: Option<url::Url>,
    },
    /// Bring the ledger's schema up
    Migrate,
    /// Check everything that can be reached, one line each
    Doctor,
    /// Show and check settings
    Config {
        #[command(subcommand)]
        what: ConfigCommand,
    },
    /// Look at OTP transactions
    Transactions {
        #[command(subcommand)]
        what: TransactionsCommand,
    },
    /// Look at Okta's events
    Events {
        #[command(subcommand)]
        what: EventsCommand,
    },
    /// Look at a journal, or empty a left-behind one into the ledger
    Journal {
        #[command(subcommand)]
        what: JournalCommand,
    },
    /// Forget what is older than its retention, now
    Purge,
    /// List the crash points of this test build
    #[cfg(feature = "crash-points")]
    #[command(hide = true)]
    CrashPoints,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// Every part in one process
    All,
    /// Only what Okta calls
    Ingress,
    /// Only what tells providers
    Worker,
}

impl Role {
    /// As it is given and logged.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Ingress => "ingress",
            Self::Worker => "worker",
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print every setting with its default and what it is for
    Default,
    /// Say everything that is wrong, without starting
    Check,
    /// Print every setting in effect, secrets redacted
    Print,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TransactionsCommand {
    /// The newest ones
    List {
        /// Of this org only
        #[arg(long)]
        org: Option<String>,
        /// With this status only: received, accepted, rejected, blocked, ambiguous, failed
        #[arg(long)]
        status: Option<String>,
        /// At most so many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
        /// As JSON, one array
        #[arg(long)]
        json: bool,
    },
    /// One with its attempts, events and reports
    Show {
        /// Its id
        id: TransactionId,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum EventsCommand {
    /// The newest ones
    List {
        /// Of this org only
        #[arg(long)]
        org: Option<String>,
        /// In this state only: queued, done, skipped, expired, no_match, dead
        #[arg(long)]
        state: Option<String>,
        /// At most so many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
        /// As JSON, one array
        #[arg(long)]
        json: bool,
    },
    /// One with its reports and dead letters
    Show {
        /// Okta's uuid of it
        uuid: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum JournalCommand {
    /// What is waiting in it
    Status {
        /// The journal's directory [default: journal.dir of the configuration]
        #[arg(long)]
        dir: Option<PathBuf>,
    },
    /// Enter what is waiting in it into the ledger
    Drain {
        /// The journal's directory
        #[arg(long)]
        dir: PathBuf,
    },
}

/// An org's name as given on the command line.
pub(crate) fn org_name(name: Option<&str>) -> Result<Option<OrgName>, String> {
    name.map(OrgName::new).transpose().map_err(|err| format!("--org: {err}"))
}
