use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use ledger::{EventDetail, EventFilter, EventRow, Ledger};
use otp::EventState;

use super::output::{cell, json, line, table};
use super::{CommandError, dead, load};
use crate::cli::{EventsCommand, org_name};
use crate::parts;

/// `ringback events …`
pub(super) async fn run(file: Option<&Path>, what: EventsCommand) -> Result<ExitCode, CommandError> {
    let config = load(file)?.config;
    match what {
        EventsCommand::List { org, state, limit, json } => {
            let filter = EventFilter {
                org: org_name(org.as_deref()).map_err(CommandError::Argument)?,
                state: state.as_deref().map(state_named).transpose().map_err(CommandError::Argument)?,
                limit,
                ..EventFilter::default()
            };
            list(&parts::open_ledger(&config).await?, &filter, json).await?;
        }
        EventsCommand::Replay { uuids, org, dry_run, url } => {
            let org = org_name(org.as_deref()).map_err(CommandError::Argument)?;
            return Ok(dead::replay_events(&config, org, uuids, dry_run, url).await?);
        }
        EventsCommand::Show { uuid, json } => show(&parts::open_ledger(&config).await?, &uuid, json).await?,
    }
    Ok(ExitCode::SUCCESS)
}

fn state_named(word: &str) -> Result<EventState, String> {
    use EventState::{Dead, Done, Expired, NoMatch, Queued, Skipped};
    let all = [Queued, Done, Skipped, Expired, NoMatch, Dead];
    all.into_iter()
        .find(|state| state.as_str() == word)
        .ok_or_else(|| format!("--state: {word} is not one of {}", all.map(EventState::as_str).join(", ")))
}

async fn list(ledger: &Ledger, filter: &EventFilter, as_json: bool) -> anyhow::Result<()> {
    let rows = ledger.events(filter).await.context("the ledger cannot be read")?;
    if as_json {
        return json(&rows);
    }
    let head = ["UUID", "RECEIVED", "ORG", "TYPE", "CHANNEL", "RESULT", "STATE", "TRANSACTION"];
    table(&head, &rows.iter().map(cells).collect::<Vec<_>>());
    Ok(())
}

fn cells(row: &EventRow) -> Vec<String> {
    vec![
        row.uuid.clone(),
        cell(row.received_at),
        row.org.to_string(),
        cell(row.event_type.as_ref()),
        cell(row.channel),
        cell(row.result.as_ref()),
        row.state.as_str().to_owned(),
        cell(row.transaction_id),
    ]
}

async fn show(ledger: &Ledger, uuid: &str, as_json: bool) -> anyhow::Result<()> {
    let found = ledger.event(None, uuid).await.context("the ledger cannot be read")?;
    anyhow::ensure!(!found.is_empty(), "there is no event {uuid}");
    if as_json {
        return json(&found);
    }
    for detail in &found {
        print(detail);
    }
    Ok(())
}

fn print(detail: &EventDetail) {
    let row = &detail.event;
    let pairs = [
        ("uuid", row.uuid.clone()),
        ("org", row.org.to_string()),
        ("type", cell(row.event_type.as_ref())),
        ("okta user", cell(row.okta_user_id.as_ref())),
        ("channel", cell(row.channel)),
        ("result", cell(row.result.as_ref())),
        ("reason", cell(row.reason.as_ref())),
        ("published", cell(row.published_at)),
        ("received", cell(row.received_at)),
        ("deliveries", row.deliveries.to_string()),
        ("state", row.state.as_str().to_owned()),
        ("note", cell(row.note.as_ref())),
        ("settled", cell(row.settled_at)),
        ("attempts", row.attempts.to_string()),
        ("transaction", cell(row.transaction_id)),
    ];
    for (name, value) in pairs {
        line(format_args!("{name:11} {value}"));
    }
    for report in &detail.reports {
        line(format_args!(
            "report      {} {} {}",
            report.provider,
            report.verdict.as_str(),
            report.result.as_str()
        ));
    }
    for letter in &detail.dead_letters {
        line(format_args!(
            "dead        {} after {} attempts: {}",
            letter.dead_at, letter.attempts, letter.reason
        ));
    }
}
