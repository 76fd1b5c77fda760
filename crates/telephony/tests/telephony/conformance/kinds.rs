//! The kinds of provider, and how the vendor of each says what all of them have to say.

use std::sync::Arc;

use otp::Channel;
use telephony::Provider;
use telephony::telesign::{Product, Telesign};
use telephony::twilio::messaging::Messaging;
use telephony::webhook::Webhook;

use crate::server::Reply;
use crate::setup::{VE, messaging_options, telesign_options, verify, webhook_options};

pub struct Kind {
    pub name: &'static str,
    pub provider: fn(&str) -> Arc<dyn Provider>,
    pub channels: &'static [Channel],
    /// The vendor's answers that mean this; none where it has no word for it.
    pub answers: fn(Says) -> Vec<Reply>,
}

/// What a vendor says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// An SMS is on its way.
    Taken,
    /// A call is on its way.
    Calling,
    /// c8: too many requests; come back in two seconds.
    Busy,
    /// c9: this user has had enough.
    Limit,
    /// c10: fraud.
    Fraud,
    /// c11: this number is none, or takes none.
    Number,
    /// c12: credentials or settings are wrong.
    Wrong,
    /// c14: taken and failed already.
    Failed,
    /// c13: a good status with a body that names no message.
    Nameless,
}

const BOTH: &[Channel] = &[Channel::Sms, Channel::Voice];
const WAIT: &str = "retry-after: 2\r\n";
const SM: &str = "SMa7b6c5d4e3f2019f8e7d6c5b4a392817";
const REFERENCE: &str = "35C8B5D509BC10689196FED2AD551B8A";

pub const KINDS: &[Kind] = &[
    Kind {
        name: "twilio-verify",
        provider: |url| Arc::new(verify(url)),
        channels: BOTH,
        answers: verify_says,
    },
    Kind {
        name: "twilio-messaging",
        provider: |url| Arc::new(Messaging::new(messaging_options(url)).unwrap()),
        channels: BOTH,
        answers: messaging_says,
    },
    Kind {
        name: "telesign",
        provider: |url| Arc::new(Telesign::new(telesign_options(url, Product::Omnichannel)).unwrap()),
        channels: BOTH,
        answers: telesign_says,
    },
    Kind {
        name: "telesign",
        provider: |url| Arc::new(Telesign::new(telesign_options(url, Product::SmsVerify)).unwrap()),
        channels: &[Channel::Sms],
        answers: telesign_says,
    },
    Kind {
        name: "telesign",
        provider: |url| Arc::new(Telesign::new(telesign_options(url, Product::Messaging)).unwrap()),
        channels: &[Channel::Sms],
        answers: telesign_says,
    },
    Kind {
        name: "webhook",
        provider: |url| Arc::new(Webhook::new(webhook_options(url)).unwrap()),
        channels: BOTH,
        answers: webhook_says,
    },
];

/// Each as a sample of the contract under its status.
fn samples(all: &[(u16, &str)]) -> Vec<Reply> {
    all.iter().map(|(status, name)| Reply::sample(*status, name)).collect()
}

fn said(status: u16, bodies: &[&str]) -> Vec<Reply> {
    bodies.iter().map(|body| Reply::json(status, body)).collect()
}

fn waiting(name: &str) -> Vec<Reply> {
    let Reply::Answer(status, _, body) = Reply::sample(429, name) else { unreachable!() };
    vec![Reply::Answer(status, WAIT, body)]
}

