//! Are the books there, of this version, and may they be written?

use std::time::Duration;

use ledger::{DeadLetterFilter, Ledger, MigrateError, Options};
use otp::{Clock as _, SystemClock};
use secrecy::ExposeSecret as _;
use telephony::Finding;

use super::clock::Said;
use crate::config::Config;

/// A file is read from end to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// What was found, and what the database's clock said.
pub(super) async fn look(config: &Config) -> (Vec<Finding>, Option<Said>) {
    let options = Options { require_durable: config.ledger.require_durable, ..Options::default() };
    let opened = Ledger::open(config.ledger.url.expose_secret(), options).await;
    let ledger = match opened {
        Ok(ledger) => ledger,
        Err(err) => {
            let failed = Finding::fail(
                format!("{:#}", anyhow::Error::from(err)),
                "correct ledger.url, or make its directory writable",
            );
            return (vec![failed], None);
        }
    };
    let found = look_at(&ledger, config).await;
    ledger.close().await;
    found
}

async fn look_at(ledger: &Ledger, config: &Config) -> (Vec<Finding>, Option<Said>) {
    let health = match ledger.health().await {
        Ok(health) => health,
        Err(err) => {
            let todo = if err.to_string().contains("password") {
                "correct the user and the password in ledger.url"
            } else {
                "look at its address, its role's rights and its disk"
            };
            return (vec![Finding::fail(err.to_string(), todo)], None);
        }
    };
    if let Err(err @ MigrateError::NotDurable { .. }) = ledger.check_durability().await {
        return (vec![Finding::fail(err.to_string(), "ALTER SYSTEM or ALTER ROLE it back on")], None);
    }
    if health.needs_migration() {
        let behind =
            format!("{} with schema {} of {}", health.backend, health.schema_version, health.known_version);
        return (vec![Finding::warn(behind, "run `ringback migrate` (serve does it too)")], None);
    }
    let mut findings = vec![Finding::ok(format!("{} with schema {}", health.backend, health.schema_version))];
    let patient =
        Options { timeout: PATIENCE, require_durable: config.ledger.require_durable, ..Options::default() };
    let Ok(patient) = Ledger::open(config.ledger.url.expose_secret(), patient).await else {
        return (findings, None);
    };
    let before = SystemClock.now();
    let examined = patient.examine().await;
    let after = SystemClock.now();
    patient.close().await;
    let examination = match examined {
        Ok(examination) => examination,
        Err(err) => {
            findings
                .push(Finding::fail(err.to_string(), "look at its address, its role's rights and its disk"));
            return (findings, None);
        }
    };
    for remark in examination.remarks {
        findings.push(if remark.grave {
            Finding::fail(remark.what, remark.todo)
        } else {
            Finding::warn(remark.what, remark.todo)
        });
    }
    let waiting = DeadLetterFilter { limit: 1_000, ..DeadLetterFilter::default() };
    match ledger.dead_letters(&waiting).await.map(|letters| letters.len()) {
        Ok(0) => {}
        Ok(n) => {
            let n = if n == 1_000 { "1,000 or more".to_owned() } else { n.to_string() };
            findings.push(Finding::warn(
                format!("{n} dead letters wait"),
                "`ringback dead list`, then `ringback dead replay` (ops/runbooks/dead-letters.md)",
            ));
        }
        Err(err) => findings.push(Finding::warn(err.to_string(), "look at the dead letters by hand")),
    }
    let said = examination.now.map(|at| Said {
        who: "Postgres".to_owned(),
        at,
        between: (before, after),
        coarse: false,
    });
    (findings, said)
}
