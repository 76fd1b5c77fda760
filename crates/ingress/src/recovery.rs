//! After a restart: what was under way becomes `ambiguous`, never a second send, and what was said is said again.

use std::collections::HashMap;

use jiff::Timestamp;
use journal::{AppendError, Journal, Seq};
use otp::{
    AttemptEnded, AttemptOutcome, AttemptStarted, Fact, FailureClass, OrgName, Settler, TransactionId,
    TransactionSettled, TransactionStatus,
};

use tracing::warn;

use crate::settings::AnswerPolicy;
use crate::state::Ingress;
use crate::told::Told;

/// What the journal tells about an earlier process.
#[derive(Default)]
pub struct Recovered {
    said: Vec<(OrgName, String, Told)>,
    unfinished: Vec<(OrgName, String, TransactionId)>,
    /// How many transactions were found without an end and are now recorded as ambiguous.
    pub settled: usize,
}

impl Recovered {
    /// What is answered to copies of its hooks, and for which transactions that is not in the books yet.
    pub(crate) fn into_answers(
        self,
        policy: &AnswerPolicy,
    ) -> impl Iterator<Item = (OrgName, String, Told, Option<TransactionId>)> {
        // Nothing was said about an unfinished one, as far as we know: whoever asks again is told what is told when nobody knows.
        let unknown = Told::failure(FailureClass::Crash, None, policy);
        let unfinished = self.unfinished.into_iter();
        let unfinished = unfinished.map(move |(org, event, owed)| (org, event, unknown.clone(), Some(owed)));
        self.said.into_iter().map(|(org, event, told)| (org, event, told, None)).chain(unfinished)
    }
}

