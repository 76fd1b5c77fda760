use otp::{Channel, Country, EventId, OktaSendEvent, OrgName, SendEventKind, SendOutcome, SentBy};

use crate::event::{is_a, user, uuid};
use crate::json::Json;
use crate::{PhoneText, clean, hook};

/// Okta called an inline hook and had no use for what came back (Okta: event types catalog).
const HOOK_FAILED: &str = "inline_hook.executed";
/// The hook that is ours.
const TELEPHONY: &str = "com.okta.telephony.provider";

/// Okta's events about sending a code (Okta: event types catalog, 2026.08.1). The link that enrols Okta Verify is no code.
pub(crate) const TYPES: [&str; 11] = [
    HOOK_FAILED,
    "system.sms.send_phone_verification_message",
    "system.sms.send_factor_verify_message",
    "system.sms.send_password_reset_message",
    "system.sms.send_account_unlock_message",
    "system.sms.receive_status",
    "system.voice.send_phone_verification_call",
    "system.voice.send_mfa_challenge_call",
    "system.voice.send_password_reset_call",
    "system.voice.send_account_unlock_call",
    "system.voice.receive_status",
];

/// Reads an event about a send. `None` for any other, for a hook that is not the telephony hook, and for a send that the hook made and that
/// went well: that one the books have from the hook itself.
pub(crate) fn read(event: &Json<'_>, event_type: &str, org: &OrgName) -> Option<OktaSendEvent> {
    if !TYPES.contains(&event_type) {
        return None;
    }
    let kind = match event_type {
        HOOK_FAILED => SendEventKind::HookFailed,
        _ if event_type.ends_with(".receive_status") => SendEventKind::Status,
        _ => SendEventKind::Send,
    };
    if kind == SendEventKind::HookFailed {
        let hook = said(event, &["inlineHookType", "inline_hook_type"]);
        if hook.is_some_and(|hook| hook != TELEPHONY) {
            return None;
        }
    }
    let sent_by = sent_by(event);
    let outcome = outcome(event, kind);
    if kind == SendEventKind::Send && sent_by == Some(SentBy::Hook) && outcome == SendOutcome::Sent {
        return None;
    }
    let (country, phone_prefix) = whereto(event);
    let reason = event.get("outcome").get("reason").text().map(|reason| reason.into_owned());
    let reason = reason.or_else(|| said(event, &["errorMessage", "error_message"]));
    let provider = ["Provider", "TelephonyProvider"].into_iter().find_map(|what| {
        let camel = ["sms", "call"].map(|channel| format!("{channel}{what}"));
        let snake = match what {
            "Provider" => ["sms_provider", "call_provider"],
            _ => ["sms_telephony_provider", "call_telephony_provider"],
        };
        said(event, &[&camel[0], &camel[1], snake[0], snake[1]])
    });
    Some(OktaSendEvent {
        id: EventId { org: org.clone(), uuid: uuid(event) },
        event_type: event_type.to_owned(),
        kind,
        channel: channel(event_type),
        okta_user_id: user(event),
        country,
        phone_prefix,
        sent_by,
        provider: provider.map(|name| clean::without_numbers(&name, 255)),
        provider_ref: said(event, &["transactionId", "transaction_id"]).and_then(|it| reference(&it)),
        outcome,
        reason: reason.map(|reason| clean::without_numbers(&reason, 255)),
        published_at: hook::time(event.get("published")),
    })
}

/// The first of these that `debugData` says. Okta's catalog writes its names with `_`, real events do not (Okta: guide on event hooks after
/// the upgrade to Identity Engine).
fn said(event: &Json<'_>, names: &[&str]) -> Option<String> {
    let debug_data = event.get("debugContext").get("debugData");
    let texts = names.iter().filter_map(|name| debug_data.get(name).text());
    texts
        .map(|text| text.trim().to_owned())
        .find(|text| !text.is_empty() && !text.eq_ignore_ascii_case("null"))
}

fn channel(event_type: &str) -> Option<Channel> {
    match event_type.split('.').nth(1) {
        Some("sms") => Some(Channel::Sms),
        Some("voice") => Some(Channel::Voice),
        _ => None,
    }
}

