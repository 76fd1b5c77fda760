/// One line of a provider's check-up, for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// What was found.
    pub what: String,
    /// What to do about it.
    pub advice: Option<&'static str>,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// As it should be.
    Ok,
    /// Codes will be sent, but somebody should look.
    Warn,
    /// Codes will not be sent.
    Fail,
}

impl Finding {
    /// All is well with this.
    pub fn ok(what: impl Into<String>) -> Self {
        Self { level: Level::Ok, what: what.into(), advice: None }
    }

    /// Somebody should look at this.
    pub fn warn(what: impl Into<String>, advice: &'static str) -> Self {
        Self { level: Level::Warn, what: what.into(), advice: Some(advice) }
    }

    /// A provider that does not answer, with the cause in one word.
    pub(crate) fn unreachable(who: &str, cause: &str) -> Self {
        Self::fail(
            format!("{who} did not answer ({cause})"),
            "check base_url, DNS, the firewall and the machine's CA certificates",
        )
    }

    /// A provider that is not reached by https.
    pub(crate) fn in_the_clear() -> Self {
        Self::warn(
            "the URL is not https: credentials and codes travel in the clear",
            "use plain http with a simulator only",
        )
    }

    /// This keeps codes from being sent.
    pub fn fail(what: impl Into<String>, advice: &'static str) -> Self {
        Self { level: Level::Fail, what: what.into(), advice: Some(advice) }
    }
}
