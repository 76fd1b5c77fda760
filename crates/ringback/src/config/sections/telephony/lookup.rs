use std::time::Duration;

use super::provider::TwilioAccount;
use crate::config::reader::Reader;

/// `[telephony.lookup]`: Twilio Lookup.
#[derive(Debug)]
pub(crate) struct LookupConfig {
    pub(crate) account: TwilioAccount,
    /// The most a message waits for it.
    pub(crate) budget: Duration,
    /// For how long an answer is believed.
    pub(crate) ttl: Duration,
    /// An SMS to a landline is refused.
    pub(crate) refuse_landlines: bool,
    /// A number with a higher risk is not sent to.
    pub(crate) most_risk: u8,
}

impl LookupConfig {
    pub(super) fn read(mut reader: Reader<'_>) -> Self {
        let account = TwilioAccount::read(&mut reader);
        let budget = reader.duration("budget", "150ms");
        if budget > Duration::from_millis(500) {
            reader.problem("budget", "is more than 500ms: the code itself needs the time");
        }
        let ttl = reader.duration("ttl", "7d");
        if ttl < Duration::from_secs(60) {
            reader.problem("ttl", "is less than 1m");
        }
        let on_landline = [("reject", true), ("send", false)];
        let refuse_landlines = reader.choice("on_landline", "reject", &on_landline).unwrap_or(true);
        let most_risk = reader.parsed("max_pumping_risk", "100", "a number from 0 to 100").unwrap_or(100);
        reader.finish();
        Self { account, budget, ttl, refuse_landlines, most_risk }
    }
}
