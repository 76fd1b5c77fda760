//! What Okta sends, as bytes: a text with holes, and what fills them.

use std::time::Duration;

use crate::clock;
use crate::subject::Subject;

/// What opens both hooks.
pub(crate) const SECRET: &str = "load-hook-secret-of-more-than-forty-characters";

/// After the sample of the contract: a sign-in by SMS.
const HOOK: &str = r#"{"eventId":"{id}","eventTime":"{now}","eventType":"com.okta.telephony.provider","eventTypeVersion":"1.0","contentType":"application/json","cloudEventVersion":"0.1","source":"https://org.okta.example/api/v1/inlineHooks/calLOADhook00000001d7","requestType":"com.okta.user.telephony.mfa-verification","data":{"context":{"request":{"id":"loadReqId0000000000000001","method":"POST","url":{"value":"/idp/idx/challenge"},"ipAddress":"203.0.113.24"}},"userProfile":{"firstName":"Ana","lastName":"Load","login":"ana.load@example.com","userId":"{user}"},"messageProfile":{"msgTemplate":"Your code is {code}","phoneNumber":"{phone}","otpExpires":"{later}","deliveryChannel":"SMS","otpCode":"{code}","locale":"EN-US"}}}"#;

/// The envelope of a delivery.
const DELIVERY: &str = r#"{"eventType":"com.okta.event_hook","eventTypeVersion":"1.0","cloudEventsVersion":"0.1","source":"https://org.okta.example/api/v1/eventHooks/whoLOADhook00000001d7","eventId":"load-delivery-{id}","data":{"events":[{events}]},"eventTime":"{now}","contentType":"application/json"}"#;

/// After the sample of the contract: a factor was verified.
const EVENT: &str = r#"{"uuid":"{id}","published":"{now}","eventType":"user.authentication.auth_via_mfa","version":"0","displayMessage":"Authentication of user via MFA","severity":"INFO","client":{"userAgent":{"rawUserAgent":"Mozilla/5.0 (Load; Test)","os":"Mac OS X","browser":"CHROME"},"zone":"null","device":"Computer","id":null,"ipAddress":"203.0.113.24","geographicalContext":{"city":"Springfield","state":null,"country":"United States","postalCode":null,"geolocation":{"lat":39.8,"lon":-89.6}},"ipChain":[{"ip":"203.0.113.24","geographicalContext":null,"version":"V4","source":null}]},"device":null,"actor":{"id":"{user}","type":"User","alternateId":"ana.load@example.com","displayName":"Ana Load","detailEntry":null},"outcome":{"result":"SUCCESS","reason":null},"target":[{"id":"{user}","type":"User","alternateId":"ana.load@example.com","displayName":"Ana Load","detailEntry":null},{"id":"{factor}0000000000000000a","type":"AuthenticatorEnrollment","alternateId":"unknown","displayName":"{authenticator}","detailEntry":{"methodTypeUsed":"{method}","methodUsedVerifiedProperties":"[USER_PRESENCE]"}}],"transaction":{"type":"WEB","id":"loadTxn00000000000000001","detail":{}},"debugContext":{"debugData":{"authnRequestId":"loadAuthnReq01","requestId":"loadReq01","requestUri":"/idp/idx/challenge/answer","url":"/idp/idx/challenge/answer?","threatSuspected":"false","dtHash":"0000000000000000000000000000000000000000000000000000000000000000","factor":"{debug}","factorIntent":"LOGIN"}},"legacyEventType":"core.user.factor.attempt_success","authenticationContext":{"authenticationProvider":null,"credentialProvider":null,"credentialType":null,"issuer":null,"authenticationStep":0,"externalSessionId":"loadSession01","interface":null},"securityContext":{"asNumber":null,"asOrg":null,"isp":null,"domain":null,"isProxy":null},"insertionTimestamp":null}"#;

/// Which factor an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Factor {
    /// A code by SMS.
    Sms,
    /// A push notification: by far most of what an org sends, and nothing for us to do.
    Push,
}

/// Writes requests into one buffer, again and again.
pub(crate) struct Writer {
    now: String,
    later: String,
    written: u32,
    body: String,
    request: Vec<u8>,
}

