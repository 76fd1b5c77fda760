//! Is this machine's clock right? Events, expiries and signatures go by it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use otp::{Clock as _, SystemClock};
use telephony::Finding;
use url::Url;

use crate::admin_client;
use crate::config::{Config, KindConfig};

/// Somebody should look.
const ODD: SignedDuration = SignedDuration::from_secs(2);
/// Codes are called expired that are not, or the other way round.
const WRONG: SignedDuration = SignedDuration::from_secs(30);
/// A `Date` header says whole seconds.
const COARSE: SignedDuration = SignedDuration::from_secs(1);
/// For one question.
const PATIENCE: Duration = Duration::from_secs(3);

/// A moment that somebody else said, and the span of our clock in which they did.
pub(super) struct Said {
    pub(super) who: String,
    pub(super) at: Timestamp,
    pub(super) between: (Timestamp, Timestamp),
    pub(super) coarse: bool,
}

impl Said {
    /// How far our clock is ahead of theirs, at the least: positive or negative.
    fn ahead(&self) -> SignedDuration {
        let latest = if self.coarse { self.at.saturating_add(COARSE).unwrap_or(self.at) } else { self.at };
        if self.between.0 > latest {
            self.between.0.duration_since(latest)
        } else if self.between.1 < self.at {
            self.between.1.duration_since(self.at)
        } else {
            SignedDuration::ZERO
        }
    }
}

/// What to think of our clock.
pub(super) fn judge(said: &[Said]) -> Vec<Finding> {
    if said.is_empty() {
        return vec![Finding::ok("nobody could be asked about the time")];
    }
    let judge_one = |said: &Said| {
        let ahead = said.ahead();
        let apart = ahead.abs();
        let what = || {
            let way = if ahead.is_positive() { "ahead of" } else { "behind" };
            format!("this clock is {:.1} s {way} that of {}", apart.as_secs_f64(), said.who)
        };
        if apart > WRONG {
            Some(Finding::fail(what(), "set the clock, and keep it by NTP (chrony, systemd-timesyncd)"))
        } else if apart > ODD {
            Some(Finding::warn(what(), "see that NTP runs here and there (timedatectl, chronyc tracking)"))
        } else {
            None
        }
    };
    let wrong: Vec<_> = said.iter().filter_map(judge_one).collect();
    if wrong.is_empty() {
        let who: Vec<_> = said.iter().map(|said| said.who.as_str()).collect();
        return vec![Finding::ok(format!("as that of {}", who.join(" and ")))];
    }
    wrong
}

/// Asks the first provider that answers for the time: any answer has it, a refusal too. Nothing secret is sent.
pub(super) async fn ask_a_provider(config: &Config) -> Option<Said> {
    let http = admin_client::http().ok()?;
    for provider in &config.telephony.providers {
        let Some(url) = address(&provider.kind) else { continue };
        let before = SystemClock.now();
        let asked = tokio::time::timeout(PATIENCE, http.head(url).send()).await;
        let after = SystemClock.now();
        let Ok(Ok(answer)) = asked else { continue };
        let date = answer.headers().get(http::header::DATE).and_then(|date| date.to_str().ok());
        let Some(at) = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok()) else { continue };
        return Some(Said {
            who: provider.name.clone(),
            at: at.timestamp(),
            between: (before, after),
            coarse: true,
        });
    }
    None
}

fn address(kind: &KindConfig) -> Option<Url> {
    let (given, default) = match kind {
        KindConfig::Verify(settings) => (&settings.account.base_url, telephony::twilio::verify::BASE_URL),
        KindConfig::Messaging(settings) => {
            (&settings.account.base_url, telephony::twilio::messaging::BASE_URL)
        }
        KindConfig::Telesign(settings) => (&settings.base_url, telephony::telesign::BASE_URL),
        KindConfig::Webhook(_) => return None,
    };
    given.clone().or_else(|| default.parse().ok())
}

#[cfg(test)]
mod tests {
    use telephony::Level;

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_000_000 + millis).unwrap()
    }

    fn level(ours: (i64, i64), theirs: i64, coarse: bool) -> Level {
        let said =
            Said { who: "verify".to_owned(), at: at(theirs), between: (at(ours.0), at(ours.1)), coarse };
        judge(&[said])[0].level
    }

    #[test]
    fn c22_a_clock_is_judged_by_what_is_certain() {
        assert_eq!(level((0, 900), 500, false), Level::Ok);
        assert_eq!(level((2_900, 5_000), 0, true), Level::Ok, "a second of it may be the header's");
        assert_eq!(level((2_900, 5_000), 0, false), Level::Warn);
        assert_eq!(level((-5_000, -2_100), 0, true), Level::Warn, "behind");
        assert_eq!(level((31_100, 31_200), 0, true), Level::Fail);
        assert_eq!(level((-40_000, -30_500), 0, false), Level::Fail);
        assert_eq!(level((-40_000, 40_000), 0, false), Level::Ok, "a slow answer says little");
        assert_eq!(judge(&[])[0].level, Level::Ok);
    }
}
