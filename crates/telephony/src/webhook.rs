//! Any vendor with an HTTP API, by configuration: which request to make, and what in the answer means what.

mod answer;
mod request;
mod template;

use std::sync::Arc;
use std::time::Duration;

use otp::{AttemptOutcome, Channel, Verdict};
use reqwest::Client;
use zeroize::Zeroizing;

use self::answer::Reading;
pub use self::answer::{Meaning, Place, PlaceError, Rule, Statuses, StatusesError};
use self::request::Request;
pub use self::request::RequestOptions;
use self::template::Values;
use crate::options::SetupError;
use crate::wire::{self, Failure};
use crate::{
    AttemptReport, BoxFuture, Budget, Finding, Hints, OptionError, Outgoing, Provider, ReportError, Reported,
    Scope, SmsLength, Subject, Wording, observe,
};

/// A webhook provider's settings.
///
/// `{{name}}` stands for a value, escaped for where it stands: `to` (+15555550100), `digits` (15555550100), `code`, `text` (the whole
/// message), `spoken` (the code, digit by digit), `channel` (sms, voice), `locale`, `purpose`, `org`, `country`, `transaction`, and
/// `seconds` (for how long the code is valid); in a report `reference` and `verdict` (approved, canceled).
#[derive(Clone)]
pub struct WebhookOptions {
    /// The provider's name in the configuration and in the books.
    pub name: String,
    /// What sends a code.
    pub send: RequestOptions,
    /// The ways it can send by.
    pub channels: Vec<Channel>,
    /// Where the vendor's reference of the message is in an answer.
    pub reference: Option<Place>,
    /// Where its own code or word is, for the books.
    pub code: Option<Place>,
    /// What answers mean: the first that fits. Where none does, the HTTP status decides.
    pub answers: Vec<Rule>,
    /// What reports a verdict.
    pub report: Option<RequestOptions>,
    /// What messages say.
    pub wording: Arc<Wording>,
}

/// A vendor by configuration.
pub struct Webhook {
    name: String,
    http: Client,
    send: Request,
    channels: Vec<Channel>,
    reading: Reading,
    report: Option<Request>,
    wording: Arc<Wording>,
    in_the_clear: bool,
}

/// What may be said in a send.
const SEND: &[&str] = &[
    "to",
    "digits",
    "code",
    "text",
    "spoken",
    "channel",
    "locale",
    "purpose",
    "org",
    "country",
    "transaction",
    "seconds",
];
/// What may be said in a report.
const REPORT: &[&str] = &["reference", "verdict"];

impl Webhook {
    /// Checks the settings and sets the provider up. Talks to nobody yet.
    ///
    /// # Errors
    /// [`SetupError`] with every setting that is wrong.
    pub fn new(options: WebhookOptions) -> Result<Self, SetupError> {
        let mut problems = Vec::new();
        let send = Request::new(&options.send, ["method", "url", "headers", "body"], SEND, &mut problems);
        let report = options.report.as_ref().and_then(|report| {
            let keys = ["report.method", "report.url", "report.headers", "report.body"];
            Request::new(report, keys, REPORT, &mut problems)
        });
        if send.as_ref().is_some_and(|send| !["code", "text", "spoken"].iter().any(|name| send.uses(name))) {
            problems.push(OptionError {
                key: "body",
                problem: "says the code nowhere: use {{text}} or {{code}}",
            });
        }
        if send.as_ref().is_some_and(|send| !["to", "digits"].iter().any(|name| send.uses(name))) {
            problems.push(OptionError {
                key: "body",
                problem: "says the number nowhere: use {{to}} or {{digits}}",
            });
        }
        if report.as_ref().is_some_and(|report| !report.uses("reference"))
            || report.is_some() && options.reference.is_none()
        {
            problems.push(OptionError {
                key: "report",
                problem: "needs {{reference}}, and the setting reference that says where it comes from",
            });
        }
        if options.channels.is_empty() {
            problems.push(OptionError { key: "channels", problem: "is empty" });
        }
        let (Some(send), true) = (send, problems.is_empty()) else {
            return Err(SetupError::Options(problems));
        };
        let http = wire::client().map_err(|error| SetupError::Client(error.into()))?;
        let in_the_clear = options.send.url.starts_with("http://");
        let reading = Reading { reference: options.reference, code: options.code, rules: options.answers };
        Ok(Self {
            name: options.name,
            http,
            send,
            channels: options.channels,
            reading,
            report,
            wording: options.wording,
            in_the_clear,
        })
    }