fn verify_says(what: Says) -> Vec<Reply> {
    match what {
        Says::Taken => {
            samples(&[(201, "verify-create-sms.json"), (201, "verify-create-sms-2nd-attempt.json")])
        }
        Says::Calling => samples(&[(201, "verify-create-call.json")]),
        Says::Busy => waiting("verify-error-20429.json"),
        Says::Limit => samples(&[(429, "verify-error-60203.json"), (429, "verify-error-60212.json")]),
        Says::Fraud => samples(&[(403, "verify-error-60410.json"), (403, "verify-error-60413.json")]),
        Says::Number => samples(&[
            (400, "verify-error-60200.json"),
            (403, "verify-error-60205.json"),
            (403, "verify-error-60605.json"),
        ]),
        Says::Wrong => samples(&[
            (401, "verify-error-20003.json"),
            (404, "verify-error-20404-service.json"),
            (403, "verify-error-60204.json"),
        ]),
        Says::Failed => said(
            201,
            &[
                &format!(r#"{{"sid":"{VE}","status":"failed"}}"#),
                &format!(r#"{{"sid":"{VE}","status":"canceled"}}"#),
            ],
        ),
        Says::Nameless => said(201, &[r#"{"status":"pending"}"#, r#"{"sid":"VE../x","status":"pending"}"#]),
    }
}

fn messaging_says(what: Says) -> Vec<Reply> {
    match what {
        Says::Taken => {
            samples(&[(201, "messages-create-from.json"), (201, "messages-create-messaging-service.json")])
        }
        Says::Calling => samples(&[(201, "calls-create.json")]),
        Says::Busy => waiting("messages-error-20429.json"),
        Says::Limit => Vec::new(),
        Says::Fraud => said(403, &[r#"{"code":60410,"status":403}"#, r#"{"code":60412,"status":403}"#]),
        Says::Number => samples(&[
            (400, "messages-error-21211.json"),
            (400, "messages-error-21610.json"),
            (400, "messages-error-21614.json"),
        ]),
        Says::Wrong => samples(&[
            (401, "messages-error-20003.json"),
            (400, "messages-error-21408.json"),
            (400, "calls-error-21215.json"),
        ]),
        Says::Failed => said(
            201,
            &[
                &format!(r#"{{"sid":"{SM}","status":"failed","error_code":30006}}"#),
                &format!(r#"{{"sid":"{SM}","status":"canceled"}}"#),
            ],
        ),
        Says::Nameless => said(201, &[r#"{"status":"queued"}"#, r#"{"sid":"SM../x","status":"queued"}"#]),
    }
}

fn telesign_says(what: Says) -> Vec<Reply> {
    let code = |code: i32| format!(r#"{{"reference_id":"{REFERENCE}","status":{{"code":{code}}}}}"#);
    match what {
        Says::Taken => samples(&[(200, "telesign-omnichannel-ok.json"), (200, "telesign-smsverify-ok.json")]),
        Says::Calling => samples(&[(200, "telesign-omnichannel-ok.json")]),
        Says::Busy => waiting("telesign-omnichannel-error-3204.json"),
        Says::Limit => Vec::new(),
        Says::Fraud => said(200, &[&code(3053), &code(3072)]),
        Says::Number => samples(&[(400, "telesign-omnichannel-error-3101.json")]),
        Says::Wrong => samples(&[
            (401, "telesign-omnichannel-error-3400.json"),
            (401, "telesign-omnichannel-error-3411.json"),
            (429, "telesign-omnichannel-error-3206.json"),
            (200, "telesign-omnichannel-error-3200.json"),
        ]),
        Says::Failed => said(200, &[&code(3003), &code(3033)]),
        Says::Nameless => {
            said(200, &[r#"{"status":{"code":3001}}"#, r#"{"reference_id":"../x","status":{"code":3001}}"#])
        }
    }
}

fn webhook_says(what: Says) -> Vec<Reply> {
    match what {
        Says::Taken | Says::Calling => {
            let mut all = said(200, &[r#"{"id":"w-1","status":"queued"}"#]);
            all.extend(said(202, &[r#"{"id":17}"#]));
            all
        }
        Says::Busy => vec![Reply::Answer(429, WAIT, Vec::new())],
        Says::Limit => said(200, &[r#"{"status":"limit"}"#]),
        Says::Fraud => said(200, &[r#"{"status":"blocked"}"#, r#"{"status":"BLOCKED"}"#]),
        Says::Number => said(422, &["", "{}"]),
        Says::Wrong => [401, 403, 404].map(|status| Reply::json(status, "{}")).into(),
        Says::Failed => said(200, &[r#"{"id":"w-1","status":"failed"}"#]),
        Says::Nameless => said(200, &[r#"{"status":"queued"}"#, r#"{"id":"","status":"queued"}"#]),
    }
}
