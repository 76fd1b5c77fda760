use url::Url;

/// A setting that cannot be right. Names the key, never the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{key} {problem}")]
pub struct OptionError {
    /// The setting's key.
    pub key: &'static str,
    /// What is wrong with it.
    pub problem: &'static str,
}

/// Why a provider could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// Its settings are wrong: all of them that are.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Options(Vec<OptionError>),
    /// The HTTP client could not be built: the machine has no TLS root certificates, most likely.
    #[error("the HTTP client could not be built")]
    Client(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Collects what is wrong with a provider's settings.
#[derive(Default)]
pub(crate) struct Checks(Vec<OptionError>);

impl Checks {
    pub(crate) fn that(&mut self, fine: bool, key: &'static str, problem: &'static str) {
        if !fine {
            self.0.push(OptionError { key, problem });
        }
    }

    /// Where a provider's API is: paths are put behind it.
    pub(crate) fn base_url(&mut self, base_url: &Url) {
        let web = matches!(base_url.scheme(), "https" | "http") && base_url.has_host();
        self.that(web, "base_url", "is no http(s) URL");
        let plain = base_url.username().is_empty()
            && base_url.password().is_none()
            && base_url.query().is_none()
            && base_url.fragment().is_none();
        self.that(plain, "base_url", "has more than scheme, host, port and path");
    }

    pub(crate) fn done(self) -> Result<(), SetupError> {
        if self.0.is_empty() { Ok(()) } else { Err(SetupError::Options(self.0)) }
    }
}
