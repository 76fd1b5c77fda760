use okta::OktaClient;
use otp::Country;

/// One Okta org, as the worker knows it.
pub struct OrgAccess {
    /// Okta's API; `None` where no credential is configured.
    pub client: Option<OktaClient>,
    /// To read numbers that have no country code.
    pub default_country: Option<Country>,
}
