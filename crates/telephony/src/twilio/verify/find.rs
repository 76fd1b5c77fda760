use std::time::Duration;

use jiff::Timestamp;
use otp::Channel;
use serde_json::Value;

use super::Verify;
use crate::twilio::refusal::refusal;
use crate::twilio::sid::is_sid;
use crate::{Budget, Found, ReportError, Sought};

impl Verify {
    /// Looks for a send in the list of attempts: by number, channel and moment (Twilio docs: Verify Attempts; it does not repeat tags).
    pub(super) async fn look_for(&self, sought: Sought<'_>, timeout: Duration) -> Result<Found, ReportError> {
        let (from, to) = sought.window();
        let (after, before) = (from.strftime(SECONDS).to_string(), to.strftime(SECONDS).to_string());
        let query = [
            ("DateCreatedAfter", after.as_str()),
            ("DateCreatedBefore", &before),
            ("ChannelData.To", sought.to.expose_e164()),
            ("VerifyServiceSid", &self.service_sid),
            ("PageSize", "50"),
        ];
        let budget = Budget { connect: timeout, total: timeout };
        let Ok(answer) = self.client.get_where("/v2/Attempts", &query, budget).await else {
            return Err(ReportError::Transient { doubtful: false });
        };
        match answer.status {
            200..300 => {
                let body = answer.body.as_deref().unwrap_or_default();
                Ok(read(body, &sought).unwrap_or(Found::Unknown))
            }
            status => Err(refusal(status, answer.retry_after, false)),
        }
    }
}

/// The form in which Twilio takes moments (OpenAPI: `date-time`).
const SECONDS: &str = "%Y-%m-%dT%H:%M:%SZ";

/// The first attempt in the list that fits; `None` where it is no list.
fn read(body: &[u8], sought: &Sought<'_>) -> Option<Found> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let (from, to) = sought.window();
    let channel = match sought.channel {
        Channel::Sms => "sms",
        Channel::Voice => "call",
    };
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let fitting = body.get("attempts")?.as_array()?.iter().filter_map(|attempt| {
        let created: Timestamp = text(attempt, "date_created")?.parse().ok()?;
        let data = attempt.get("channel_data");
        let number = data.and_then(|data| text(data, "to")).unwrap_or_default();
        let provider_ref = text(attempt, "verification_sid")
            .or_else(|| text(data?, "verification_sid"))
            .filter(|sid| is_sid("VE", sid))?;
        let attempt_ref = text(attempt, "sid").filter(|sid| is_sid("VL", sid));
        let key = attempt_ref.as_ref().unwrap_or(&provider_ref);
        let fits = (from..=to).contains(&created)
            && !sought.except.contains(key)
            && text(attempt, "channel").is_none_or(|it| it.eq_ignore_ascii_case(channel))
            && (number.is_empty() || number == sought.to.expose_e164());
        fits.then_some((created, Found::Taken { provider_ref, attempt_ref }))
    });
    Some(fitting.min_by_key(|(created, _)| *created).map_or(Found::NotTaken, |(_, found)| found))
}

#[cfg(test)]
mod tests {
    use otp::{Channel, PhoneNumber};

    use super::read;
    use crate::{Found, Sought};

    #[test]
    fn c5_an_attempt_is_found_by_moment_number_and_channel() {
        let list = include_bytes!("../../../tests/samples/verify-attempts-list.json");
        let to = PhoneNumber::parse("+15555550100", None).unwrap();
        let other = PhoneNumber::parse("+15555550101", None).unwrap();
        let sought = Sought {
            to: &to,
            channel: Channel::Sms,
            started_at: "2026-11-20T20:00:00.730Z".parse().unwrap(),
            ended_at: "2026-11-20T20:00:02.130Z".parse().unwrap(),
            except: &[],
        };
        let taken = Found::Taken {
            provider_ref: "VE8e1d2c3b4a5968778695a4b3c2d1e0f9".to_owned(),
            attempt_ref: Some("VL1a2b3c4d5e6f708192a3b4c5d6e7f809".to_owned()),
        };
        assert_eq!(read(list, &sought), Some(taken));
        let late = Sought { started_at: "2026-11-20T20:00:08Z".parse().unwrap(), ..sought };
        assert_eq!(read(list, &late), Some(Found::NotTaken));
        assert_eq!(read(list, &Sought { channel: Channel::Voice, ..sought }), Some(Found::NotTaken));
        assert_eq!(read(list, &Sought { to: &other, ..sought }), Some(Found::NotTaken));
        let except = ["VL1a2b3c4d5e6f708192a3b4c5d6e7f809".to_owned()];
        let anothers = Sought { except: &except, ..sought };
        assert_eq!(read(list, &anothers), Some(Found::NotTaken), "it is another send's");
        assert_eq!(read(br#"{"attempts":[]}"#, &sought), Some(Found::NotTaken), "c4");
        for odd in ["", "{}", "[]", r#"{"attempts":7}"#, "<html>"] {
            assert_eq!(read(odd.as_bytes(), &sought), None, "{odd}");
        }
    }
}
