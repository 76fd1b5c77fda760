//! Sends of which nobody knows whether the provider took them, looked up afterwards in the provider's own list, so that the books end
//! true.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use journal::Journal;
use ledger::{Ledger, ReadError, UnresolvedQuery, UnresolvedSend};
use otp::{
    AttemptEnded, AttemptOutcome, Channel, Clock, Fact, FailureClass, PhoneNumber, Settler, TransactionId,
    TransactionSettled, TransactionStatus, Vault,
};
use telephony::{Found, Provider, ReportError, Sought};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::subject::earlier;

/// Settles ambiguous sends.
pub struct Reconciler {
    ledger: Ledger,
    journal: Journal,
    providers: Vec<Arc<dyn Provider>>,
    vault: Vault,
    clock: Arc<dyn Clock>,
    lately: Mutex<Lately>,
}

/// What was found a moment ago, and which the books may not show yet.
#[derive(Default)]
struct Lately {
    /// Sends that were not taken.
    refuted: VecDeque<(TransactionId, u8)>,
    /// Those that were, and the references that were given to them.
    attributed: VecDeque<((TransactionId, u8), String)>,
}

/// How old a send is when it is looked up: soon, because an approval wants its reference, and then for the books' sake.
const AGES: [Duration; 7] = [
    Duration::from_secs(5),
    Duration::from_secs(15),
    Duration::from_secs(35),
    Duration::from_secs(2 * 60),
    Duration::from_secs(10 * 60),
    Duration::from_secs(60 * 60),
    Duration::from_secs(6 * 60 * 60),
];
/// A list that does not hold a send by then never will: providers list what they take within moments.
const LISTED: Duration = Duration::from_secs(30);
/// By then another send to the same number has its own reference, or never will.
const TOLD_APART: Duration = Duration::from_secs(100);
/// At a start, sends up to this old are looked up once more.
const OLDEST: Duration = Duration::from_secs(24 * 60 * 60);
/// Between two rounds.
const ROUND: Duration = Duration::from_secs(5);
/// Sends looked up together.
const BATCH: u32 = 100;
/// For one question to a provider.
const PATIENCE: Duration = Duration::from_secs(5);
/// Of either kind remembered.
const REMEMBERED: usize = 1_000;
/// No call to a provider takes longer; what a crash left open seems to end only when the next process finds it.
const LONGEST: SignedDuration = SignedDuration::from_secs(3);
/// A provider that has failed so often is not asked again in the same round; one failure may be about one number.
const MOST_FAILURES: u32 = 3;
/// The books know no shorter time.
const MOMENT: Duration = Duration::from_micros(1);
/// Looks into one list for one send.
const MOST_LOOKS: usize = 5;

/// Where a look at the sends of one age has come to.
struct Look {
    age: Duration,
    place: Timestamp,
}

/// One send's end, as far as it is known now.
enum Resolution {
    Taken {
        provider_ref: Option<String>,
        attempt_ref: Option<String>,
    },
    NotTaken,
    /// Another time, or never.
    Open,
}

impl Reconciler {
    /// Of what `ledger` knows, by asking `providers`; what is found goes into `journal`.
    pub fn new(
        ledger: Ledger,
        journal: Journal,
        providers: Vec<Arc<dyn Provider>>,
        vault: Vault,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { ledger, journal, providers, vault, clock, lately: Mutex::default() }
    }

    /// Runs until `stop`.
    pub async fn run(&self, stop: CancellationToken) {
        let now = self.clock.now();
        let mut looks: Vec<_> = AGES.into_iter().map(|age| Look { age, place: earlier(now, age) }).collect();
        if let Some(last) = looks.last_mut() {
            last.place = earlier(now, OLDEST);
        }
        while stop.run_until_cancelled(tokio::time::sleep(ROUND)).await.is_some() {
            let mut failures = HashMap::new();
            for look in &mut looks {
                if stop.run_until_cancelled(self.look(look, &mut failures)).await.is_none() {
                    return;
                }
            }
        }
    }

