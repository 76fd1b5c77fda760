use std::collections::HashSet;
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use jiff::Timestamp;
use ledger::{DeadLetterFilter, DeadLetterRow, EventDetail, Ledger};
use otp::{EventId, OrgName};
use queue::{AmqpOptions, AmqpQueue};
use secrecy::ExposeSecret as _;
use serde::Serialize;

use super::output::{cell, json, line, table};
use super::{CommandError, load};
use crate::cli::{DeadCommand, org_name};
use crate::config::Config;
use crate::parts;
use crate::replay::{MOST, Outcome, Refused, Wanted, Way};

/// `ringback dead …`
pub(super) async fn run(file: Option<&Path>, what: DeadCommand) -> Result<ExitCode, CommandError> {
    let config = load(file)?.config;
    match what {
        DeadCommand::List { org, reason, replayed, since, until, limit, json } => {
            let filter = DeadLetterFilter {
                org: org_name(org.as_deref()).map_err(CommandError::Argument)?,
                waiting: !replayed,
                reason,
                since,
                until,
                limit,
            };
            list(&config, &filter, json).await?;
            Ok(ExitCode::SUCCESS)
        }
        DeadCommand::Replay { uuids, all, org, reason, limit, dry_run, url } => {
            let org = org_name(org.as_deref()).map_err(CommandError::Argument)?;
            if all != uuids.is_empty() {
                let what = "say which: the uuids of events, or --all";
                return Err(CommandError::Argument(what.to_owned()));
            }
            let ledger = parts::open_ledger(&config).await?;
            let mut replay = Replay {
                ledger: &ledger,
                way: Way::of(&config, url)?,
                dry_run,
                queued: Vec::new(),
                refused: Vec::new(),
            };
            if all {
                let filter = DeadLetterFilter { org, reason, ..DeadLetterFilter::default() };
                replay.all(filter, limit).await?;
            } else {
                replay.these(org.as_ref(), &uuids).await?;
            }
            let code = replay.end();
            ledger.close().await;
            Ok(code)
        }
    }
}

/// A dead letter with what its event is.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    letter: DeadLetterRow,
    event_type: Option<String>,
    event_state: Option<&'static str>,
}

async fn list(config: &Config, filter: &DeadLetterFilter, as_json: bool) -> anyhow::Result<()> {
    let ledger = parts::open_ledger(config).await?;
    let letters = ledger.dead_letters(filter).await.context("the ledger cannot be read")?;
    let mut rows = Vec::with_capacity(letters.len());
    for letter in letters {
        let found = ledger.event(Some(&letter.org), &letter.event_uuid).await;
        let event = found.context("the ledger cannot be read")?.into_iter().next().map(|found| found.event);
        rows.push(Shown {
            event_state: event.as_ref().map(|event| event.state.as_str()),
            event_type: event.and_then(|event| event.event_type),
            letter,
        });
    }
    ledger.close().await;
    if as_json {
        json(&rows)?;
    } else {
        let head = ["EVENT", "DEAD SINCE", "ORG", "TYPE", "STATE", "TRIES", "REPLAYED", "REASON"];
        table(&head, &rows.iter().map(cells).collect::<Vec<_>>());
        if let Some(last) = rows.last().filter(|_| rows.len() == filter.limit as usize) {
            note(format_args!("there may be more: --until {}", last.letter.dead_at));
        }
    }
    if let Some(there) = in_the_broker(config).await {
        note(format_args!("{there} messages lie in the broker's dead-letter queue"));
    }
    Ok(())
}

fn cells(row: &Shown) -> Vec<String> {
    vec![
        row.letter.event_uuid.clone(),
        row.letter.dead_at.to_string(),
        row.letter.org.to_string(),
        cell(row.event_type.as_ref()),
        cell(row.event_state),
        row.letter.attempts.to_string(),
        cell(row.letter.replayed_at),
        row.letter.reason.clone(),
    ]
}

/// Beside what may be piped elsewhere.
#[expect(clippy::print_stderr, reason = "the command's own output")]
fn note(text: impl std::fmt::Display) {
    eprintln!("{text}");
}

/// How many messages the broker's own dead-letter queue holds; `None` where there is no broker, or none of them, or it does not say.
async fn in_the_broker(config: &Config) -> Option<u32> {
    if !config.queue.is_broker() {
        return None;
    }
    let options = AmqpOptions {
        prefix: config.queue.prefix.clone(),
        connect_timeout: std::time::Duration::from_secs(3),
        ..AmqpOptions::default()
    };
    let found = AmqpQueue::inspect(config.queue.url.expose_secret(), options).await.ok()?;
    Some(found.dead).filter(|there| *there > 0)
}

/// `ringback events replay`
pub(super) async fn replay_events(
    config: &Config,
    org: Option<OrgName>,
    uuids: Vec<String>,
    dry_run: bool,
    url: Option<url::Url>,
) -> anyhow::Result<ExitCode> {
    let ledger = parts::open_ledger(config).await?;
    let way = Way::of(config, url)?;
    let mut replay = Replay { ledger: &ledger, way, dry_run, queued: Vec::new(), refused: Vec::new() };
    let wanted: Vec<_> = uuids.into_iter().map(|uuid| Wanted { org: org.clone(), uuid }).collect();
    replay.send(&wanted).await?;
    replay.clear(|_| false).await?;
    let code = replay.end();
    ledger.close().await;
    Ok(code)
}

