use okta::{BearerAuth, HookAuth};
use otp::{Country, OrgName};

/// One Okta org, as the door knows it.
pub struct Org {
    /// Its name in URLs and in the books.
    pub name: OrgName,
    /// Who may speak for it.
    pub auth: HookAuth,
    /// Who may too, with a token.
    pub bearer: Option<BearerAuth>,
    /// To read numbers that have no country code.
    pub default_country: Option<Country>,
}
