use std::str::FromStr as _;
use std::time::Duration;

use sqlx::Connection as _;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::PostgresLedger;
use crate::{OpenError, Options};

/// Connections for writing: the drain's, and two for a purge, a claim or a note.
const WRITERS: u32 = 3;

/// What one process has at most: these, and twice what [`Options::readers`] is as a rule.
pub(super) const CONNECTIONS: u32 = WRITERS + 6;

/// The longest a reader waits for a connection, be it lent or new: who reads has another way, or a person waits.
const READER_PATIENCE: Duration = Duration::from_secs(1);

/// The longest a statement waits for a lock that another session holds.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);

/// The longest the server keeps a transaction open whose client says nothing.
const SILENCE: Duration = Duration::from_secs(10);

/// What a URL may say besides where and who. The driver would pass over the rest, with its value in the log.
const PARAMETERS: [&str; 17] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "application_name",
    "options",
];

impl PostgresLedger {
    /// Prepares the ledger at `url`. Nothing is connected yet: a database that is away now may be there when it is needed.
    pub(crate) fn open(url: &str, options: Options) -> Result<Self, OpenError> {
        known_parameters(url)?;
        // What the driver says of a URL it does not understand may repeat a part of it.
        let mut connect = PgConnectOptions::from_str(url)
            .map_err(|_| OpenError::Url("is not one of Postgres (postgres://USER:PASSWORD@HOST/DATABASE)"))?;
        if connect.get_application_name().is_none() {
            connect = connect.application_name("ringback");
        }
        let connect = connect.options([
            ("statement_timeout", milliseconds(options.timeout)),
            ("lock_timeout", milliseconds(LOCK_PATIENCE.min(options.timeout))),
            ("idle_in_transaction_session_timeout", milliseconds(SILENCE)),
            // Compiling a plan costs more than any of ours takes.
            ("jit", "off".to_owned()),
        ]);
        // A plan made while a table was empty must not scan it when it is large: what is written is found through its keys, always.
        let write = connect.clone().options([
            ("enable_seqscan", "off"),
            ("enable_hashjoin", "off"),
            ("enable_mergejoin", "off"),
            ("plan_cache_mode", "force_generic_plan"),
        ]);
        // So is what is asked while a code or an event waits; planning it anew would take longer than finding it.
        let ask = write.clone().options([("default_transaction_read_only", "on")]);
        // A listing is planned for the filters it has.
        let read = connect
            .options([("plan_cache_mode", "force_custom_plan"), ("default_transaction_read_only", "on")]);
        Ok(Self {
            writer: pool(WRITERS, options.timeout).connect_lazy_with(write),
            askers: reader_pool(options).connect_lazy_with(ask),
            readers: reader_pool(options).connect_lazy_with(read),
            limit: options.timeout,
            patience: options.timeout,
            require_durable: options.require_durable,
        })
    }
}

fn reader_pool(options: Options) -> PgPoolOptions {
    pool(options.readers.max(1), options.timeout.min(READER_PATIENCE))
}

/// A pool whose connections come back only when all that was asked on them was answered ([`super::loan::Loan`]): so none has a
/// transaction left open, which sqlx 0.9.0 would not notice, and no round trip is spent on making sure.
fn pool(connections: u32, patience: Duration) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(patience)
        .idle_timeout(Duration::from_secs(600))
        // A connection that is too old is closed without a deadline (sqlx 0.9.0): rarely, then.
        .max_lifetime(Duration::from_secs(3_600))
        // Instead of a round trip before every call: one where the connection was idle long enough to be gone.
        .test_before_acquire(false)
        .before_acquire(|connection, lent| {
            Box::pin(async move {
                if lent.idle_for > Duration::from_secs(5) {
                    let ping = tokio::time::timeout(Duration::from_secs(1), connection.ping());
                    ping.await.map_err(|_| sqlx::Error::PoolTimedOut)??;
                }
                Ok(true)
            })
        })
}

fn known_parameters(url: &str) -> Result<(), OpenError> {
    let parameters = url.split_once('?').map_or("", |(_, parameters)| parameters);
    let known = |parameter: &str| {
        let name = parameter.split_once('=').map_or(parameter, |(name, _)| name);
        name.is_empty() || PARAMETERS.contains(&name) || name.starts_with("options[")
    };
    if parameters.split('&').all(known) {
        Ok(())
    } else {
        Err(OpenError::Url("has a parameter that is not known here"))
    }
}

fn milliseconds(duration: Duration) -> String {
    // Zero would mean for ever.
    duration.as_millis().clamp(1, 2_147_483_647).to_string()
}
