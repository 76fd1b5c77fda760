//! What the tests share: a message, a provider, the books.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use otp::{
    AttemptEnded, AttemptStarted, Channel, Clock, Deadline, Entropy, OrgName, Passcode, PhoneNumber, Purpose,
    SystemClock,
};
use secrecy::SecretString;
use telephony::telesign::{Product, TelesignOptions};
use telephony::twilio::Auth;
use telephony::twilio::messaging::MessagingOptions;
use telephony::twilio::verify::{DEFAULT_LOCALES, Verify, VerifyOptions};
use telephony::webhook::{Meaning, RequestOptions, Rule, WebhookOptions};
use telephony::{
    AttemptLog, BoxFuture, Budget, Dispatcher, LogError, Outgoing, Policy, Provider, Wording, WordingOptions,
};

pub const AC: &str = "ACd41f3c0a9b5e4e7f8a1b2c3d4e5f6071";
pub const VA: &str = "VA5b0c2d7e9f1a43c6b8d0e2f4a6c81357";
pub const VE: &str = "VE8e1d2c3b4a5968778695a4b3c2d1e0f9";
pub const TRANSACTION: &str = "019aa000-0000-7000-8000-000000000001";

pub fn message() -> Outgoing {
    Outgoing {
        transaction: TRANSACTION.parse().unwrap(),
        org: OrgName::new("main").unwrap(),
        user: None,
        purpose: Purpose::MfaVerification,
        to: PhoneNumber::parse("+15555550101", None).unwrap(),
        code: Passcode::new("019284".to_owned()).unwrap(),
        channel: Channel::Sms,
        locale: None,
        template: None,
        valid_for: None,
    }
}

/// The texts as they come.
pub fn wording() -> Arc<Wording> {
    Arc::new(Wording::new(WordingOptions::default()).unwrap())
}

/// A dispatcher with this one provider, on the real clock.
pub fn alone(provider: impl Provider + 'static) -> Dispatcher {
    Dispatcher::new(vec![Arc::new(provider)], Policy::default(), Arc::new(SystemClock)).unwrap()
}

pub fn options(base_url: &str) -> VerifyOptions {
    VerifyOptions {
        name: "verify".to_owned(),
        account_sid: AC.to_owned(),
        auth: Auth::Token(SecretString::from("s3cret".to_owned())),
        service_sid: VA.to_owned(),
        base_url: base_url.parse().unwrap(),
        locales: DEFAULT_LOCALES.map(str::to_owned).to_vec(),
        signing_token: None,
        app_hash: None,
        cancel_at_cap: false,
    }
}

pub fn verify(base_url: &str) -> Verify {
    Verify::new(options(base_url)).unwrap()
}

/// A messaging provider that can call too.
pub fn messaging_options(base_url: &str) -> MessagingOptions {
    MessagingOptions {
        name: "messaging".to_owned(),
        account_sid: AC.to_owned(),
        auth: Auth::Token(SecretString::from("s3cret".to_owned())),
        from: Some("+15555550199".to_owned()),
        messaging_service_sid: None,
        base_url: base_url.parse().unwrap(),
        wording: wording(),
        status_callback: None,
        signing_token: None,
    }
}

pub fn telesign_options(base_url: &str, product: Product) -> TelesignOptions {
    TelesignOptions {
        name: "telesign".to_owned(),
        customer_id: "AAAAAAAA-BBBB-CCCC-DDDD-EEEEEEEEEEEE".to_owned(),
        api_key: SecretString::from("AQIDBAUGBwgJCgsMDQ4PEA==".to_owned()),
        product,
        sender_id: None,
        base_url: base_url.parse().unwrap(),
        wording: wording(),
        callback_url: None,
    }
}

/// A vendor that says with words what it means, and with HTTP statuses what everybody means.
pub fn webhook_options(base_url: &str) -> WebhookOptions {
    let rule = |status: &str, at: Option<&str>, word: &str, means| Rule {
        status: vec![status.parse().unwrap()],
        at: at.map(|at| at.parse().unwrap()),
        equals: at.iter().map(|_| word.to_owned()).collect(),
        means,
    };
    WebhookOptions {
        name: "vendor".to_owned(),
        send: RequestOptions {
            method: "POST".to_owned(),
            url: format!("{base_url}/webhook/send"),
            headers: vec![("x-api-key".to_owned(), SecretString::from("s3cret".to_owned()))],
            body: r#"{"to":"{{to}}","channel":"{{channel}}","text":"{{text}}","ref":"{{transaction}}"}"#
                .to_owned(),
        },
        channels: vec![Channel::Sms, Channel::Voice],
        reference: Some("/id".parse().unwrap()),
        code: Some("/status".parse().unwrap()),
        answers: vec![
            rule("2xx", Some("/status"), "blocked", Meaning::Fraud),
            rule("2xx", Some("/status"), "limit", Meaning::Limit),
            rule("2xx", Some("/status"), "failed", Meaning::NotSent),
            rule("422", None, "", Meaning::Rejected),
        ],
        report: Some(RequestOptions {
            method: "POST".to_owned(),
            url: format!("{base_url}/webhook/report/{{{{reference}}}}"),
            headers: Vec::new(),
            body: r#"{"outcome":"{{verdict}}"}"#.to_owned(),
        }),
        wording: wording(),
    }
}

/// A generous budget: what ends a test early is never this.
pub fn budget() -> Budget {
    Budget { connect: Duration::from_secs(20), total: Duration::from_secs(30) }
}

pub fn in_time(clock: &dyn Clock) -> Deadline {
    Deadline::after(clock.monotonic(), Duration::from_millis(2_600))
}

/// The books of one message. Refuses records when `broken`.
#[derive(Default)]
pub struct Books {
    pub records: Mutex<Vec<(AttemptEnded, AttemptStarted)>>,
    pub broken: bool,
}

impl AttemptLog for Books {
    fn next_attempt(
        &self,
        ended: AttemptEnded,
        started: AttemptStarted,
    ) -> BoxFuture<'_, Result<(), LogError>> {
        Box::pin(async move {
            if self.broken {
                return Err(LogError::new("the disk is full"));
            }
            self.records.lock().unwrap().push((ended, started));
            Ok(())
        })
    }
}

/// Tokio's clock, which a test may pause.
pub struct TokioClock;

impl Clock for TokioClock {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::UNIX_EPOCH
    }

    #[expect(clippy::disallowed_methods, reason = "follows tokio's paused time")]
    fn monotonic(&self) -> std::time::Instant {
        tokio::time::Instant::now().into_std()
    }
}

/// The most jitter there is.
pub struct Most;

impl Entropy for Most {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0xff);
    }
}

/// How long `future` took on the real clock.
pub async fn timed<T>(future: impl Future<Output = T>) -> (T, Duration) {
    let begun = SystemClock.monotonic();
    let output = future.await;
    (output, SystemClock.monotonic().saturating_duration_since(begun))
}
