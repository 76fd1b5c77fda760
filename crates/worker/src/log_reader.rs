//! Okta's System Log, read for what no delivery brought: codes that Okta sent itself, and events that were lost on their way.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use jiff::Timestamp;
use journal::{AppendError, Journal};
use ledger::{ClaimEnd, EventQuery, Ledger, ReportClaim};
use okta::{LogPage, LogQuery, OktaClient, OktaError, Parsed};
use otp::{
    Clock, Entropy, EventReceived, EventSource, Fact, LogRead, OktaEvent, OrgName, Reading, SendNoted,
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};
use uuid::Uuid;

use crate::subject::{earlier, later};

/// What a [`LogReader`] works with.
pub struct LogParts {
    /// Whose log.
    pub org: OrgName,
    /// Okta's API.
    pub client: OktaClient,
    /// What is known already, how far the log was read, and who reads it.
    pub ledger: Ledger,
    /// Where what was found goes first.
    pub journal: Journal,
    /// Time.
    pub clock: std::sync::Arc<dyn Clock>,
    /// Jitter, and this reader's name.
    pub entropy: std::sync::Arc<dyn Entropy>,
    /// Between two looks.
    pub interval: Duration,
    /// How old an event is before it is looked for: by then a delivery has brought it.
    pub lag: Duration,
}

/// Reads one org's System Log, span by span. Of several processes on the same books one does so at a time.
///
/// What is found is journalled, and so is how far was read, after it: both reach the books in this order. A crash between the two, or
/// another process that takes over before they are there, reads a span again, and the books know every event by its uuid.
pub struct LogReader {
    parts: LogParts,
    ledger: Ledger,
    /// The right to read, as the ledger knows it.
    subject: String,
    holder: String,
}

/// What a reader remembers between two looks.
#[derive(Default)]
struct Memory {
    /// As far as this process has read; the books may not show it yet.
    read_until: Option<Timestamp>,
    /// Events that need not be looked at again: spans overlap.
    seen: HashSet<String>,
    order: VecDeque<String>,
    /// Another process reads; said once.
    waits: bool,
    refused: bool,
}

/// Why a look ended before its time.
enum Halt {
    /// Another process reads this log.
    Held,
    /// The books cannot be asked.
    Away(String),
    /// Okta does not answer as it should.
    Okta(OktaError),
    /// The journal takes nothing.
    Journal(AppendError),
    /// The process ends.
    Stopped,
}

/// At the first look ever.
const FIRST: Duration = Duration::from_secs(60 * 60);
/// An event may show in the log some time after the moment it bears: so much of the span before is read again.
const OVERLAP: Duration = Duration::from_secs(2 * 60);
/// After a long absence the log is read in spans of this length, each remembered when it is done.
const SPAN: Duration = Duration::from_secs(60 * 60);
/// For one question to the ledger.
const PATIENCE: Duration = Duration::from_secs(5);
/// A process that ended without a word holds the right to read for so long: more than a page and its questions take.
const HELD: Duration = Duration::from_secs(60);
/// Events remembered: more than two spans of a minute have, in the largest orgs.
const REMEMBERED: usize = 50_000;

impl LogReader {
    /// Puts a reader together.
    pub fn new(parts: LogParts) -> Self {
        let subject = format!("system-log/{}", parts.org);
        let holder = format!("{}/{}", parts.journal.node(), parts.entropy.id(parts.clock.as_ref()).simple());
        let ledger = parts.ledger.within(PATIENCE);
        Self { parts, ledger, subject, holder }
    }

    /// Reads until `stop`.
    pub async fn run(&self, stop: CancellationToken) {
        let mut memory = Memory::default();
        loop {
            let wait = match self.look(&mut memory, &stop).await {
                Ok(()) => self.parts.interval,
                Err(Halt::Stopped) => break,
                Err(halt) => self.told(&halt, &mut memory),
            };
            let wait = wait + self.parts.entropy.jitter(wait / 8);
            if stop.run_until_cancelled(tokio::time::sleep(wait)).await.is_none() {
                break;
            }
        }
        if self.parts.ledger.is_shared() {
            // The next process need not wait for the claim to run out.
            let end = ClaimEnd { subject: self.subject.clone(), done: None };
            if self.ledger.within(Duration::from_secs(1)).settle_claims(&[end], &self.holder).await.is_err() {
                debug!("the right to read a System Log is left to expire");
            }
        }
    }

