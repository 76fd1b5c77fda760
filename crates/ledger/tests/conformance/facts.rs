//! Facts as a node would write them, with everything filled in.

use jiff::{SignedDuration, Timestamp};
use otp::{
    Answer, AttemptEnded, AttemptOutcome, AttemptStarted, Channel, DeadLettered, EventId, EventReceived,
    EventSettled, EventSource, EventState, Fact, Factor, FeedbackReported, HookAnswered, HookReceived,
    MatchedBy, OktaEvent, OktaSendEvent, OrgName, PhoneHmac, Purpose, Quarantined, Reading, ReceiptReceived,
    ReportResult, SealedPhone, SendEventKind, SendNoted, SendOutcome, SentBy, Settler, TransactionId,
    TransactionSettled, TransactionStatus, Verdict,
};
use uuid::Uuid;

pub(crate) fn at(seconds: i64) -> Timestamp {
    let start: Timestamp = "2026-11-20T10:00:00.25Z".parse().unwrap();
    start + SignedDuration::from_secs(seconds)
}

pub(crate) fn org(name: &str) -> OrgName {
    OrgName::new(name).unwrap()
}

pub(crate) fn tx(n: u128) -> TransactionId {
    TransactionId::from(Uuid::from_u128(n))
}

pub(crate) fn event_id(uuid: &str) -> EventId {
    EventId { org: org("main"), uuid: uuid.to_owned() }
}

pub(crate) fn hmac(n: u128) -> PhoneHmac {
    serde_json::from_value(serde_json::Value::String(format!("{n:064x}"))).unwrap()
}

pub(crate) fn phone(n: u128) -> SealedPhone {
    SealedPhone {
        hmac: hmac(n),
        sealed: format!("v1.key.{n}"),
        country: "us".parse().unwrap(),
        prefix: "+1555555".to_owned(),
    }
}

/// A hook of user `00u1`, its own `eventId`, received `seconds` after the start.
pub(crate) fn hook(n: u128, seconds: i64) -> HookReceived {
    HookReceived {
        transaction: tx(n),
        org: org("main"),
        okta_event_id: Some(format!("hook-{n}")),
        purpose: Purpose::MfaVerification,
        channel: Some(Channel::Sms),
        okta_user_id: Some("00u1".to_owned()),
        phone: Some(phone(n)),
        locale: Some("en-US".to_owned()),
        otp_expires_at: Some(at(seconds + 300)),
        received_at: at(seconds),
        node: "node-a".to_owned(),
    }
}

pub(crate) fn started(n: u128, call: u8, seconds: i64) -> AttemptStarted {
    AttemptStarted { transaction: tx(n), n: call, provider: "verify".to_owned(), started_at: at(seconds) }
}

pub(crate) fn ended(n: u128, call: u8, seconds: i64, outcome: AttemptOutcome) -> AttemptEnded {
    AttemptEnded {
        transaction: tx(n),
        n: call,
        provider: "verify".to_owned(),
        started_at: at(seconds),
        ended_at: at(seconds + 1),
        outcome,
        http_status: Some(201),
        provider_code: None,
        provider_ref: Some(format!("VE{n}")),
        attempt_ref: Some(format!("VL{n}")),
    }
}

pub(crate) fn settled(n: u128, seconds: i64, status: TransactionStatus, by: Settler) -> TransactionSettled {
    TransactionSettled {
        transaction: tx(n),
        status,
        failure_class: None,
        provider: Some("verify".to_owned()),
        provider_ref: Some(format!("VE{n}")),
        settled_at: at(seconds),
        by,
    }
}

pub(crate) fn answered(hook: &HookReceived, seconds: i64, answer: Answer) -> HookAnswered {
    HookAnswered {
        transaction: hook.transaction,
        org: hook.org.clone(),
        okta_event_id: hook.okta_event_id.clone(),
        answer,
        failure_class: (answer != Answer::Successful).then_some(otp::FailureClass::Ambiguous),
        provider: Some("VERIFY".to_owned()),
        provider_ref: Some("VE-answer".to_owned()),
        attempt_ref: Some("VL-answer".to_owned()),
        answered_at: at(seconds),
    }
}

