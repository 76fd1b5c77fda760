//! Twilio Lookup v2: what kind of number this is, and whether it is known for pumping. Never worth a login: who does not answer at once
//! is not waited for, and what is not known does not count.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use otp::{Channel, Clock, FailureClass, PhoneNumber};
use serde_json::Value;
use tokio::sync::Semaphore;
use url::Url;

use super::client::{Auth, TwilioClient};
use super::options::check_account;
use crate::options::{Checks, SetupError};
use crate::{Budget, Outgoing};

/// Where Lookup lives.
pub const BASE_URL: &str = "https://lookups.twilio.com";

/// Numbers remembered within one generation.
const MOST: usize = 50_000;
/// Questions at once; beyond that nothing is asked.
const AT_ONCE: usize = 32;
/// For one question, which goes on when nobody waits for it any more.
const PATIENCE: Duration = Duration::from_secs(5);
/// For so long nothing is asked about a number that there was no answer about.
const REST: Duration = Duration::from_secs(60);

/// Lookup's settings.
#[derive(Debug, Clone)]
pub struct LookupOptions {
    /// `AC…`.
    pub account_sid: String,
    /// The account's token or an API key.
    pub auth: Auth,
    /// [`BASE_URL`], or a simulator.
    pub base_url: Url,
    /// The most a message waits for an answer.
    pub budget: Duration,
    /// For how long an answer is believed.
    pub ttl: Duration,
    /// An SMS to a landline is refused.
    pub refuse_landlines: bool,
    /// An SMS to a number with a higher pumping risk (0 to 100) is blocked as fraud.
    pub most_risk: u8,
}

/// Twilio Lookup.
pub struct Lookup {
    client: TwilioClient,
    options: LookupOptions,
    clock: Arc<dyn Clock>,
    hasher: RandomState,
    known: Mutex<Known>,
    places: Semaphore,
}

/// What is known of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Insight {
    landline: bool,
    risk: Option<u8>,
}

/// By a keyed hash of the number, so no number is held here. Two generations: see [`crate::resend`] for the same thing.
struct Known {
    since: Instant,
    young: HashMap<u64, Entry>,
    old: HashMap<u64, Entry>,
}

#[derive(Clone, Copy)]
enum Entry {
    /// Asked, not answered, at this moment.
    Asked(Instant),
    Answered(Insight, Instant),
}

impl Lookup {
    /// Checks the settings and sets it up. Talks to nobody yet.
    ///
    /// # Errors
    /// [`SetupError`] with every setting that is wrong.
    pub fn new(options: LookupOptions, clock: Arc<dyn Clock>) -> Result<Self, SetupError> {
        let mut checks = Checks::default();
        check_account(&mut checks, &options.account_sid, &options.auth, &options.base_url);
        checks.that(options.most_risk <= 100, "max_pumping_risk", "is not between 0 and 100");
        checks.done()?;
        let client = TwilioClient::new(&options.account_sid, options.auth.clone(), options.base_url.clone())?;
        let known = Known { since: clock.monotonic(), young: HashMap::new(), old: HashMap::new() };
        Ok(Self {
            client,
            options,
            clock,
            hasher: RandomState::new(),
            known: Mutex::new(known),
            places: Semaphore::new(AT_ONCE),
        })
    }

    /// Why this message should not be sent, as far as is known within the budget. A question that takes longer goes on, for the user's
    /// next code.
    pub async fn vet(self: &Arc<Self>, message: &Outgoing) -> Option<FailureClass> {
        if message.channel != Channel::Sms {
            return None;
        }
        let insight = match self.recall(&message.to) {
            Recall::Known(insight) => insight,
            Recall::Asked => return None,
            Recall::New => {
                let (lookup, number) = (Arc::clone(self), message.to.clone());
                let asking = tokio::spawn(async move { lookup.ask(&number).await });
                tokio::time::timeout(self.options.budget, asking).await.ok()?.ok()??
            }
        };
        self.judge(insight)
    }

