use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use journal::Journal;
use ledger::Drain;
use okta::{OktaClient, Refusal};
use otp::{Clock, OrgName};
use queue::{Queue, Relay};
use serde::Serialize;
use telephony::{BreakerStatus, Breakers};
use tokio_util::sync::CancellationToken;
use worker::{LogParts, OrgAccess, ReportHealth, ReportTrouble};

use crate::cli::Role;

/// What this process depends on, and how that is.
#[derive(Clone)]
pub(crate) struct Readiness {
    pub(crate) journal: Journal,
    pub(crate) drain: Drain,
    pub(crate) queue: Arc<dyn Queue>,
    /// Of the providers, where this process sends.
    pub(crate) breakers: Option<Breakers>,
    /// Of the orgs, where this process looks phones up.
    pub(crate) okta: Option<OktaReadiness>,
    /// Time.
    pub(crate) clock: Arc<dyn Clock>,
    /// Of the providers, where this process tells them which codes were used.
    pub(crate) reports: Option<ReportHealth>,
    /// Cancelled when the process has been told to stop: others should be asked instead.
    pub(crate) leaving: CancellationToken,
}

/// `ready`, `degraded` (codes are sent, something else waits) or `unavailable` (no code can be sent).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    Ready,
    Degraded,
    Unavailable,
}

#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) status: Status,
    /// Told to stop.
    pub(crate) stopping: bool,
    pub(crate) journal: JournalReport,
    pub(crate) ledger: LedgerReport,
    pub(crate) queue: QueueReport,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) providers: Option<ProvidersReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) okta: Option<OktaReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) feedback: Option<FeedbackReport>,
}

#[derive(Debug, Serialize)]
pub(crate) struct JournalReport {
    pub(crate) status: Status,
    pub(crate) why: Option<String>,
    pub(crate) bytes: u64,
    pub(crate) max_bytes: u64,
}

#[derive(Debug, Serialize)]
pub(crate) struct LedgerReport {
    pub(crate) status: Status,
    pub(crate) why: Option<String>,
    pub(crate) pending: u64,
}

#[derive(Debug, Serialize)]
pub(crate) struct QueueReport {
    pub(crate) status: Status,
    pub(crate) why: Option<String>,
    pub(crate) depth: usize,
    pub(crate) pending: u64,
}

#[derive(Debug, Serialize)]
pub(crate) struct ProvidersReport {
    pub(crate) status: Status,
    pub(crate) why: Option<String>,
    pub(crate) breakers: Vec<BreakerStatus>,
}

/// Okta's API, as this process finds it.
#[derive(Clone)]
pub(crate) struct OktaReadiness(Vec<(OrgName, Vec<OktaClient>)>);

#[derive(Debug, Serialize)]
pub(crate) struct OktaReport {
    pub(crate) status: Status,
    pub(crate) why: Option<String>,
}

/// Whether providers take our reports, as this process finds them.
#[derive(Debug, Serialize)]
pub(crate) struct FeedbackReport {
    pub(crate) status: Status,
    pub(crate) why: Option<String>,
}

impl FeedbackReport {
    fn of(troubles: &[(String, ReportTrouble)]) -> Self {
        let say = |(name, trouble): &(String, ReportTrouble)| match trouble {
            ReportTrouble::Refused => format!("{name} refuses our reports"),
            ReportTrouble::Failing => format!("{name} fails on our reports"),
        };
        let why: Vec<_> = troubles.iter().map(say).collect();
        let status = if why.is_empty() { Status::Ready } else { Status::Degraded };
        Self { status, why: (!why.is_empty()).then(|| why.join(", ")) }
    }
}

impl OktaReadiness {
    /// Of the orgs that a process of this role asks; `None` where it asks none.
    pub(crate) fn of(
        role: Role,
        orgs: &HashMap<OrgName, OrgAccess>,
        log_readers: &[LogParts],
    ) -> Option<Self> {
        let looking_up = orgs.iter().filter_map(|(org, access)| Some((org, access.client.as_ref()?)));
        let reading = log_readers.iter().map(|reader| (&reader.org, &reader.client));
        let mut clients: Vec<(OrgName, Vec<OktaClient>)> = Vec::new();
        for (org, client) in looking_up.chain(reading) {
            match clients.iter_mut().find(|(known, _)| known == org) {
                Some((_, clients)) => clients.push(client.clone()),
                None => clients.push((org.clone(), vec![client.clone()])),
            }
        }
        clients.sort_by(|a, b| a.0.as_str().cmp(b.0.as_str()));
        (role != Role::Ingress && !clients.is_empty()).then_some(Self(clients))
    }

    fn report(&self) -> OktaReport {
        let say = |(org, clients): &(OrgName, Vec<OktaClient>)| {
            let refusals = clients.iter().flat_map(OktaClient::refusals).map(|why| why.to_string());
            let refusals: BTreeSet<_> = refusals.collect();
            let refusals: Vec<_> = refusals.into_iter().collect();
            (!refusals.is_empty()).then(|| format!("{org}: {}", refusals.join("; ")))
        };
        let why: Vec<_> = self.0.iter().filter_map(say).collect();
        let status = if why.is_empty() { Status::Ready } else { Status::Degraded };
        OktaReport { status, why: (!why.is_empty()).then(|| why.join("; ")) }
    }

