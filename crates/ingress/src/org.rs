use std::sync::Arc;

use okta::HookAuth;
use otp::{Country, OrgName};
use telephony::Dispatcher;

/// One Okta org, as the door knows it.
pub struct Org {
    /// Its name in URLs and in the books.
    pub name: OrgName,
    /// Who may speak for it.
    pub auth: HookAuth,
    /// To read numbers that have no country code.
    pub default_country: Option<Country>,
    /// How its codes are sent.
    pub dispatcher: Arc<Dispatcher>,
}