    /// Looks at every send that has reached this age. Those whose provider was not asked any more are looked at in the next round.
    async fn look(&self, look: &mut Look, failures: &mut HashMap<String, u32>) {
        let due = earlier(self.clock.now(), look.age);
        let mut query =
            UnresolvedQuery { started_after: look.place, started_before: due, after: None, limit: BATCH };
        let mut left_out: Option<Timestamp> = None;
        loop {
            let sends = match self.ledger.unresolved_sends(&query).await {
                Ok(sends) => sends,
                Err(err) => return debug!(error = %err, "ambiguous sends cannot be looked at"),
            };
            for send in &sends {
                if failures.get(&send.provider).is_some_and(|failed| *failed >= MOST_FAILURES) {
                    left_out = left_out.or(Some(send.started_at));
                    continue;
                }
                if let Err(err) = self.resolve(send, look.age, failures).await {
                    return warn!(error = %err, "what became of a send is not on disk; trying again");
                }
            }
            let Some(last) = sends.last().filter(|_| sends.len() == BATCH as usize) else { break };
            query.after = Some((last.started_at, last.transaction, last.n));
        }
        look.place = left_out.map_or(due, |first| earlier(first, MOMENT));
    }

    async fn resolve(
        &self,
        send: &UnresolvedSend,
        age: Duration,
        failures: &mut HashMap<String, u32>,
    ) -> Result<(), journal::AppendError> {
        let (outcome, refs) = match self.ask(send, age, failures).await {
            Resolution::Taken { provider_ref, attempt_ref } => {
                (AttemptOutcome::Accepted, (provider_ref, attempt_ref))
            }
            Resolution::NotTaken if age >= LISTED => (AttemptOutcome::NotSent, (None, None)),
            Resolution::NotTaken | Resolution::Open => return Ok(()),
        };
        let (provider_ref, attempt_ref) = refs;
        let attributed = attempt_ref.clone().or_else(|| provider_ref.clone());
        let mut facts = vec![Fact::AttemptEnded(AttemptEnded {
            transaction: send.transaction,
            n: send.n,
            provider: send.provider.clone(),
            started_at: send.started_at,
            ended_at: send.ended_at,
            outcome,
            http_status: send.http_status,
            provider_code: send.provider_code.clone(),
            provider_ref: provider_ref.clone(),
            attempt_ref,
        })];
        let taken = outcome == AttemptOutcome::Accepted;
        // Where another provider took it, that is how it stands.
        let settled = match send.status {
            // The books have no row of it yet.
            TransactionStatus::Received => return Ok(()),
            TransactionStatus::Accepted => false,
            // Also where another provider refused it since: the user may have the code.
            _ if taken => true,
            TransactionStatus::Ambiguous => match self.is_last(send).await {
                Ok(last) => last,
                // Both facts or neither.
                Err(err) => {
                    debug!(error = %err, "a transaction cannot be looked at");
                    return Ok(());
                }
            },
            _ => false,
        };
        if settled {
            facts.push(Fact::TransactionSettled(TransactionSettled {
                transaction: send.transaction,
                status: if taken { TransactionStatus::Accepted } else { TransactionStatus::Failed },
                failure_class: (!taken).then_some(FailureClass::NotAccepted),
                provider: Some(send.provider.clone()),
                provider_ref,
                settled_at: self.clock.now(),
                by: Settler::Reconciler,
            }));
        }
        self.journal.append_ending(facts.iter().map(|fact| fact.encode().into()).collect()).await?;
        if !taken {
            keep(&mut self.lock().refuted, (send.transaction, send.n));
        } else if let Some(reference) = attributed {
            keep(&mut self.lock().attributed, ((send.transaction, send.n), reference));
        }
        let result = if taken { "accepted" } else { "not_accepted" };
        metrics::counter!("ringback_reconciled_total", "provider" => send.provider.clone(), "result" => result)
            .increment(1);
        info!(
            transaction = %send.transaction,
            n = send.n,
            provider = send.provider,
            result,
            "an ambiguous send is settled: {result}"
        );
        Ok(())
    }