    /// For each org and each reason to pause, whether it is so now.
    fn measure(&self) {
        for (org, clients) in &self.0 {
            let set = |reason: &'static str, is: bool| {
                metrics::gauge!("ringback_okta_paused", "org" => org.to_string(), "reason" => reason)
                    .set(if is { 1.0 } else { 0.0 });
            };
            let refusals: Vec<_> = clients.iter().flat_map(OktaClient::refusals).collect();
            for reason in Refusal::REASONS {
                set(reason, refusals.iter().any(|why| why.reason() == reason));
            }
            set("rate_limit", clients.iter().any(|client| client.limited().is_some()));
            set("concurrency", clients.iter().any(|client| client.crowded().is_some()));
        }
    }
}

impl ProvidersReport {
    /// Codes can be sent as long as there is a provider that nobody has taken out: where every breaker is open, all are asked all the same.
    fn of(breakers: &Breakers) -> Self {
        let breakers = breakers.statuses();
        let open: Vec<_> = breakers.iter().filter(|it| !it.is_closed()).collect();
        let say = |it: &&BreakerStatus| {
            format!(
                "{} is {}",
                it.provider,
                if it.is_forced_open() { "taken out by hand" } else { it.why.unwrap_or("open") }
            )
        };
        let why = (!open.is_empty()).then(|| open.iter().map(say).collect::<Vec<_>>().join(", "));
        let status = if open.is_empty() {
            Status::Ready
        } else if breakers.iter().all(BreakerStatus::is_forced_open) {
            Status::Unavailable
        } else {
            Status::Degraded
        };
        Self { status, why, breakers }
    }
}

impl Readiness {
    pub(crate) fn report(&self) -> Report {
        let health = self.journal.health();
        let (journal, why) = if health.full {
            (Status::Unavailable, Some("the journal is full".to_owned()))
        } else if !health.writable {
            (Status::Unavailable, health.last_error)
        } else if health.nearly_full {
            (Status::Degraded, Some("the journal is nearly full".to_owned()))
        } else {
            (Status::Ready, None)
        };
        let trouble = self.drain.trouble();
        let ledger = if trouble.is_some() { Status::Degraded } else { Status::Ready };
        let queue_trouble = self.queue.trouble();
        let queue = if queue_trouble.is_some() { Status::Degraded } else { Status::Ready };
        let stopping = self.leaving.is_cancelled();
        let providers = self.breakers.as_ref().map(ProvidersReport::of);
        let sending = providers.as_ref().map_or(Status::Ready, |providers| providers.status);
        let okta = self.okta.as_ref().map(OktaReadiness::report);
        let asking = okta.as_ref().map_or(Status::Ready, |okta| okta.status);
        let feedback = self.reports.as_ref().map(|it| FeedbackReport::of(&it.troubles(self.clock.now())));
        let telling = feedback.as_ref().map_or(Status::Ready, |feedback| feedback.status);
        let parts = [journal, ledger, queue, sending, asking, telling];
        let status = if stopping || parts.contains(&Status::Unavailable) {
            Status::Unavailable
        } else if parts.contains(&Status::Degraded) {
            Status::Degraded
        } else {
            Status::Ready
        };
        Report {
            status,
            stopping,
            journal: JournalReport {
                status: journal,
                why,
                bytes: health.size_bytes,
                max_bytes: health.max_bytes,
            },
            ledger: LedgerReport {
                status: ledger,
                why: trouble,
                pending: self.journal.pending(Drain::CURSOR),
            },
            queue: QueueReport {
                status: queue,
                why: queue_trouble,
                depth: self.queue.depth(),
                pending: self.journal.pending(Relay::CURSOR),
            },
            providers,
            okta,
            feedback,
        }
    }

    /// Puts what is measured by looking into the metrics.
    #[expect(clippy::cast_precision_loss, reason = "metrics are floating point; counts stay far below 2^52")]
    pub(crate) fn measure(&self) {
        for cursor in [Drain::CURSOR, Relay::CURSOR] {
            metrics::gauge!("ringback_journal_pending", "cursor" => cursor)
                .set(self.journal.pending(cursor) as f64);
        }
        let sends = self.report().status != Status::Unavailable;
        metrics::gauge!("ringback_ready").set(if sends { 1.0 } else { 0.0 });
        metrics::gauge!("ringback_journal_bytes").set(self.journal.size_bytes() as f64);
        metrics::gauge!("ringback_queue_depth").set(self.queue.depth() as f64);
        if let Some(breakers) = &self.breakers {
            breakers.measure();
        }
        if let Some(okta) = &self.okta {
            okta.measure();
        }
    }
}
