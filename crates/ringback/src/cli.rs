use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use otp::{Channel, OrgName, TransactionId};

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
    Doctor {
        /// As JSON, one array
        #[arg(long)]
        json: bool,
    },
    /// Show and check settings
    Config {
        #[command(subcommand)]
        what: ConfigCommand,
    },
    /// Say which way a code would take
    Route {
        #[command(subcommand)]
        what: RouteCommand,
    },
    /// Look at the running service's breakers, and overrule them
    Breaker {
        #[command(subcommand)]
        what: BreakerCommand,
    },
    /// Send a test code through the route, or through one provider
    Send(SendArguments),
    /// Register Okta's two hooks, have Okta try them, and look at them
    Hooks {
        #[command(subcommand)]
        what: HooksCommand,
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
    /// Look at dead letters, and put them back to work
    Dead {
        #[command(subcommand)]
        what: DeadCommand,
    },
    /// Look at a journal, or empty a left-behind one into the ledger
    Journal {
        #[command(subcommand)]
        what: JournalCommand,
    },
    /// Forget what is older than its retention, now
    Purge,
    /// Erase one person from the books, and keep what is counted
    Erase(EraseArguments),
    /// Print a completion script for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
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
pub(crate) enum RouteCommand {
    /// Which rule and which providers apply to a message, and why; sends nothing
    Explain {
        /// The number, as Okta would send it
        #[arg(long)]
        to: String,
        /// The way to the user
        #[arg(long, default_value = "sms")]
        channel: ChannelName,
        /// Whose user
        #[arg(long, default_value = "main")]
        org: String,
        /// What the user is doing: mfa-verification, pre-enrollment, account-unlock, password-reset, unknown
        #[arg(long, default_value = "mfa-verification")]
        purpose: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

/// `ringback send`
#[derive(Debug, Args)]
pub(crate) struct SendArguments {
    /// The number
    #[arg(long)]
    pub(crate) to: String,
    /// The way to it
    #[arg(long, default_value = "sms")]
    pub(crate) channel: ChannelName,
    /// This provider alone, whatever the routes say
    #[arg(long, value_name = "NAME")]
    pub(crate) provider: Option<String>,
    /// Whose routes
    #[arg(long, default_value = "main")]
    pub(crate) org: String,
    /// What the user would be doing
    #[arg(long, default_value = "mfa-verification")]
    pub(crate) purpose: String,
    /// The user's language, like fr-FR
    #[arg(long)]
    pub(crate) locale: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ChannelName {
    /// A text
    Sms,
    /// A call
    Voice,
}

impl From<ChannelName> for Channel {
    fn from(name: ChannelName) -> Self {
        match name {
            ChannelName::Sms => Self::Sms,
            ChannelName::Voice => Self::Voice,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum BreakerCommand {
    /// How every provider's breaker stands
    List {
        /// The service's admin address instead of the configured one
        #[arg(long, value_name = "URL")]
        url: Option<url::Url>,
        /// As JSON, one array
        #[arg(long)]
        json: bool,
    },
    /// Take a provider out: it is never asked
    Open {
        /// The provider
        provider: String,
        /// The service's admin address instead of the configured one
        #[arg(long, value_name = "URL")]
        url: Option<url::Url>,
    },
    /// Ask a provider whatever its breaker says
    Close {
        /// The provider
        provider: String,
        /// The service's admin address instead of the configured one
        #[arg(long, value_name = "URL")]
        url: Option<url::Url>,
    },
    /// Let the breaker judge again
    Auto {
        /// The provider
        provider: String,
        /// The service's admin address instead of the configured one
        #[arg(long, value_name = "URL")]
        url: Option<url::Url>,
    },
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
    /// Put events through the queue again, whatever became of them
    Replay {
        /// Okta's uuids of them
        #[arg(required = true, value_name = "UUID")]
        uuids: Vec<String>,
        /// Of this org; needed where several orgs have one of them
        #[arg(long)]
        org: Option<String>,
        /// Say what would be done, and do nothing
        #[arg(long)]
        dry_run: bool,
        /// Have the service at this admin address do it
        #[arg(long, value_name = "URL")]
        url: Option<url::Url>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum DeadCommand {
    /// The newest ones that wait
    List {
        /// Of this org only
        #[arg(long)]
        org: Option<String>,
        /// With these words in their reason only
        #[arg(long)]
        reason: Option<String>,
        /// Those that were replayed too
        #[arg(long)]
        replayed: bool,
        /// Given up at or after, like 2026-11-20T10:00:00Z
        #[arg(long, value_name = "TIME")]
        since: Option<jiff::Timestamp>,
        /// Given up at or before: the next page begins at the last one's
        #[arg(long, value_name = "TIME")]
        until: Option<jiff::Timestamp>,
        /// At most so many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
        /// As JSON, one array
        #[arg(long)]
        json: bool,
    },
    /// Put their events through the queue again
    Replay {
        /// Okta's uuids of the events
        #[arg(value_name = "UUID")]
        uuids: Vec<String>,
        /// All that wait, the newest first, and what the broker gave up by itself
        #[arg(long)]
        all: bool,
        /// Of this org only
        #[arg(long)]
        org: Option<String>,
        /// With --all: with these words in their reason only
        #[arg(long)]
        reason: Option<String>,
        /// With --all: at most so many
        #[arg(long)]
        limit: Option<u32>,
        /// Say what would be done, and do nothing
        #[arg(long)]
        dry_run: bool,
        /// Have the service at this admin address do it
        #[arg(long, value_name = "URL")]
        url: Option<url::Url>,
    },
}

/// `ringback erase`
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("who").required(true).args(["user", "phone"])))]
pub(crate) struct EraseArguments {
    /// The Okta user with this id
    #[arg(long, value_name = "ID")]
    pub(crate) user: Option<String>,
    /// Whoever has this number, with + and country code
    #[arg(long, value_name = "NUMBER", conflicts_with = "org")]
    pub(crate) phone: Option<String>,
    /// The user in this org only
    #[arg(long)]
    pub(crate) org: Option<String>,
    /// Count what would be erased, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum HooksCommand {
    /// Both hooks as Okta has them, and whether they are as this configuration wants them
    List {
        /// Of this org only
        #[arg(long)]
        org: Option<String>,
        /// As JSON, one array
        #[arg(long)]
        json: bool,
    },
    /// Make, correct and activate both hooks at server.public_url; what is right already is left alone
    Register {
        /// Which org, where there are several
        #[arg(long)]
        org: Option<String>,
        /// Say what would be done
        #[arg(long)]
        dry_run: bool,
        /// Deactivate another telephony hook or Okta's own provider where it stands in the way
        #[arg(long)]
        replace: bool,
        /// Give Okta the first hook secret again, as after a rotation: it cannot be seen which one it has
        #[arg(long)]
        resend_secret: bool,
    },
    /// Have Okta verify the event hook, and call the telephony hook with a code that has expired; nothing is sent
    Verify {
        /// Which org, where there are several
        #[arg(long)]
        org: Option<String>,
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