    async fn ask(
        &self,
        send: &UnresolvedSend,
        age: Duration,
        failures: &mut HashMap<String, u32>,
    ) -> Resolution {
        // The provider has spoken by itself.
        if let Some((provider_ref, attempt_ref)) = send.receipt.clone() {
            return Resolution::Taken { provider_ref, attempt_ref };
        }
        let provider = self.providers.iter().find(|provider| provider.name() == send.provider);
        let number = send
            .phone_sealed
            .as_deref()
            .and_then(|sealed| self.vault.open_phone(sealed, send.transaction).ok());
        let (Some(provider), Some(number), Some(channel)) = (provider, number, send.channel) else {
            return Resolution::Open;
        };
        match self.find(provider.as_ref(), send, age, &number, channel).await {
            Ok(resolution) => resolution,
            Err(err) => {
                debug!(provider = send.provider, error = %err, "a provider cannot be asked about its sends");
                *failures.entry(send.provider.clone()).or_default() += 1;
                Resolution::Open
            }
        }
    }

    /// Looks in the provider's list. Where another send to the number followed of which the provider has told no reference, only what is
    /// too early to be that one's is surely this one's; in the end the first of two is taken for the first.
    async fn find(
        &self,
        provider: &dyn Provider,
        send: &UnresolvedSend,
        age: Duration,
        number: &PhoneNumber,
        channel: Channel,
    ) -> Result<Resolution, ReportError> {
        let longest = send.started_at.saturating_add(LONGEST).unwrap_or(Timestamp::MAX);
        let Ok(next) = self.ledger.next_send(send).await else { return Ok(Resolution::Open) };
        let sought = Sought {
            to: number,
            channel,
            started_at: send.started_at,
            ended_at: send.ended_at.min(longest),
            except: &[],
        };
        if let Some(early) = next.and_then(|next| sought.until(next))
            && let taken @ Resolution::Taken { .. } = self.look_up(provider, send, early).await?
        {
            return Ok(taken);
        }
        match self.look_up(provider, send, sought).await? {
            Resolution::Taken { .. } if next.is_some() && age < TOLD_APART => Ok(Resolution::Open),
            resolution => Ok(resolution),
        }
    }

    /// Looks for a message, past those that are known to be other sends'.
    async fn look_up(
        &self,
        provider: &dyn Provider,
        send: &UnresolvedSend,
        sought: Sought<'_>,
    ) -> Result<Resolution, ReportError> {
        let this = (send.transaction, send.n);
        let mut except: Vec<String> = {
            let lately = self.lock();
            let others = lately.attributed.iter().filter(|(whose, _)| *whose != this);
            others.map(|(_, reference)| reference.clone()).collect()
        };
        for _ in 0..MOST_LOOKS {
            let (provider_ref, attempt_ref) =
                match provider.find(Sought { except: &except, ..sought }, PATIENCE).await {
                    Ok(Found::Taken { provider_ref, attempt_ref }) => (provider_ref, attempt_ref),
                    Ok(Found::NotTaken) => return Ok(Resolution::NotTaken),
                    Ok(Found::Unknown) | Err(ReportError::Unsupported) => return Ok(Resolution::Open),
                    Err(err) => return Err(err),
                };
            let Ok(known) = self.ledger.attributed(send, &provider_ref).await else {
                return Ok(Resolution::Open);
            };
            if !known.contains(attempt_ref.as_ref().unwrap_or(&provider_ref)) {
                return Ok(Resolution::Taken { provider_ref: Some(provider_ref), attempt_ref });
            }
            except.extend(known);
        }
        Ok(Resolution::Open)
    }

    /// Whether nothing else of this transaction may have been taken.
    async fn is_last(&self, send: &UnresolvedSend) -> Result<bool, ReadError> {
        let Some(detail) = self.ledger.transaction(send.transaction).await? else { return Ok(false) };
        let lately = self.lock();
        Ok(detail.attempts.iter().all(|attempt| {
            attempt.n == send.n
                || !matches!(
                    attempt.outcome,
                    None | Some(AttemptOutcome::Ambiguous | AttemptOutcome::Accepted)
                )
                || lately.refuted.contains(&(send.transaction, attempt.n))
        }))
    }

    fn lock(&self) -> MutexGuard<'_, Lately> {
        self.lately.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn keep<T>(all: &mut VecDeque<T>, one: T) {
    if all.len() >= REMEMBERED {
        all.pop_front();
    }
    all.push_back(one);
}
