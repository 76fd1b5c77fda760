use otp::Channel;
use secrecy::ExposeSecret as _;
use telephony::webhook::{Meaning, Place, RequestOptions, Rule, Statuses};

use crate::config::reader::Reader;
use crate::config::sections::check_outbound;

/// `kind = "webhook"`
#[derive(Debug)]
pub(crate) struct WebhookConfig {
    /// What sends a code.
    pub(crate) send: RequestOptions,
    /// The ways it can send by.
    pub(crate) channels: Vec<Channel>,
    /// Where the reference is in an answer.
    pub(crate) reference: Option<Place>,
    /// Where the vendor's code is in an answer.
    pub(crate) code: Option<Place>,
    /// What answers mean.
    pub(crate) answers: Vec<Rule>,
    /// What reports a verdict.
    pub(crate) report: Option<RequestOptions>,
}

const MEANINGS: [(&str, Meaning); 8] = [
    ("accepted", Meaning::Accepted),
    ("rejected", Meaning::Rejected),
    ("fraud", Meaning::Fraud),
    ("limit", Meaning::Limit),
    ("busy", Meaning::Busy),
    ("not_sent", Meaning::NotSent),
    ("misconfigured", Meaning::Misconfigured),
    ("ambiguous", Meaning::Ambiguous),
];

impl WebhookConfig {
    pub(super) fn read(reader: &mut Reader<'_>, warnings: &mut Vec<String>) -> Self {
        let send = request(reader);
        let channels = channels(reader, "channels", &["sms"]);
        let reference = place(reader, "reference");
        let code = place(reader, "code");
        let answers = reader.tables("answers", answer);
        let report = reader.has("report").then(|| {
            let mut report = reader.section("report");
            let options = request(&mut report);
            report.finish();
            options
        });
        if reference.is_none() {
            warnings.push(format!(
                "{}: is not set, so neither reports nor people can refer to what this vendor took",
                reader.name("reference")
            ));
        }
        Self { send, channels, reference, code, answers, report }
    }
}

fn request(reader: &mut Reader<'_>) -> RequestOptions {
    let method = reader.parsed("method", "POST", "a method").unwrap_or_default();
    // Vendors put keys into both.
    let url = reader.secret("url").map_or_else(String::new, |url| url.expose_secret().to_owned());
    if url.is_empty() {
        reader.problem("url", "is missing");
    } else {
        check_outbound(reader, "url", &url.replace("{{", "").replace("}}", ""));
    }
    let body = reader.secret("body").map_or_else(String::new, |body| body.expose_secret().to_owned());
    let mut section = reader.section("headers");
    let mut headers = Vec::new();
    for name in section.secret_names() {
        headers.extend(section.secret(&name).map(|value| (name, value)));
    }
    section.finish();
    RequestOptions { method, url, headers, body }
}

fn place(reader: &mut Reader<'_>, key: &str) -> Option<Place> {
    let text = reader.string(key)?;
    text.parse().map_err(|err| reader.problem(key, err)).ok()
}

pub(super) fn channels(reader: &mut Reader<'_>, key: &str, default: &[&str]) -> Vec<Channel> {
    let mut channels = Vec::new();
    for word in reader.list(key, default) {
        match [Channel::Sms, Channel::Voice].into_iter().find(|channel| channel.as_str() == word) {
            Some(channel) => channels.push(channel),
            None => reader.problem(key, "holds something else than sms, voice"),
        }
    }
    channels
}

/// `[[telephony.providers.NAME.answers]]`
fn answer(mut reader: Reader<'_>) -> Option<Rule> {
    let mut status = Vec::new();
    for text in reader.list("status", &[]) {
        match text.parse::<Statuses>() {
            Ok(statuses) => status.push(statuses),
            Err(err) => reader.problem("status", format!("holds one that {err}")),
        }
    }
    let at = place(&mut reader, "at");
    let equals = reader.list("equals", &[]);
    let means = reader.choice("means", "", &MEANINGS);
    if status.is_empty() && at.is_none() {
        reader.problem("status", "is missing: say status, at, or both");
    }
    if at.is_none() && !equals.is_empty() {
        reader.problem("at", "is missing: equals compares what is there");
    }
    reader.finish();
    Some(Rule { status, at, equals, means: means? })
}