/// `is_sms_hook_failover`: "true" where Okta had to take over. Without it nobody says who sent.
fn sent_by(event: &Json<'_>) -> Option<SentBy> {
    let names = ["isSmsHookFailover", "isCallHookFailover", "is_sms_hook_failover", "is_call_hook_failover"];
    let debug_data = event.get("debugContext").get("debugData");
    names
        .iter()
        .find_map(|name| match debug_data.get(name) {
            Json::Bool(failover) => Some(*failover),
            value => match value.text()?.trim().to_ascii_lowercase().as_str() {
                "true" => Some(true),
                "false" => Some(false),
                _ => None,
            },
        })
        .map(|failover| if failover { SentBy::Okta } else { SentBy::Hook })
}

fn outcome(event: &Json<'_>, kind: SendEventKind) -> SendOutcome {
    let outcome = event.get("outcome");
    let result = outcome.get("result").text().unwrap_or_default().to_ascii_uppercase();
    match kind {
        SendEventKind::HookFailed => SendOutcome::Failed,
        SendEventKind::Send => match result.as_str() {
            "SUCCESS" | "ALLOW" => SendOutcome::Sent,
            "DENY" | "RATE_LIMIT" => SendOutcome::Denied,
            "FAILURE" => SendOutcome::Failed,
            _ => SendOutcome::Unknown,
        },
        // `Sms Delivered`, `Sms Failed`, `Call Completed`, `Call Failed`: in the reason or in the message.
        SendEventKind::Status => {
            let words = [outcome.get("reason"), event.get("displayMessage")];
            let words = words.map(|it| it.text().unwrap_or_default().to_ascii_lowercase());
            let says = |word: &str| words.iter().any(|text| text.contains(word));
            match result.as_str() {
                "FAILURE" => SendOutcome::Undelivered,
                _ if says("failed") || says("undelivered") => SendOutcome::Undelivered,
                _ if says("delivered") || says("completed") => SendOutcome::Delivered,
                "SUCCESS" => SendOutcome::Delivered,
                _ => SendOutcome::Unknown,
            }
        }
    }
}

/// Country and first digits of the number, which goes no further than this. It stands in `debugData` (Identity Engine) or is a target
/// (Classic), and may be masked.
fn whereto(event: &Json<'_>) -> (Option<Country>, Option<String>) {
    let target = || {
        let phones = event.get("target").each().iter().filter(|target| is_a(target, "MobilePhone"));
        phones.filter_map(|target| target.get("alternateId").text()).map(|text| text.into_owned()).next()
    };
    let number = said(event, &["phoneNumber", "phone_number"]).or_else(target);
    let number = number.and_then(|text| PhoneText::new(&text)?.read(None).ok());
    if let Some(number) = number {
        return (Some(number.country().clone()), Some(number.prefix().to_owned()));
    }
    let country = said(event, &["countryCodeIso2", "country_code_iso2"]).and_then(|code| code.parse().ok());
    (country, None)
}