/// A replay under way.
struct Replay<'a> {
    ledger: &'a Ledger,
    way: Way,
    dry_run: bool,
    queued: Vec<EventId>,
    refused: Vec<Refused>,
}

impl Replay<'_> {
    /// The dead letters of these events.
    async fn these(&mut self, org: Option<&OrgName>, uuids: &[String]) -> anyhow::Result<()> {
        let mut wanted = Vec::new();
        for uuid in uuids {
            let found = self.ledger.event(org, uuid).await.context("the ledger cannot be read")?;
            if found.iter().any(|detail: &EventDetail| !detail.dead_letters.is_empty()) {
                wanted.push(Wanted { org: org.cloned(), uuid: uuid.clone() });
                continue;
            }
            let why = if found.is_empty() {
                "there is no such event"
            } else {
                "it is no dead letter (`ringback events replay` takes any event)"
            };
            self.refused.push(Refused { uuid: uuid.clone(), why: why.to_owned() });
        }
        self.send(&wanted).await?;
        self.clear(|_| false).await
    }

    /// All that wait, the newest first, in batches.
    async fn all(&mut self, filter: DeadLetterFilter, limit: Option<u32>) -> anyhow::Result<()> {
        let mut seen: HashSet<String> = HashSet::new();
        let mut events: HashSet<EventId> = HashSet::new();
        let mut until: Option<Timestamp> = filter.until;
        let mut left = limit.map_or(usize::MAX, |limit| limit as usize);
        // More than so many may have the same moment, so a page has at least as many as that is likely to be.
        let page = 1_000;
        while left > 0 {
            let filter = DeadLetterFilter { until, limit: page, ..filter.clone() };
            let letters = self.ledger.dead_letters(&filter).await.context("the ledger cannot be read")?;
            let full = letters.len() == page as usize;
            until = letters.last().map(|letter| letter.dead_at);
            let new: Vec<_> = letters.into_iter().filter(|letter| seen.insert(letter.id.clone())).collect();
            if new.is_empty() {
                break;
            }
            let wanted = new.into_iter().map(|letter| EventId { org: letter.org, uuid: letter.event_uuid });
            let wanted: Vec<_> = wanted.filter(|event| events.insert(event.clone())).take(left).collect();
            left -= wanted.len();
            let wanted: Vec<_> =
                wanted.into_iter().map(|it| Wanted { org: Some(it.org), uuid: it.uuid }).collect();
            self.send(&wanted).await?;
            if !full {
                break;
            }
        }
        if left > 0 {
            // And what the broker alone knows of.
            let (org, reason) = (filter.org, filter.reason);
            self.clear(|(event, said)| {
                org.as_ref().is_none_or(|org| *org == event.org)
                    && reason.as_ref().is_none_or(|reason| said.contains(reason.as_str()))
            })
            .await?;
        } else {
            self.clear(|_| false).await?;
        }
        Ok(())
    }

    async fn send(&mut self, wanted: &[Wanted]) -> anyhow::Result<()> {
        for batch in wanted.chunks(MOST) {
            let outcome = if self.dry_run {
                let (replays, refused) =
                    crate::replay::prepare(self.ledger, batch, &otp::SystemClock).await?;
                let queued = replays.into_iter().map(|replay| replay.received.event.id).collect();
                Outcome { queued, refused }
            } else {
                self.way.send(self.ledger, batch).await?
            };
            self.queued.extend(outcome.queued);
            self.refused.extend(outcome.refused);
            progress(self.queued.len());
        }
        Ok(())
    }

    /// The broker's own copies.
    async fn clear(&mut self, others: impl Fn((&EventId, &str)) -> bool) -> anyhow::Result<()> {
        if self.dry_run {
            return Ok(());
        }
        let cleared = self
            .way
            .clear(self.ledger, &self.queued, |received, letter| {
                // The broker says nothing where it gave up by itself.
                others((&received.event.id, letter.reason.as_deref().unwrap_or("delivered too often")))
            })
            .await?;
        if let Some(cleared) = cleared {
            self.queued.extend(cleared.again);
            if cleared.kept > 0 {
                note(format_args!("{} messages stay in the broker's dead-letter queue", cleared.kept));
            }
        }
        Ok(())
    }

    /// Says what was done; 1 where something was refused.
    fn end(self) -> ExitCode {
        let (done, n) =
            (if self.dry_run { "would be queued again" } else { "queued again" }, self.queued.len());
        for event in &self.queued {
            line(format_args!("{done}: {} {}", event.org, event.uuid));
        }
        line(format_args!("{n} events {done}"));
        for refused in &self.refused {
            note(format_args!("not replayed: {}: {}", refused.uuid, refused.why));
        }
        if self.refused.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) }
    }
}

fn progress(queued: usize) {
    let mut terminal = std::io::stderr();
    if terminal.is_terminal() {
        let _ = write!(terminal, "\r{queued} events\r");
    }
}