impl Writer {
    pub(crate) fn new() -> Self {
        let mut new = Self {
            now: String::new(),
            later: String::new(),
            written: 0,
            body: String::new(),
            request: Vec::new(),
        };
        new.look_at_the_clock();
        new
    }

    fn look_at_the_clock(&mut self) {
        self.now = clock::stamp(Duration::ZERO);
        self.later = clock::stamp(Duration::from_secs(300));
    }

    /// A telephony hook.
    pub(crate) fn hook(&mut self, subject: Subject) -> &[u8] {
        self.begin();
        let (id, user, code, phone) =
            (subject.event_id(), subject.user_id(), subject.code(), subject.phone());
        fill(&mut self.body, HOOK, |hole| match hole {
            "id" => &id,
            "now" => &self.now,
            "user" => &user,
            "code" => &code,
            "phone" => &phone,
            _ => &self.later,
        });
        self.frame("/okta/main/telephony")
    }

    /// A delivery of one event for each subject.
    pub(crate) fn delivery(&mut self, subjects: impl Iterator<Item = Subject>, factor: Factor) -> &[u8] {
        self.begin();
        // Events have just happened when they are told.
        self.look_at_the_clock();
        let (authenticator, method, debug, enrolled) = match factor {
            Factor::Sms => ("Phone", "SMS", "SMS_FACTOR", "sms"),
            Factor::Push => ("Okta Verify", "PUSH", "OKTA_VERIFY_PUSH", "opf"),
        };
        let (mut events, mut first) = (String::new(), None);
        for subject in subjects {
            if first.replace(first.unwrap_or(subject.0)).is_some() {
                events.push(',');
            }
            let (id, user) = (subject.event_id(), subject.user_id());
            fill(&mut events, EVENT, |hole| match hole {
                "id" => &id,
                "now" => &self.now,
                "user" => &user,
                "factor" => enrolled,
                "authenticator" => authenticator,
                "method" => method,
                _ => debug,
            });
        }
        let id = first.unwrap_or_default().to_string();
        fill(&mut self.body, DELIVERY, |hole| match hole {
            "id" => &id,
            "events" => &events,
            _ => &self.now,
        });
        self.frame("/okta/main/events")
    }

    fn begin(&mut self) {
        self.written += 1;
        if self.written.is_multiple_of(256) {
            self.look_at_the_clock();
        }
        self.body.clear();
    }

    fn frame(&mut self, path: &str) -> &[u8] {
        self.request.clear();
        let length = self.body.len();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: {SECRET}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
        );
        self.request.extend_from_slice(head.as_bytes());
        self.request.extend_from_slice(self.body.as_bytes());
        &self.request
    }
}

/// Copies `text`, with what `value` says for each `{hole}`. A brace that no name follows is a brace.
fn fill<'a>(into: &mut String, text: &str, value: impl Fn(&str) -> &'a str) {
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        let (before, behind) = rest.split_at(at);
        into.push_str(before);
        let name = behind[1..].bytes().take_while(u8::is_ascii_lowercase).count();
        if name > 0 && behind[1 + name..].starts_with('}') {
            into.push_str(value(&behind[1..=name]));
            rest = &behind[name + 2..];
        } else {
            into.push('{');
            rest = &behind[1..];
        }
    }
    into.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::{Factor, Writer};
    use crate::subject::Subject;

    fn json(request: &[u8]) -> serde_json::Value {
        let at = request.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        serde_json::from_slice(&request[at + 4..]).unwrap()
    }

    #[test]
    fn bodies_are_json_and_say_who() {
        let mut writer = Writer::new();
        let hook = json(writer.hook(Subject(7)));
        assert_eq!(hook["eventId"], Subject(7).event_id());
        assert_eq!(hook["data"]["messageProfile"]["phoneNumber"], Subject(7).phone());
        assert_eq!(hook["data"]["messageProfile"]["otpCode"], "0000000007");
        let delivery = json(writer.delivery((1..4).map(Subject), Factor::Sms));
        let events = delivery["data"]["events"].as_array().unwrap();
        assert_eq!(events.len(), 3);
        assert_eq!(events[2]["uuid"], Subject(3).event_id());
        assert_eq!(events[0]["debugContext"]["debugData"]["factor"], "SMS_FACTOR");
    }
}