    async fn dispatch(&self, message: &Outgoing, budget: Budget) -> AttemptReport {
        let text = message.text(&self.wording);
        if message.channel == Channel::Sms && self.send.uses("text") {
            observe::worded(&self.name, SmsLength::of(&text));
        }
        let code = message.code.expose();
        let spoken = Zeroizing::new(code.chars().map(String::from).collect::<Vec<_>>().join(", "));
        let transaction = message.transaction.to_string();
        let seconds = message.life().as_secs().to_string();
        let to = message.to.expose_e164();
        let values = Values(&[
            ("to", to),
            ("digits", to.trim_start_matches('+')),
            ("code", code),
            ("text", &text),
            ("spoken", &spoken),
            ("channel", message.channel.as_str()),
            ("locale", message.locale.as_deref().unwrap_or_default()),
            ("purpose", message.purpose.as_str()),
            ("org", message.org.as_str()),
            ("country", message.to.country().as_str()),
            ("transaction", &transaction),
            ("seconds", &seconds),
        ]);
        match self.send.make(&self.http, &values, budget).await {
            Ok(answer) => self.reading.read(&answer).without(&[code, to.trim_start_matches('+')]),
            // A value of this message's that fits into no header says nothing of the vendor.
            Err(Failure::NotWritten(cause @ ("url" | "header"))) => {
                let report = AttemptReport::without_answer(AttemptOutcome::NotSent, cause);
                AttemptReport { scope: Scope::Message, ..report }
            }
            Err(failure) => failure.into(),
        }
    }

    async fn tell(
        &self,
        subject: Subject<'_>,
        verdict: Verdict,
        timeout: Duration,
    ) -> Result<Reported, ReportError> {
        let (Some(report), Subject::Reference(reference)) = (&self.report, subject) else {
            return Err(ReportError::Unsupported);
        };
        let values = Values(&[("reference", reference), ("verdict", verdict.as_str())]);
        let budget = Budget { connect: timeout, total: timeout };
        match report.make(&self.http, &values, budget).await {
            Ok(answer) => match answer.status {
                200..300 => Ok(Reported { http_status: answer.status, provider_ref: None }),
                404 | 409 | 410 => Err(ReportError::Gone),
                429 => Err(ReportError::RateLimited { wait: answer.retry_after }),
                408 | 500.. => Err(ReportError::Transient { doubtful: true }),
                _ => Err(ReportError::Refused),
            },
            Err(failure) => Err(failure.into()),
        }
    }
}

impl Provider for Webhook {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> &'static str {
        "webhook"
    }

    fn carries(&self, channel: Channel) -> bool {
        self.channels.contains(&channel)
    }

    fn send<'a>(
        &'a self,
        message: &'a Outgoing,
        _hints: Hints,
        budget: Budget,
    ) -> BoxFuture<'a, AttemptReport> {
        Box::pin(self.dispatch(message, budget))
    }

    fn reports(&self) -> bool {
        self.report.is_some()
    }

    fn report<'a>(
        &'a self,
        subject: Subject<'a>,
        verdict: Verdict,
        timeout: Duration,
    ) -> BoxFuture<'a, Result<Reported, ReportError>> {
        Box::pin(self.tell(subject, verdict, timeout))
    }

    /// Nothing can be asked of a vendor nobody here knows.
    fn check(&self, _timeout: Duration) -> BoxFuture<'_, Vec<Finding>> {
        let mut findings = vec![Finding::warn(
            "nothing is known about this vendor that could be checked",
            "send a test code",
        )];
        if self.in_the_clear {
            findings.push(Finding::in_the_clear());
        }
        Box::pin(std::future::ready(findings))
    }
}