/// Why the journal could not be put in order.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    /// It cannot be read.
    #[error("the journal cannot be read: {0}")]
    Read(#[from] journal::ReadError),
    /// Its cursor cannot be read.
    #[error("the journal cannot be read: {0}")]
    Cursor(#[from] journal::CursorError),
    /// It cannot be written.
    #[error("the journal cannot be written: {0}")]
    Append(#[from] journal::AppendError),
}

const BATCH: usize = 1000;

/// Reads the journal from the answers cursor on, records every transaction without an end as ambiguous, and returns what was said.
///
/// # Errors
/// When the journal cannot be read or written.
pub async fn recover(journal: &Journal, now: Timestamp) -> Result<Recovered, RecoveryError> {
    scan(journal, now, Whose::Anybodys).await
}

/// The same for what was adopted from another process while this one is at work: its own transactions are left alone.
///
/// # Errors
/// When the journal cannot be read or written.
pub async fn recover_adopted(journal: &Journal, now: Timestamp) -> Result<Recovered, RecoveryError> {
    scan(journal, now, Whose::NotOf(journal.node())).await
}

/// The same for one transaction of this process whose task ended in a panic.
pub(crate) async fn recover_one(
    journal: &Journal,
    now: Timestamp,
    transaction: TransactionId,
) -> Result<Recovered, RecoveryError> {
    scan(journal, now, Whose::Only(transaction)).await
}

/// Which transactions nobody is at work on.
#[derive(Clone, Copy)]
enum Whose<'a> {
    Anybodys,
    NotOf(&'a str),
    Only(TransactionId),
}

impl Whose<'_> {
    fn includes(self, transaction: TransactionId, node: &str) -> bool {
        match self {
            Self::Anybodys => true,
            Self::NotOf(at_work) => node != at_work,
            Self::Only(one) => transaction == one,
        }
    }
}

async fn scan(journal: &Journal, now: Timestamp, whose: Whose<'_>) -> Result<Recovered, RecoveryError> {
    let kinds = [
        Fact::HOOK_RECEIVED,
        Fact::ATTEMPT_STARTED,
        Fact::ATTEMPT_ENDED,
        Fact::TRANSACTION_SETTLED,
        Fact::HOOK_ANSWERED,
    ];
    let mut found = Found::default();
    let mut position: Seq = journal.cursor(Ingress::CURSOR).await?;
    while position < journal.last() {
        let batch = journal.read_kind(&kinds, position, BATCH).await?;
        for entry in &batch.entries {
            // What cannot be decoded was written by a newer binary; that one will recover it.
            if let Ok(fact) = Fact::decode(&entry.record.kind, entry.record.version, &entry.record.payload) {
                found.take(fact);
            }
        }
        if batch.next <= position {
            break;
        }
        position = batch.next;
    }
    let (facts, recovered) = found.end(now, whose);
    for chunk in facts.chunks(BATCH) {
        match journal.append_ending(chunk.iter().map(|fact| fact.encode().into()).collect()).await {
            Ok(_) => {}
            // No reason not to start: they are ambiguous all the same, and the next start finds them again.
            Err(err @ AppendError::Full { .. }) => {
                warn!(error = %err, "transactions without an end are not recorded as ambiguous yet");
                break;
            }
            Err(err) => return Err(err.into()),
        }
    }
    Ok(recovered)
}

struct Unanswered {
    node: String,
    org: OrgName,
    event: String,
}

#[derive(Default)]
struct Found {
    /// Transactions without an end: whose they are, and the call that is under way.
    open: HashMap<TransactionId, (String, Option<AttemptStarted>)>,
    /// Hooks that nothing was said about, as far as we know. One that an earlier recovery has settled is still among them.
    unanswered: HashMap<TransactionId, Unanswered>,
    /// Attempts may come before their hook when a journal was adopted; transactions are settled by then.
    said: Vec<(OrgName, String, Told)>,
}

impl Found {
    fn take(&mut self, fact: Fact) {
        match fact {
            Fact::HookReceived(hook) => {
                if let Some(event) = &hook.okta_event_id {
                    let (node, org, event) = (hook.node.clone(), hook.org.clone(), event.clone());
                    self.unanswered.insert(hook.transaction, Unanswered { node, org, event });
                }
                self.open.insert(hook.transaction, (hook.node, None));
            }
            Fact::AttemptStarted(attempt) => {
                if let Some((_, slot)) = self.open.get_mut(&attempt.transaction) {
                    *slot = Some(attempt);
                }
            }
            Fact::AttemptEnded(attempt) => {
                if let Some((_, slot)) = self.open.get_mut(&attempt.transaction)
                    && slot.as_ref().is_some_and(|started| started.n == attempt.n)
                {
                    *slot = None;
                }
            }
            Fact::TransactionSettled(settled) => {
                self.open.remove(&settled.transaction);
                if settled.failure_class == Some(FailureClass::NotSent) {
                    // Refused with 503, or answered, which comes next: a copy of what was not sent may try again.
                    self.unanswered.remove(&settled.transaction);
                }
            }
            Fact::HookAnswered(answered) => {
                self.unanswered.remove(&answered.transaction);
                if let Some(event) = answered.okta_event_id {
                    self.said.push((
                        answered.org,
                        event,
                        Told {
                            answer: answered.answer,
                            failure: answered.failure_class,
                            provider: answered.provider,
                            provider_ref: answered.provider_ref,
                            attempt_ref: answered.attempt_ref,
                        },
                    ));
                }
            }
            _ => {}
        }
    }

    fn end(self, now: Timestamp, whose: Whose<'_>) -> (Vec<Fact>, Recovered) {
        let unanswered = self.unanswered.into_iter().filter(|(id, it)| whose.includes(*id, &it.node));
        let unfinished = unanswered.map(|(transaction, it)| (it.org, it.event, transaction)).collect();
        let mut recovered = Recovered { said: self.said, unfinished, settled: 0 };
        let mut facts = Vec::new();
        for (transaction, (_, attempt)) in
            self.open.into_iter().filter(|(id, (node, _))| whose.includes(*id, node))
        {
            recovered.settled += 1;
            let provider = attempt.as_ref().map(|a| a.provider.clone());
            facts.extend(attempt.map(|a| {
                Fact::AttemptEnded(AttemptEnded {
                    transaction,
                    n: a.n,
                    provider: a.provider,
                    started_at: a.started_at,
                    ended_at: now,
                    outcome: AttemptOutcome::Ambiguous,
                    http_status: None,
                    provider_code: None,
                    provider_ref: None,
                    attempt_ref: None,
                })
            }));
            facts.push(Fact::TransactionSettled(TransactionSettled {
                transaction,
                status: TransactionStatus::Ambiguous,
                failure_class: Some(FailureClass::Crash),
                provider,
                provider_ref: None,
                settled_at: now,
                by: Settler::Recovery,
            }));
        }
        (facts, recovered)
    }
}
