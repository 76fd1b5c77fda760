use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use ledger::{Ledger, Options, Person};
use otp::{Clock as _, OrgName, PhoneNumber, SystemClock, Vault};
use secrecy::ExposeSecret as _;

use super::output::{json, line};
use super::{CommandError, load};
use crate::cli::{EraseArguments, org_name};
use crate::{parts, privacy};

/// One statement may have to read a whole table.
const PATIENCE: Duration = Duration::from_secs(600);

/// `ringback erase`
pub(super) async fn run(file: Option<&Path>, arguments: EraseArguments) -> Result<ExitCode, CommandError> {
    let config = load(file)?.config;
    let EraseArguments { user, phone, org, dry_run, json: as_json } = arguments;
    let org = org_name(org.as_deref()).map_err(CommandError::Argument)?;
    if let Some(org) = &org
        && !config.orgs.iter().any(|it| it.name == *org)
    {
        warn_of(org);
    }
    let vault = privacy::vault(&config)?;
    let number = match &phone {
        None => None,
        Some(phone) => Some(PhoneNumber::parse(phone, None).map_err(|_| {
            CommandError::Argument("--phone: this is no phone number with a + and a country code".to_owned())
        })?),
    };
    let person = match (user.as_ref(), &number) {
        (Some(user), None) => Person::User { org: org.clone(), okta_user_id: user.clone() },
        (None, Some(number)) => Person::Phone(vault.hmac(number)),
        _ => return Err(CommandError::Argument("say who: --user ID or --phone +NUMBER".to_owned())),
    };
    // The schema first, as for any command.
    parts::open_ledger(&config).await?.close().await;
    let options =
        Options { timeout: PATIENCE, require_durable: config.ledger.require_durable, ..Options::default() };
    let ledger = Ledger::open(config.ledger.url.expose_secret(), options).await.context("ledger.url")?;
    let erased = ledger
        .erase(&person, SystemClock.now(), dry_run)
        .await
        .context("not everything is erased; run this again")?;
    let words: Vec<String> = match (user, &number) {
        (Some(user), _) => vec![user],
        // However it is written: its digits without the country's.
        (None, Some(number)) => vec![number.expose_e164().trim_start_matches('+').to_owned()],
        (None, None) => Vec::new(),
    };
    let quarantined = quarantine(&ledger, &vault, org.as_ref(), &words, dry_run).await?;
    ledger.close().await;
    if as_json {
        let report = serde_json::json!({
            "dry_run": dry_run,
            "otp_transactions": erased.transactions,
            "okta_events": erased.events,
            "okta_send_events": erased.sends,
            "feedback_reports": erased.reports,
            "report_claims": erased.claims,
            "quarantine": quarantined,
        });
        json(&report)?;
        return Ok(ExitCode::SUCCESS);
    }
    let done = if dry_run { "would be erased" } else { "erased" };
    for (table, rows) in [
        ("otp_transactions", erased.transactions),
        ("okta_events", erased.events),
        ("okta_send_events", erased.sends),
        ("feedback_reports", erased.reports),
        ("report_claims", erased.claims),
        ("quarantine", quarantined),
    ] {
        line(format_args!("{table:17} {rows} {done}"));
    }
    if !dry_run {
        line(format_args!(
            "What remains for now: journals, for {} h after they were drained (journal.retain); backups; what Okta and the provider keep.",
            config.journal.retain.as_secs().div_ceil(3_600)
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// The books may hold an org that was configured once; a typing error would erase nobody.
#[expect(clippy::print_stderr, reason = "the command's own output")]
fn warn_of(org: &OrgName) {
    eprintln!("ringback: the configuration has no org {org}; it is looked for in the books all the same");
}

/// Deletes sealed bodies that name the person; how many. Those sealed under another key cannot be looked into, and go by their retention.
async fn quarantine(
    ledger: &Ledger,
    vault: &Vault,
    org: Option<&OrgName>,
    words: &[String],
    dry_run: bool,
) -> anyhow::Result<u64> {
    let (mut after, mut found) = (None, 0);
    loop {
        let bodies = ledger.quarantined(after).await.context("the ledger cannot be read")?;
        let Some(last) = bodies.last() else { return Ok(found) };
        after = Some(last.id);
        let names_them = |body: &&ledger::QuarantinedBody| {
            if org.is_some_and(|org| org.as_str() != body.org) {
                return false;
            }
            let opened = vault.open(&body.sealed_body, &body.id.to_string()).unwrap_or_default();
            let text = String::from_utf8_lossy(&opened);
            words.iter().any(|word| text.contains(word.as_str()))
        };
        let ids: Vec<_> = bodies.iter().filter(names_them).map(|body| body.id).collect();
        if dry_run {
            found += ids.len() as u64;
        } else if !ids.is_empty() {
            found += ledger.forget_quarantined(&ids).await.context("quarantine is not erased")?;
        }
    }
}
