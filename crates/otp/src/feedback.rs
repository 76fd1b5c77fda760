use serde::{Deserialize, Serialize};

/// What a provider is told about a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The user entered it.
    Approved,
    /// It will not be used.
    Canceled,
}

impl Verdict {
    /// The word used in the books, which is also Twilio's.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Canceled => "canceled",
        }
    }
}

/// How a report to a provider ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportResult {
    /// The provider took it.
    Reported,
    /// It was final already: an earlier try had its effect.
    AlreadyFinal,
    /// Too late: the verification is over.
    Expired,
    /// This provider takes no reports.
    Unsupported,
    /// Given up.
    Dead,
}

impl ReportResult {
    /// The word used in the books.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reported => "reported",
            Self::AlreadyFinal => "already_final",
            Self::Expired => "expired",
            Self::Unsupported => "unsupported",
            Self::Dead => "dead",
        }
    }
}

/// How the worker found out which verification an event belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MatchedBy {
    /// Our own record of the send.
    Record,
    /// The user's enrolled phone factor.
    Factor,
    /// The user's profile.
    Profile,
}

impl MatchedBy {
    /// The word used in the books.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Factor => "factor",
            Self::Profile => "profile",
        }
    }
}

impl std::str::FromStr for MatchedBy {
    type Err = ();
    fn from_str(word: &str) -> Result<Self, ()> {
        match word {
            "record" => Ok(Self::Record),
            "factor" => Ok(Self::Factor),
            "profile" => Ok(Self::Profile),
            _ => Err(()),
        }
    }
}
