use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use otp::Channel;
use serde_json::Value;

use super::Messaging;
use super::resource::Resource;
use crate::twilio::refusal::refusal;
use crate::{Budget, Found, ReportError, Sought};

impl Messaging {
    /// Looks for a send in the list of messages or calls to its number, by moment.
    pub(super) async fn look_for(&self, sought: Sought<'_>, timeout: Duration) -> Result<Found, ReportError> {
        let list = match sought.channel {
            Channel::Sms => "Messages",
            Channel::Voice => "Calls",
        };
        let query = [("To", sought.to.expose_e164()), ("PageSize", PAGE)];
        let budget = Budget { connect: timeout, total: timeout };
        let Ok(answer) = self.client.get_where(&self.path(list), &query, budget).await else {
            return Err(ReportError::Transient { doubtful: false });
        };
        match answer.status {
            200..300 => {
                let body = answer.body.as_deref().unwrap_or_default();
                let sender = match (sought.channel, &self.messaging_service_sid, &self.from) {
                    (Channel::Sms, Some(service), _) => ("messaging_service_sid", service.as_str()),
                    (_, _, from) => ("from", from.as_deref().unwrap_or_default()),
                };
                Ok(read(body, &list.to_ascii_lowercase(), sender, &sought).unwrap_or(Found::Unknown))
            }
            status => Err(refusal(status, answer.retry_after, false)),
        }
    }
}

/// The newest come first, and a send is looked up within hours: a page of these is short enough for the longest of calls.
const PAGE: &str = "20";

/// The first of the list that fits; `None` where it is no list. `sender` is the field that shows a message to be this provider's: the
/// account may have others.
fn read(body: &[u8], list: &str, sender: (&str, &str), sought: &Sought<'_>) -> Option<Found> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let (from, to) = sought.window();
    let mut undated = false;
    let mut fitting = Vec::new();
    let items = body.get(list)?.as_array()?;
    let mut oldest = Timestamp::MAX;
    for item in items {
        let created = ["date_created", "start_time"].iter().find_map(|name| moment(item.get(*name)?));
        oldest = oldest.min(created.unwrap_or(Timestamp::MAX));
        let Some(sid) = Resource::of(item).sid else { continue };
        let outbound = item.get("direction").and_then(Value::as_str).is_none_or(|way| way == "outbound-api");
        let ours = outbound && item.get(sender.0).and_then(Value::as_str) == Some(sender.1);
        let number = item.get("to").and_then(Value::as_str);
        if !ours
            || sought.except.contains(&sid)
            || number.is_some_and(|number| number != sought.to.expose_e164())
        {
            continue;
        }
        match created {
            Some(created) if (from..=to).contains(&created) => fitting.push((created, sid)),
            Some(_) => {}
            None => undated = true,
        }
    }
    let first = fitting.into_iter().min();
    Some(match first {
        Some((_, provider_ref)) => Found::Taken { provider_ref, attempt_ref: None },
        // A call that waits has no moment yet.
        None if undated => Found::Unknown,
        // It may be on the next page.
        None if items.len().to_string() == PAGE && oldest > from => Found::Unknown,
        None => Found::NotTaken,
    })
}

/// RFC 2822, as the 2010 API writes it; RFC 3339 is read too.
fn moment(value: &Value) -> Option<Timestamp> {
    let text = value.as_str()?;
    rfc2822::DateTimeParser::new().parse_timestamp(text).ok().or_else(|| text.parse().ok())
}

#[cfg(test)]
mod tests {
    use otp::{Channel, PhoneNumber};
    use serde_json::{Value, json};

    use super::read;
    use crate::{Found, Sought};

    #[test]
    fn c5_a_message_is_found_by_moment_and_number() {
        let sample: Value =
            serde_json::from_slice(include_bytes!("../../../tests/samples/messages-create-from.json"))
                .unwrap();
        let to = PhoneNumber::parse("+15555550100", None).unwrap();
        let other = PhoneNumber::parse("+15555550101", None).unwrap();
        let sought = Sought {
            to: &to,
            channel: Channel::Sms,
            started_at: "2026-11-20T20:00:00.730Z".parse().unwrap(),
            ended_at: "2026-11-20T20:00:02.130Z".parse().unwrap(),
            except: &[],
        };
        let list = json!({ "messages": [sample] }).to_string();
        let from = ("from", "+15555550199");
        let found = |sought: &Sought<'_>| read(list.as_bytes(), "messages", from, sought);
        for other in [("from", "+15555550777"), ("messaging_service_sid", "+15555550199")] {
            let anothers = read(list.as_bytes(), "messages", other, &sought);
            assert_eq!(anothers, Some(Found::NotTaken), "another sender of the account");
        }
        let provider_ref = "SMa7b6c5d4e3f2019f8e7d6c5b4a392817".to_owned();
        assert_eq!(found(&sought), Some(Found::Taken { provider_ref, attempt_ref: None }));
        let late = Sought { started_at: "2026-11-20T20:00:08Z".parse().unwrap(), ..sought };
        assert_eq!(found(&late), Some(Found::NotTaken));
        assert_eq!(found(&Sought { to: &other, ..sought }), Some(Found::NotTaken));
        let except = ["SMa7b6c5d4e3f2019f8e7d6c5b4a392817".to_owned()];
        assert_eq!(
            found(&Sought { except: &except, ..sought }),
            Some(Found::NotTaken),
            "it is another send's"
        );
        let call: Value =
            serde_json::from_slice(include_bytes!("../../../tests/samples/calls-create.json")).unwrap();
        let waiting = json!({ "calls": [call] }).to_string();
        assert_eq!(read(waiting.as_bytes(), "calls", from, &sought), Some(Found::Unknown));
        let later = json!({ "sid": "SM00000000000000000000000000000001", "from": "+15555550199",
            "date_created": "Fri, 20 Nov 2026 20:05:00 +0000" });
        let page = json!({ "messages": vec![&later; 20] }).to_string();
        assert_eq!(read(page.as_bytes(), "messages", from, &sought), Some(Found::Unknown), "there are more");
        let whole = json!({ "messages": vec![&later; 19] }).to_string();
        assert_eq!(read(whole.as_bytes(), "messages", from, &sought), Some(Found::NotTaken));
        for odd in ["", "{}", "[]", r#"{"messages":7}"#, "<html>"] {
            assert_eq!(read(odd.as_bytes(), "messages", from, &sought), None, "{odd}");
        }
    }
}
