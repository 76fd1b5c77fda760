use aws_lc_rs::digest::{SHA256, digest};
use otp::{EventId, Factor, OktaEvent, OktaSendEvent, OrgName, Reading};

use crate::json::Json;
use crate::{clean, factor, hook, send};

/// A factor was verified: the second one on Classic, any of them on Identity Engine (Okta: event types catalog).
pub(crate) const CODE_ENTERED: &str = "user.authentication.auth_via_mfa";
/// A factor was enrolled; Identity Engine says so twice for one phone, as SMS and as CALL.
pub(crate) const FACTOR_ACTIVATED: &str = "user.mfa.factor.activate";

/// One element of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parsed {
    /// An event of a type that tells about factors.
    Event(OktaEvent),
    /// An event about sending a code, of those that tell what Okta did or could not do.
    Send(OktaSendEvent),
    /// An event of another type, which is to be counted and dropped.
    OtherType(String),
    /// No event.
    Unreadable {
        /// Why.
        reason: &'static str,
    },
}

/// Reads Okta's `LogEvent` (Okta: System Log API). Every field may be missing or null, and what is in `debugData` may change with any
/// release.
pub(crate) fn read(event: &Json<'_>, org: &OrgName) -> Parsed {
    if !event.is_object() {
        return Parsed::Unreadable { reason: "the event is no object" };
    }
    let event_type = match event.get("eventType") {
        Json::Text(event_type) if !event_type.trim().is_empty() => event_type.trim(),
        _ => return Parsed::Unreadable { reason: "the event has no eventType" },
    };
    if event_type != CODE_ENTERED && event_type != FACTOR_ACTIVATED {
        return match send::read(event, event_type, org) {
            Some(send) => Parsed::Send(send),
            None => Parsed::OtherType(clean::line(event_type, 255)),
        };
    }
    let outcome = event.get("outcome");
    let result = outcome.get("result").text().map(|t| clean::line(&t, 255));
    let reason = outcome.get("reason").text().map(|t| clean::without_numbers(&t, 255));
    let okta_user_id = user(event);
    let by_other = okta_user_id.as_deref().is_some_and(|user| is_by_other(event, user));
    let factor = factor::read(event);
    let reading = if factor == Factor::Other
        || okta_user_id.is_none()
        || !result.as_deref().is_some_and(|r| r.eq_ignore_ascii_case("SUCCESS"))
    {
        Reading::Nothing
    } else if event_type == CODE_ENTERED {
        Reading::CodeAccepted
    } else {
        Reading::PhoneEnrolled
    };
    Parsed::Event(OktaEvent {
        id: EventId { org: org.clone(), uuid: uuid(event) },
        event_type: event_type.to_owned(),
        by_other,
        okta_user_id,
        factor,
        result,
        reason,
        published_at: hook::time(event.get("published")),
        reading,
    })
}

/// The event's `uuid`; where there is none to use, a digest of the event, so that the same event is known again.
pub(crate) fn uuid(event: &Json<'_>) -> String {
    if let Some(uuid) = event.get("uuid").text().as_deref().and_then(clean::identity) {
        return uuid.to_owned();
    }
    let mut canonical = String::new();
    event.canonical(&mut canonical);
    format!("sha256:{}", hex::encode(digest(&SHA256, canonical.as_bytes())))
}

/// The user an event is about. The actor of an enrolment may be an admin or the owner of an API token, so the target counts first
/// (Okta Workflows: card "User MFA Factor Activated").
pub(crate) fn user(event: &Json<'_>) -> Option<String> {
    event.get("target").each().iter().chain([event.get("actor")]).find_map(|who| {
        let id = who.get("id").text().filter(|_| is_a(who, "User"))?;
        let nobody = ["unknown", "null"].iter().any(|word| id.eq_ignore_ascii_case(word));
        let plausible = !nobody && !id.contains(char::is_whitespace);
        plausible.then(|| clean::identity(&id).map(str::to_owned))?
    })
}

/// Whether the actor is known to be somebody else.
fn is_by_other(event: &Json<'_>, user: &str) -> bool {
    let actor = event.get("actor").get("id").text();
    actor.as_deref().and_then(clean::identity).is_some_and(|actor| actor != user)
}

/// Whether an actor or target is of this type.
pub(crate) fn is_a(who: &Json<'_>, kind: &str) -> bool {
    who.get("type").text().is_some_and(|t| t.eq_ignore_ascii_case(kind))
}