    /// Says what is in the way; how long to wait.
    fn told(&self, halt: &Halt, memory: &mut Memory) -> Duration {
        let org = &self.parts.org;
        match halt {
            Halt::Held => {
                if !std::mem::replace(&mut memory.waits, true) {
                    info!(%org, "another process reads the System Log");
                }
            }
            Halt::Away(why) => info!(%org, error = %why, "the System Log waits for the ledger"),
            Halt::Okta(OktaError::Refused { why, .. } | OktaError::Paused { why, .. }) => {
                if !std::mem::replace(&mut memory.refused, true) {
                    error!(%org, why = %why, "Okta refuses to show its System Log");
                }
                self.count("refused");
            }
            Halt::Okta(err) => {
                info!(%org, error = %err, "Okta's System Log cannot be read; trying again");
                self.count("failed");
            }
            Halt::Journal(err) => {
                warn!(%org, error = %err, "what the System Log says is not on disk; trying again")
            }
            Halt::Stopped => {}
        }
        self.parts.interval
    }

    /// Reads everything that is old enough and was not read.
    async fn look(&self, memory: &mut Memory, stop: &CancellationToken) -> Result<(), Halt> {
        if memory.refused {
            // Whether it has been mended.
            self.parts.client.probe().await;
        }
        loop {
            self.claim(memory).await?;
            let known = self.ledger.log_read_until(&self.parts.org).await;
            let known = known.map_err(|err| Halt::Away(err.to_string()))?;
            let end = earlier(self.parts.clock.now(), self.parts.lag);
            let begin = known.max(memory.read_until).unwrap_or_else(|| earlier(end, FIRST));
            let until = end.min(later(begin, SPAN));
            if until <= begin {
                return Ok(());
            }
            let reached = self.read(begin, until, memory, stop).await?;
            let behind = self.parts.clock.now().duration_since(reached).as_secs_f64().max(0.0);
            metrics::gauge!("ringback_system_log_lag_seconds", "org" => self.parts.org.to_string())
                .set(behind);
            if reached < until || until == end {
                return Ok(());
            }
        }
    }

    /// Reads one span; how far is remembered.
    async fn read(
        &self,
        begin: Timestamp,
        until: Timestamp,
        memory: &mut Memory,
        stop: &CancellationToken,
    ) -> Result<Timestamp, Halt> {
        let mut query = LogQuery { since: earlier(begin, OVERLAP), until, next: None };
        let mut reached = until;
        loop {
            let page = self.page(&query, stop).await?;
            // By Okta's own clock: what it had not written yet was not read, however far ours is ahead.
            reached = page.date.map_or(reached, |date| reached.min(date));
            memory.refused = false;
            let (mut facts, uuids) = self.facts(page.events, memory).await?;
            if page.next.is_none() {
                reached = reached.max(begin);
                facts.push(Fact::LogRead(LogRead { org: self.parts.org.clone(), until: reached }));
            }
            let records = facts.iter().map(|fact| fact.encode().into()).collect();
            self.parts.journal.append(records).await.map_err(Halt::Journal)?;
            memory.remember(uuids);
            query.next = page.next;
            if query.next.is_none() {
                memory.read_until = Some(reached);
                return Ok(reached);
            }
            self.claim(memory).await?;
        }
    }

    /// One page, however long Okta's rate limit lasts.
    async fn page(&self, query: &LogQuery, stop: &CancellationToken) -> Result<LogPage, Halt> {
        loop {
            let asked = stop.run_until_cancelled(self.parts.client.log_page(query, &self.parts.org)).await;
            match asked.ok_or(Halt::Stopped)? {
                Ok(page) => {
                    self.count("read");
                    return Ok(page);
                }
                Err(OktaError::RateLimited { wait }) => {
                    self.count("limited");
                    info!(org = %self.parts.org, wait_s = wait.as_secs(), "the System Log's rate limit is reached; waiting");
                    self.pause(wait, stop).await?;
                }
                Err(err) => return Err(Halt::Okta(err)),
            }
        }
    }

    async fn pause(&self, wait: Duration, stop: &CancellationToken) -> Result<(), Halt> {
        stop.run_until_cancelled(tokio::time::sleep(wait)).await.ok_or(Halt::Stopped)
    }