/// A reference is no number: it has a letter in it.
fn reference(text: &str) -> Option<String> {
    clean::identity(text).filter(|text| text.chars().any(char::is_alphabetic)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use otp::{Channel, OktaSendEvent, OrgName, SendEventKind, SendOutcome, SentBy};

    use super::read;
    use crate::json::Json;

    const SENT: &str = "system.sms.send_factor_verify_message";

    fn of(event_type: &str, event: &str) -> Option<OktaSendEvent> {
        read(&Json::parse(event).unwrap(), event_type, &OrgName::new("main").unwrap())
    }

    fn with(debug_data: &str) -> String {
        format!(
            r#"{{"uuid":"u","outcome":{{"result":"SUCCESS"}},"target":[{{"type":"User","id":"00u1"}}],"debugContext":{{"debugData":{debug_data}}}}}"#
        )
    }

    #[test]
    fn both_spellings_of_a_failover_are_read() {
        for (debug_data, by) in [
            (r#"{"isSmsHookFailover":"true"}"#, SentBy::Okta),
            (r#"{"is_sms_hook_failover":"true"}"#, SentBy::Okta),
            (r#"{"isCallHookFailover":true}"#, SentBy::Okta),
            (r#"{"is_call_hook_failover":" TRUE "}"#, SentBy::Okta),
        ] {
            let event = of(SENT, &with(debug_data)).unwrap();
            assert_eq!(event.sent_by, Some(by), "{debug_data}");
            assert_eq!((event.kind, event.outcome), (SendEventKind::Send, SendOutcome::Sent));
            assert_eq!((event.channel, event.okta_user_id.as_deref()), (Some(Channel::Sms), Some("00u1")));
        }
        assert_eq!(of(SENT, &with(r#"{"isSmsHookFailover":"perhaps"}"#)).unwrap().sent_by, None);
        assert_eq!(of(SENT, r#"{"debugContext":null}"#).unwrap().outcome, SendOutcome::Unknown);
    }

    #[test]
    fn what_the_hook_sent_is_nothing_new_and_what_it_could_not_is() {
        for spelling in ["isSmsHookFailover", "is_sms_hook_failover"] {
            assert_eq!(of(SENT, &with(&format!(r#"{{"{spelling}":"false"}}"#))), None);
        }
        let refused = with(r#"{"isSmsHookFailover":"false"}"#).replace("SUCCESS", "FAILURE");
        let event = of(SENT, &refused).unwrap();
        assert_eq!((event.sent_by, event.outcome), (Some(SentBy::Hook), SendOutcome::Failed));
        let denied = of(SENT, &refused.replace("FAILURE", "DENY")).unwrap();
        assert_eq!(denied.outcome, SendOutcome::Denied);
    }

    #[test]
    fn another_hooks_failure_is_not_ours() {
        let of_type =
            |kind: &str| of("inline_hook.executed", &with(&format!(r#"{{"inlineHookType":"{kind}"}}"#)));
        assert_eq!(of_type("com.okta.oauth2.tokens.transform"), None);
        assert_eq!(of_type("com.okta.telephony.provider").unwrap().kind, SendEventKind::HookFailed);
        assert!(of("inline_hook.executed", "{}").is_some(), "one that is not named may be ours");
        assert_eq!(of("user.session.start", "{}"), None);
        assert_eq!(of("system.sms.send_okta_verify_push_message", "{}"), None);
    }

    #[test]
    fn s10_of_a_number_only_country_and_prefix_are_kept() {
        let classic = r#"{"outcome":{"reason":"sent to +15555550101"},"target":[{"type":"MobilePhone","alternateId":"+15555550101"}]}"#;
        for event in [
            with(
                r#"{"phoneNumber":"+15555550101","transactionId":"+15555550101","smsProvider":"x +15555550101"}"#,
            ),
            with(r#"{"phone_number":"+1 555-555-0101","transaction_id":"15555550101"}"#),
            classic.to_owned(),
        ] {
            let event = of(SENT, &event).unwrap();
            assert_eq!(event.country.as_ref().map(|it| it.as_str()), Some("US"));
            assert_eq!(event.phone_prefix.as_deref(), Some("+1555555"));
            assert!(!format!("{event:?}").replace(['-', ' '], "").contains("5550101"), "{event:?}");
        }
        let masked =
            of(SENT, &with(r#"{"phoneNumber":"+1 XXX-XXX-0101","country_code_iso2":"us"}"#)).unwrap();
        assert_eq!(masked.country.as_ref().map(|it| it.as_str()), Some("US"));
        assert_eq!(masked.phone_prefix, None);
        let reference = of(SENT, &with(r#"{"transactionId":"VE1","isSmsHookFailover":"true"}"#)).unwrap();
        assert_eq!(reference.provider_ref.as_deref(), Some("VE1"));
    }

    #[test]
    fn a_status_is_read_from_whichever_words_there_are() {
        let status = |event: &str| of("system.voice.receive_status", event).unwrap().outcome;
        for (event, outcome) in [
            (r#"{"outcome":{"result":"SUCCESS","reason":"Call Completed"}}"#, SendOutcome::Delivered),
            (r#"{"outcome":{"result":"SUCCESS","reason":"Call Failed"}}"#, SendOutcome::Undelivered),
            (r#"{"outcome":{"reason":null},"displayMessage":"Sms Delivered"}"#, SendOutcome::Delivered),
            (r#"{"outcome":{"result":"FAILURE"}}"#, SendOutcome::Undelivered),
            (r#"{"outcome":{"result":"SUCCESS"}}"#, SendOutcome::Delivered),
            (r#"{"outcome":{"reason":"Sms Undelivered"}}"#, SendOutcome::Undelivered),
            ("{}", SendOutcome::Unknown),
        ] {
            assert_eq!(status(event), outcome, "{event}");
        }
    }
}