/// A hook whose code was accepted, all of it.
pub(crate) fn accepted(hook: &HookReceived) -> Vec<Fact> {
    let n = u128::from_be_bytes(*hook.transaction.to_string().parse::<Uuid>().unwrap().as_bytes());
    let seconds = hook.received_at.duration_since(at(0)).as_secs();
    vec![
        Fact::HookReceived(hook.clone()),
        Fact::AttemptStarted(started(n, 1, seconds)),
        Fact::AttemptEnded(ended(n, 1, seconds, AttemptOutcome::Accepted)),
        Fact::TransactionSettled(settled(n, seconds + 1, TransactionStatus::Accepted, Settler::Dispatcher)),
        Fact::HookAnswered(answered(hook, seconds + 1, Answer::Successful)),
    ]
}

pub(crate) fn event(uuid: &str, delivery: u128, seconds: i64) -> EventReceived {
    EventReceived {
        event: OktaEvent {
            id: event_id(uuid),
            event_type: "user.authentication.auth_via_mfa".to_owned(),
            okta_user_id: Some("00u1".to_owned()),
            by_other: false,
            factor: Factor::Phone(Channel::Sms),
            result: Some("SUCCESS".to_owned()),
            reason: None,
            published_at: Some(at(seconds - 1)),
            reading: Reading::CodeAccepted,
        },
        delivery: Uuid::from_u128(delivery),
        received_at: at(seconds),
        node: "node-a".to_owned(),
        traceparent: None,
        replayed_at: None,
        source: EventSource::Hook,
    }
}

pub(crate) fn event_settled(uuid: &str, seconds: i64, state: EventState, n: Option<u128>) -> EventSettled {
    EventSettled {
        event: event_id(uuid),
        state,
        note: None,
        attempts: 1,
        transaction: n.map(tx),
        verified_at: None,
        settled_at: at(seconds),
        replayed_at: None,
    }
}

/// The event of [`event`], put through the queue again.
pub(crate) fn replayed(uuid: &str, seconds: i64) -> otp::EventReplayed {
    otp::EventReplayed::new(event(uuid, 0, 0), None, at(seconds))
}

pub(crate) fn reported(uuid: &str, seconds: i64, result: ReportResult, n: Option<u128>) -> FeedbackReported {
    FeedbackReported {
        event: event_id(uuid),
        transaction: n.map(tx),
        phone_hmac: n.is_none().then(|| hmac(7)),
        provider: "verify".to_owned(),
        provider_ref: n.map(|n| format!("VE{n}")),
        verdict: Verdict::Approved,
        result,
        matched_by: MatchedBy::Record,
        reported_at: at(seconds),
    }
}

/// What the provider of [`ended`] says of its message afterwards.
pub(crate) fn receipt(n: u128, seconds: i64, status: &str) -> ReceiptReceived {
    ReceiptReceived {
        provider: "verify".to_owned(),
        provider_ref: Some(format!("VE{n}")),
        attempt_ref: Some(format!("VL{n}")),
        transaction: Some(tx(n)),
        status: status.to_owned(),
        error_code: None,
        reported_at: Some(at(seconds - 1)),
        received_at: at(seconds),
    }
}

pub(crate) fn dead(uuid: &str, seconds: i64) -> DeadLettered {
    DeadLettered {
        event: event_id(uuid),
        reason: "the provider was away".to_owned(),
        attempts: 8,
        dead_at: at(seconds),
    }
}

pub(crate) fn quarantined(n: u128, seconds: i64) -> Quarantined {
    Quarantined {
        id: Uuid::from_u128(n),
        org: org("main"),
        reason: "not JSON".to_owned(),
        bytes: 12,
        sealed_body: "v1.key.body".to_owned(),
        received_at: at(seconds),
        node: "node-a".to_owned(),
    }
}

/// Okta sent a code itself, `seconds` after the start, and its log was read a minute later.
pub(crate) fn sent_by_okta(uuid: &str, seconds: i64) -> SendNoted {
    SendNoted {
        event: OktaSendEvent {
            id: event_id(uuid),
            event_type: "system.sms.send_factor_verify_message".to_owned(),
            kind: SendEventKind::Send,
            channel: Some(Channel::Sms),
            okta_user_id: Some("00u1".to_owned()),
            country: Some("us".parse().unwrap()),
            phone_prefix: Some("+1555555".to_owned()),
            sent_by: Some(SentBy::Okta),
            provider: Some("okta".to_owned()),
            provider_ref: Some("SM1".to_owned()),
            outcome: SendOutcome::Sent,
            reason: None,
            published_at: Some(at(seconds)),
        },
        source: EventSource::Log,
        received_at: at(seconds + 60),
        node: "node-a".to_owned(),
    }
}
