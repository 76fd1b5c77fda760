use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use ledger::MigrateError;
use okta::OktaError;
use otp::{Clock, Entropy, SystemClock, SystemEntropy};
use queue::{AmqpOptions, AmqpQueue};
use secrecy::ExposeSecret as _;
use telephony::{Finding, Level};

use super::output::line;
use super::{CommandError, load};
use crate::app;
use crate::config::{Config, OrgConfig};
use crate::providers;

/// For one question to another service.
const PATIENCE: Duration = Duration::from_secs(5);

/// `ringback doctor`: one line each, `ok`, `warn` or `fail`, with what to do.
pub(super) async fn run(file: Option<&Path>) -> Result<ExitCode, CommandError> {
    let loaded = match load(file) {
        Ok(loaded) => loaded,
        Err(problems) => {
            for problem in problems.lines() {
                line(format_args!("fail config: {problem}"));
            }
            return Ok(ExitCode::from(2));
        }
    };
    let mut worst = Level::Ok;
    let mut say = |part: &str, finding: &Finding| {
        worst = worst.max(finding.level);
        let word = match finding.level {
            Level::Ok => "ok  ",
            Level::Warn => "warn",
            Level::Fail => "fail",
        };
        let advice = finding.advice.map_or_else(String::new, |advice| format!(" -> {advice}"));
        line(format_args!("{word} {part}: {}{advice}", finding.what));
    };
    say("config", &Finding::ok("the configuration can be run"));
    for warning in loaded.warnings {
        say("config", &Finding::warn(warning, "see `ringback config default`"));
    }
    let config = &loaded.config;
    say("journal", &journal(config));
    say("ledger", &ledger(config).await);
    say("queue", &queue(config).await);
    for org in &config.orgs {
        say(&format!("okta {}", org.name), &okta(org).await);
    }
    for provider in providers::providers(&config.telephony.providers)? {
        for finding in provider.check(PATIENCE).await {
            say(provider.name(), &finding);
        }
    }
    Ok(if worst == Level::Fail { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

/// Can the journal's directory be written? (It may be in use: a running service holds it.)
fn journal(config: &Config) -> Finding {
    let dir = &config.journal.dir;
    let shown = dir.display();
    if let Err(err) = std::fs::create_dir_all(dir) {
        return Finding::fail(
            format!("{shown} cannot be made: {err}"),
            "set journal.dir to a directory on a volume of its own",
        );
    }
    let probe = dir.join(".doctor");
    let tried = std::fs::File::create(&probe).and_then(|file| {
        use std::io::Write as _;
        (&file).write_all(b"ok")?;
        file.sync_all()
    });
    let _ = std::fs::remove_file(&probe);
    match tried {
        Ok(()) => Finding::ok(format!("{shown} can be written and synced")),
        Err(err) => Finding::fail(
            format!("{shown} cannot be written: {err}"),
            "give this user the directory, or make room on its disk",
        ),
    }
}

async fn ledger(config: &Config) -> Finding {
    let opened = app::ledger(config).await;
    let ledger = match opened {
        Ok(ledger) => ledger,
        Err(err) => {
            return Finding::fail(format!("{err:#}"), "correct ledger.url, or make its directory writable");
        }
    };
    let finding = match (ledger.health().await, ledger.check_durability().await) {
        (_, Err(err @ MigrateError::NotDurable { .. })) => {
            Finding::fail(err.to_string(), "ALTER SYSTEM or ALTER ROLE it back on")
        }
        (Ok(health), _) if health.needs_migration() => Finding::warn(
            format!("{} with schema {} of {}", health.backend, health.schema_version, health.known_version),
            "run `ringback migrate` (serve does it too)",
        ),
        (Ok(health), _) => Finding::ok(format!("{} with schema {}", health.backend, health.schema_version)),
        (Err(err), _) => {
            Finding::fail(err.to_string(), "look at its address, its role's rights and its disk")
        }
    };
    ledger.close().await;
    finding
}

async fn queue(config: &Config) -> Finding {
    if !config.queue.is_broker() {
        return Finding::ok("in this process");
    }
    let options = AmqpOptions {
        prefix: config.queue.prefix.clone(),
        connect_timeout: PATIENCE,
        ..AmqpOptions::default()
    };
    match AmqpQueue::check(config.queue.url.expose_secret(), options).await {
        Ok(()) => Finding::ok("RabbitMQ lets us in, and its exchange and queues are as they should be"),
        Err(why) => Finding::fail(
            why,
            "look at the address, the user's permissions in the virtual host, and the queue it names",
        ),
    }
}

/// Does Okta's API know our token? Asks for a user that does not exist.
async fn okta(org: &OrgConfig) -> Finding {
    let (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>) =
        (Arc::new(SystemClock), Arc::new(SystemEntropy));
    let client = match app::okta_client(org, &clock, &entropy) {
        Ok(Some(client)) => client,
        Ok(None) => {
            return Finding::warn(
                "no api_token: logins without a record of their send cannot be reported",
                "set base_url and api_token",
            );
        }
        Err(err) => return Finding::fail(format!("{err:#}"), "correct base_url and api_token"),
    };
    match client.profile_phone("ringback-doctor").await {
        Ok(_) | Err(OktaError::NoUser) => Finding::ok("the API takes our token"),
        Err(OktaError::RateLimited { .. }) => {
            Finding::warn("the API's rate limit is used up", "try again in a minute")
        }
        Err(err @ OktaError::Refused { .. }) => {
            Finding::fail(err.to_string(), "make an API token for a read-only admin and set api_token")
        }
        Err(err) => Finding::fail(err.to_string(), "check base_url, DNS and the way out of this network"),
    }
}
