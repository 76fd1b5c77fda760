//! The parts, each made from its settings.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use ingress::Org;
use ingress::http::{Limits, Server};
use journal::{Journal, OpenError, Options as JournalOptions};
use ledger::Ledger;
use okta::{BearerAuth, ClientOptions, HookAuth, OktaClient, Scope};
use otp::{Clock, Entropy, OrgName};
use queue::{AmqpOptions, AmqpQueue, MemoryQueue, Queue};
use secrecy::ExposeSecret as _;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};
use worker::{LogParts, OrgAccess};

use crate::config::{Config, OrgConfig};

/// Events on their way to the queue at once; of the in-process one, in the worker's hands too.
pub(crate) const WINDOW: usize = 10_000;

/// A listener, before anything else is made: an address that is taken is the commonest mistake.
pub(crate) async fn bind(
    name: &'static str,
    setting: &str,
    address: SocketAddr,
    clock: &Arc<dyn Clock>,
    leaving: &CancellationToken,
) -> anyhow::Result<Server> {
    let server = Server::bind(name, address, Limits::default(), clock.clone()).await;
    let server = server.with_context(|| format!("{setting}: {address} cannot be bound"))?;
    Ok(server.leaving(leaving.clone()))
}

/// The queue of the profile.
pub(crate) fn queue(
    config: &Config,
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
) -> anyhow::Result<Arc<dyn Queue>> {
    if !config.queue.is_broker() {
        return Ok(Arc::new(MemoryQueue::new(WINDOW, clock.clone())));
    }
    let options = AmqpOptions { prefix: config.queue.prefix.clone(), ..AmqpOptions::default() };
    let queue = AmqpQueue::new(config.queue.url.expose_secret(), options, clock.clone(), entropy.clone())
        .context("queue.url")?;
    Ok(Arc::new(queue))
}

/// The books as configured; their schema is left as it is.
pub(crate) async fn ledger(config: &Config) -> anyhow::Result<Ledger> {
    let options =
        ledger::Options { require_durable: config.ledger.require_durable, ..ledger::Options::default() };
    Ledger::open(config.ledger.url.expose_secret(), options).await.context("ledger.url")
}

/// Opens this process's own journal.
pub(crate) async fn open_journal(
    config: &Config,
    clock: &Arc<dyn Clock>,
    entropy: &dyn Entropy,
) -> anyhow::Result<Journal> {
    let wall = clock.clone();
    let now_ms = Arc::new(move || wall.now().as_millisecond());
    let node = format!("node-{}", &entropy.id(clock.as_ref()).simple().to_string()[20..]);
    let mut options = JournalOptions::new(&config.journal.dir, node, now_ms);
    options.max_bytes = config.journal.max_bytes;
    options.retain = config.journal.retain;
    match Journal::open(options.clone()).await {
        Err(err @ OpenError::Corrupt { .. }) => {
            // Codes must go on; what is in the damaged file waits for a person.
            let kept = journal::set_aside(&config.journal.dir).await.context("journal.dir")?;
            error!(error = %err, kept = %kept.display(), "the journal is damaged and set aside; starting with an empty one");
            Journal::open(options).await.context("journal.dir")
        }
        opened => opened.context("journal.dir"),
    }
}

/// Opens the ledger for a command: a file with its schema up to date, a shared database as it is.
pub(crate) async fn open_ledger(config: &Config) -> anyhow::Result<Ledger> {
    let ledger = ledger(config).await?;
    if ledger.is_shared() {
        let health = ledger.health().await.context("the ledger cannot be read")?;
        anyhow::ensure!(
            health.schema_version >= health.known_version,
            "the ledger's schema is at version {}, and this binary needs {}: run `ringback migrate`",
            health.schema_version,
            health.known_version
        );
        return Ok(ledger);
    }
    let migrated = ledger.migrate().await.context("the ledger's schema cannot be brought up")?;
    if !migrated.ran.is_empty() {
        info!(ran = ?migrated.ran, version = migrated.version, "the ledger's schema was brought up");
    }
    Ok(ledger)
}

/// An org as the door knows it.
pub(crate) fn door(org: &OrgConfig, clock: &Arc<dyn Clock>) -> anyhow::Result<Org> {
    let bearer = org.oauth.clone().map(|options| BearerAuth::new(options, clock.clone())).transpose();
    let bearer = bearer.with_context(|| format!("okta.orgs.{}.oauth", org.name))?;
    if let Some(bearer) = bearer.clone() {
        // Not on the first user's time.
        tokio::spawn(async move { bearer.warm().await });
    }
    Ok(Org {
        name: org.name.clone(),
        auth: HookAuth::new(org.hook_header.clone(), org.hook_secrets.clone()),
        bearer,
        default_country: org.default_country.clone(),
    })
}

/// An org as the worker knows it.
pub(crate) fn access(
    org: &OrgConfig,
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
) -> anyhow::Result<(OrgName, OrgAccess)> {
    let client = okta_client(org, &[Scope::UsersRead], OKTA, clock, entropy)?;
    Ok((org.name.clone(), OrgAccess { client, default_country: org.default_country.clone() }))
}

/// What the readers of System Logs work with: one for each org whose log is to be read.
pub(crate) fn log_readers(
    config: &Config,
    ledger: &Ledger,
    journal: &Journal,
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
) -> anyhow::Result<Vec<LogParts>> {
    let mut readers = Vec::new();
    for org in &config.orgs {
        let Some(log) = &org.system_log else { continue };
        let Some(client) = okta_client(org, &[Scope::LogsRead], SYSTEM_LOG, clock, entropy)? else {
            continue;
        };
        readers.push(LogParts {
            org: org.name.clone(),
            client,
            ledger: ledger.clone(),
            journal: journal.clone(),
            clock: clock.clone(),
            entropy: entropy.clone(),
            interval: log.interval,
            lag: log.lag,
        });
    }
    Ok(readers)
}

/// A page of the System Log takes longer than a user.
const SYSTEM_LOG: Duration = Duration::from_secs(15);
/// For one question to Okta's API.
const OKTA: Duration = Duration::from_secs(5);

/// Okta's API for an org, where it has a credential, with no more scopes than these, and so long for each call.
pub(crate) fn okta_client(
    org: &OrgConfig,
    scopes: &[Scope],
    timeout: Duration,
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
) -> anyhow::Result<Option<OktaClient>> {
    let (Some(base_url), Some(credential)) = (&org.base_url, &org.credential) else { return Ok(None) };
    let client = OktaClient::new(ClientOptions {
        base_url: base_url.clone(),
        credential: credential.clone(),
        scopes: scopes.to_vec(),
        reserve: org.reserve,
        connect_timeout: Duration::from_secs(2),
        timeout,
        clock: clock.clone(),
        entropy: entropy.clone(),
    });
    Ok(Some(client.with_context(|| format!("okta.orgs.{}", org.name))?))
}
