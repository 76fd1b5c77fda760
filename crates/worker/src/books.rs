use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ledger::{
    ClaimEnd, EventMatch, EventQuery, Ledger, ReadError, ReportClaim, SendQuery, SendRecord, Together,
};
use otp::Clock;
use tracing::{info, warn};

/// A guard before the ledger: each question has its time, and after one that got no answer nobody asks for a moment. So a ledger that
/// hangs costs one event its wait, not every event. What every event asks is asked for many at once.
pub(crate) struct Books {
    ledger: Ledger,
    matches: Together<EventQuery, Result<EventMatch, ReadError>>,
    claims: Together<String, ReportClaim>,
    ends: Together<ClaimEnd, ()>,
    limit: Duration,
    clock: Arc<dyn Clock>,
    away_until: Mutex<Option<Instant>>,
}

/// The ledger could not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Away;

/// For so long nobody asks again.
const REST: Duration = Duration::from_secs(1);

/// Longer than one report may take; after that another worker may take over, and knows that the first may have had its effect.
const HELD: Duration = Duration::from_secs(15);

impl Books {
    /// Asks `ledger`, each time no longer than `limit`; claims are `holder`'s.
    pub(crate) fn new(ledger: &Ledger, holder: &Arc<str>, limit: Duration, clock: Arc<dyn Clock>) -> Self {
        let ledger = ledger.within(limit);
        let matches = {
            let ledger = ledger.clone();
            Together::new(move |queries: Vec<EventQuery>| {
                let ledger = ledger.clone();
                async move { ledger.match_events(&queries).await }
            })
        };
        let claims = {
            let (ledger, holder, clock) = (ledger.clone(), holder.clone(), clock.clone());
            Together::new(move |subjects: Vec<String>| {
                let (ledger, holder, now) = (ledger.clone(), holder.clone(), clock.now());
                async move { ledger.claim_reports(&subjects, &holder, now, HELD).await }
            })
        };
        let ends = {
            let (ledger, holder) = (ledger.clone(), holder.clone());
            Together::new(move |ends: Vec<ClaimEnd>| {
                let (ledger, holder) = (ledger.clone(), holder.clone());
                async move { ledger.settle_claims(&ends, &holder).await.map(|()| vec![(); ends.len()]) }
            })
        };
        Self { ledger, matches, claims, ends, limit, clock, away_until: Mutex::new(None) }
    }

    /// How an event stands, and the send it may belong to.
    pub(crate) async fn match_event(&self, query: EventQuery) -> Result<EventMatch, Away> {
        self.ask(self.matches.ask(query)).await?.map_err(|err| {
            warn!(error = %err, "what the books say of an event cannot be read; going by the phone number");
            Away
        })
    }

    /// The newest send that a query allows.
    pub(crate) async fn find_send(&self, query: &SendQuery) -> Result<Option<SendRecord>, Away> {
        self.ask(self.ledger.find_send(query)).await
    }

    /// Asks for the right to report.
    pub(crate) async fn claim(&self, subject: String) -> Result<ReportClaim, Away> {
        self.ask(self.claims.ask(subject)).await
    }

    /// Gives that right back.
    pub(crate) async fn settle(&self, end: ClaimEnd) -> Result<(), Away> {
        self.ask(self.ends.ask(end)).await
    }

    /// The answer, unless the books are away or too slow.
    async fn ask<T, E: Display>(&self, answer: impl Future<Output = Result<T, E>>) -> Result<T, Away> {
        if self.away_until().is_some_and(|until| self.clock.monotonic() < until) {
            return Err(Away);
        }
        match tokio::time::timeout(self.limit, answer).await {
            Ok(Ok(told)) => {
                if self.set(None).is_some() {
                    info!("the ledger answers again");
                }
                Ok(told)
            }
            Ok(Err(err)) => Err(self.rest(&err)),
            Err(slow) => Err(self.rest(&slow)),
        }
    }

    fn rest(&self, why: &dyn Display) -> Away {
        if self.set(Some(self.clock.monotonic() + REST)).is_none() {
            warn!(error = %why, "the ledger cannot be asked; going by the phone number meanwhile");
        }
        Away
    }

    fn away_until(&self) -> Option<Instant> {
        *self.away_until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, until: Option<Instant>) -> Option<Instant> {
        std::mem::replace(&mut *self.away_until.lock().unwrap_or_else(PoisonError::into_inner), until)
    }
}
