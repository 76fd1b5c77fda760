//! What Lookup knows about numbers.

use serde::{Deserialize, Serialize};

/// What is known about the numbers that begin with a prefix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownNumber {
    /// How they begin, in E.164.
    pub prefix: String,
    /// `mobile`, `landline`, `nonFixedVoip`, …
    #[serde(default = "mobile")]
    pub line_type: String,
    /// 0 to 100; from 60 on it is moderate, from 75 on high, and such a number is blocked.
    #[serde(default = "low_risk")]
    pub sms_pumping_risk_score: u8,
    /// Lets both packages fail with this code, within a 200.
    #[serde(default)]
    pub error_code: Option<u32>,
}

fn mobile() -> String {
    "mobile".to_owned()
}

fn low_risk() -> u8 {
    7
}

impl KnownNumber {
    /// Numbers of one type and risk.
    pub fn new(prefix: &str, line_type: &str, sms_pumping_risk_score: u8) -> Self {
        let (prefix, line_type) = (prefix.to_owned(), line_type.to_owned());
        Self { prefix, line_type, sms_pumping_risk_score, error_code: None }
    }
}

/// Settings; change them with [`Vendor::configure`](crate::Vendor::configure).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookupSettings {
    /// What is known; the longest prefix that fits counts, and of equal ones the last.
    pub numbers: Vec<KnownNumber>,
}

impl Default for LookupSettings {
    /// Every number is a mobile with a low risk, except one that is a landline with a high one.
    fn default() -> Self {
        Self {
            numbers: vec![
                KnownNumber::new("", "mobile", 7),
                KnownNumber::new("+15005550009", "landline", 92),
            ],
        }
    }
}

impl LookupSettings {
    /// What is known about one number.
    pub(crate) fn about(&self, number: &str) -> KnownNumber {
        let fitting = self.numbers.iter().filter(|known| number.starts_with(&known.prefix));
        let known = fitting.max_by_key(|known| known.prefix.len());
        known.cloned().unwrap_or_else(|| KnownNumber::new("", "mobile", 7))
    }
}