    fn judge(&self, insight: Insight) -> Option<FailureClass> {
        if insight.risk.is_some_and(|risk| risk > self.options.most_risk) {
            Some(FailureClass::RejectedFraud)
        } else if insight.landline && self.options.refuse_landlines {
            Some(FailureClass::RejectedNumber)
        } else {
            None
        }
    }

    fn known(&self, now: Instant) -> MutexGuard<'_, Known> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_duration_since(known.since) >= self.options.ttl || known.young.len() >= MOST {
            known.old = std::mem::take(&mut known.young);
            known.since = now;
        }
        known
    }

    /// What is known; a number nobody asked about is noted as being asked about.
    fn recall(&self, number: &PhoneNumber) -> Recall {
        let (key, now) = (self.hasher.hash_one(number.expose_e164()), self.clock.monotonic());
        let mut known = self.known(now);
        let entry = known.young.get(&key).or_else(|| known.old.get(&key)).copied();
        match entry {
            Some(Entry::Answered(insight, at)) if now.saturating_duration_since(at) < self.options.ttl => {
                Recall::Known(insight)
            }
            Some(Entry::Asked(at)) if now.saturating_duration_since(at) < REST => Recall::Asked,
            _ => {
                known.young.insert(key, Entry::Asked(now));
                Recall::New
            }
        }
    }

    async fn ask(&self, number: &PhoneNumber) -> Option<Insight> {
        let _place = self.places.try_acquire().ok()?;
        let path = format!("/v2/PhoneNumbers/{}", number.expose_e164().replace('+', "%2B"));
        let query = [("Fields", "line_type_intelligence,sms_pumping_risk")];
        let budget = Budget { connect: PATIENCE, total: PATIENCE };
        let answer = self.client.get_where(&path, &query, budget).await;
        let insight = match &answer {
            Ok(answer) if (200..300).contains(&answer.status) => {
                answer.body.as_ref().ok().and_then(|body| read(body))
            }
            _ => None,
        };
        let result = if insight.is_some() { "answered" } else { "failed" };
        metrics::counter!("ringback_lookups_total", "result" => result).increment(1);
        let insight = insight?;
        let (key, now) = (self.hasher.hash_one(number.expose_e164()), self.clock.monotonic());
        self.known(now).young.insert(key, Entry::Answered(insight, now));
        Some(insight)
    }
}

enum Recall {
    Known(Insight),
    /// Asked a moment ago, without an answer so far.
    Asked,
    New,
}

/// What an answer says; a package that failed (`error_code`) says nothing.
fn read(body: &[u8]) -> Option<Insight> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let package =
        |name: &str| body.get(name).filter(|package| package.get("error_code").is_none_or(Value::is_null));
    let kind = package("line_type_intelligence").and_then(|package| package.get("type")?.as_str());
    let risk =
        package("sms_pumping_risk").and_then(|package| package.get("sms_pumping_risk_score")?.as_u64());
    body.is_object().then(|| Insight {
        landline: kind == Some("landline"),
        risk: risk.and_then(|risk| u8::try_from(risk).ok()),
    })
}

#[cfg(test)]
mod tests {
    use super::{Insight, read};

    #[test]
    fn the_samples_and_odd_answers() {
        let mobile = include_bytes!("../../tests/samples/lookup-v2-mobile-low-risk.json");
        let landline = include_bytes!("../../tests/samples/lookup-v2-landline-high-risk.json");
        let invalid = include_bytes!("../../tests/samples/lookup-v2-invalid.json");
        assert_eq!(read(mobile), Some(Insight { landline: false, risk: Some(7) }));
        let risky = read(landline).unwrap();
        assert!(risky.landline && risky.risk.is_some_and(|risk| risk > 50), "{risky:?}");
        assert_eq!(read(invalid), Some(Insight::default()), "the provider has the last word");
        let failed =
            br#"{"line_type_intelligence":{"type":"landline","error_code":60601},"sms_pumping_risk":null}"#;
        assert_eq!(read(failed), Some(Insight::default()));
        for odd in ["", "[]", "<html>", "null"] {
            assert_eq!(read(odd.as_bytes()), None, "{odd}");
        }
    }
}