    /// What is new on a page, and the uuids of all that was looked at.
    async fn facts(&self, events: Vec<Parsed>, memory: &Memory) -> Result<(Vec<Fact>, Vec<String>), Halt> {
        let (now, node) = (self.parts.clock.now(), self.parts.journal.node());
        let (mut facts, mut uuids, mut entered) = (Vec::new(), Vec::new(), Vec::new());
        for event in events {
            match event {
                Parsed::Event(event)
                    if event.reading != Reading::Nothing && !memory.seen.contains(&event.id.uuid) =>
                {
                    uuids.push(event.id.uuid.clone());
                    entered.push(event);
                }
                Parsed::Send(event) if !memory.seen.contains(&event.id.uuid) => {
                    uuids.push(event.id.uuid.clone());
                    let (source, node) = (EventSource::Log, node.to_owned());
                    facts.push(Fact::SendNoted(SendNoted { event, source, received_at: now, node }));
                }
                // What asks for nothing, and what cannot be read, is no loss.
                Parsed::Event(_) | Parsed::Send(_) | Parsed::OtherType(_) | Parsed::Unreadable { .. } => {}
            }
        }
        let lost = self.unknown(entered).await?;
        if !lost.is_empty() {
            let events = lost.len();
            info!(org = %self.parts.org, events, "no delivery brought these events; taken from the System Log");
        }
        for event in lost {
            metrics::counter!("ringback_events_total", "type" => event.event_type.clone(), "result" => "repaired").increment(1);
            // The same each time it is found, so that it counts as one delivery.
            let name = format!("system-log/{}/{}", event.id.org, event.id.uuid);
            facts.push(Fact::EventReceived(EventReceived {
                delivery: Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()),
                event,
                received_at: now,
                node: node.to_owned(),
                traceparent: None,
                replayed_at: None,
                source: EventSource::Log,
            }));
        }
        Ok((facts, uuids))
    }

    /// Those that the books do not have.
    async fn unknown(&self, events: Vec<OktaEvent>) -> Result<Vec<OktaEvent>, Halt> {
        if events.is_empty() {
            return Ok(events);
        }
        let queries: Vec<_> =
            events.iter().map(|event| EventQuery { event: event.id.clone(), send: None }).collect();
        let matched = self.ledger.match_events(&queries).await.map_err(|err| Halt::Away(err.to_string()))?;
        // One whose row cannot be read is there.
        let unknown =
            |found: &Result<ledger::EventMatch, _>| found.as_ref().is_ok_and(|it| it.state.is_none());
        Ok(events
            .into_iter()
            .zip(matched)
            .filter(|(_, found)| unknown(found))
            .map(|(event, _)| event)
            .collect())
    }

    /// Asks for the right to read, or for more time.
    async fn claim(&self, memory: &mut Memory) -> Result<(), Halt> {
        if !self.parts.ledger.is_shared() {
            return Ok(());
        }
        let (subjects, now) = ([self.subject.clone()], self.parts.clock.now());
        // Between two looks it is kept.
        let held = HELD.max(self.parts.interval * 2);
        let claims = self.ledger.claim_reports(&subjects, &self.holder, now, held).await;
        match claims.map_err(|err| Halt::Away(err.to_string()))?.first() {
            Some(ReportClaim::Granted { .. }) => {
                memory.waits = false;
                Ok(())
            }
            _ => Err(Halt::Held),
        }
    }

    fn count(&self, result: &'static str) {
        let org = self.parts.org.to_string();
        metrics::counter!("ringback_system_log_pages_total", "org" => org, "result" => result).increment(1);
    }
}

impl Memory {
    fn remember(&mut self, uuids: Vec<String>) {
        for uuid in uuids {
            if self.seen.insert(uuid.clone()) {
                self.order.push_back(uuid);
            }
        }
        while self.order.len() > REMEMBERED {
            if let Some(oldest) = self.order.pop_front() {
                self.seen.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Memory, REMEMBERED};

    #[test]
    fn memory_is_bounded_and_forgets_the_oldest() {
        let mut memory = Memory::default();
        memory.remember((0..REMEMBERED).map(|n| n.to_string()).collect());
        memory.remember(vec!["0".to_owned(), "new".to_owned()]);
        assert_eq!((memory.seen.len(), memory.order.len()), (REMEMBERED, REMEMBERED));
        assert!(memory.seen.contains("new") && memory.seen.contains("1") && !memory.seen.contains("0"));
    }
}
