//! What a simulator is started with.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use crate::okta::ServiceApp;

/// Everything [`Sim::start`](crate::Sim::start) needs; the default is usable as it is.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; port 0 picks a free one.
    pub listen: SocketAddr,
    /// The simulated Twilio account.
    pub twilio: TwilioAccount,
    /// The simulated Telesign account.
    pub telesign: TelesignAccount,
    /// The simulated Okta org.
    pub okta: OktaOrg,
    /// A JSON-lines file that gets every fact appended; none if not set.
    pub ledger: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            twilio: TwilioAccount::default(),
            telesign: TelesignAccount::default(),
            okta: OktaOrg::default(),
            ledger: None,
        }
    }
}

/// A Twilio account with one Verify service, one messaging service and some numbers.
#[derive(Clone, Debug)]
pub struct TwilioAccount {
    /// `AC` and 32 hexadecimal digits.
    pub account_sid: String,
    /// Password that goes with the account SID.
    pub auth_token: String,
    /// `SK…`, the user name of an API key.
    pub api_key: Option<String>,
    /// The API key's secret.
    pub api_secret: Option<String>,
    /// `VA` and 32 hexadecimal digits.
    pub service_sid: String,
    /// The account's own numbers: what `From` may say; the first one is the messaging service's.
    pub from: Vec<String>,
    /// `MG` and 32 hexadecimal digits.
    pub messaging_service_sid: String,
}

impl Default for TwilioAccount {
    fn default() -> Self {
        Self {
            account_sid: "AC5117000000000000000000000000f4ce".to_owned(),
            auth_token: "simulated-auth-token".to_owned(),
            api_key: Some("SK5117000000000000000000000000f4ce".to_owned()),
            api_secret: Some("simulated-api-secret".to_owned()),
            service_sid: "VA5117000000000000000000000000f4ce".to_owned(),
            from: vec!["+15555550199".to_owned()],
            messaging_service_sid: "MG5117000000000000000000000000f4ce".to_owned(),
        }
    }
}

/// A Telesign account.
#[derive(Clone, Debug)]
pub struct TelesignAccount {
    /// A UUID in capitals.
    pub customer_id: String,
    /// The key, in the Base64 it is handed out in.
    pub api_key: String,
}

impl Default for TelesignAccount {
    fn default() -> Self {
        Self {
            customer_id: "51170000-0000-4000-8000-00000000F4CE".to_owned(),
            api_key: "c2ltdWxhdGVkLXRlbGVzaWduLWFwaS1rZXktb2YtMzItYnl0ZXMh".to_owned(),
        }
    }
}

/// An Okta org with one telephony inline hook and one event hook.
#[derive(Clone, Debug)]
pub struct OktaOrg {
    /// The org's own address as written into payloads (`source`, `_links`); the simulator's if not set.
    pub base_url: Option<String>,
    /// The token that `Authorization: SSWS …` must carry.
    pub api_token: String,
    /// Where the telephony hook is called; may be set later with [`Okta::point_at`](crate::Okta::point_at).
    pub hook_url: Option<String>,
    /// Where events are delivered; may be set later as well.
    pub events_url: Option<String>,
    /// Name of the header that authenticates both hooks.
    pub hook_header: String,
    /// Value of that header.
    pub hook_secret: String,
    /// Apps that may use the API; more may be added later with [`Okta::add_app`](crate::Okta::add_app).
    pub apps: Vec<ServiceApp>,
}

impl Default for OktaOrg {
    fn default() -> Self {
        Self {
            base_url: None,
            api_token: "simulated-okta-token".to_owned(),
            hook_url: None,
            events_url: None,
            hook_header: "authorization".to_owned(),
            hook_secret: "simulated-hook-secret".to_owned(),
            apps: Vec::new(),
        }
    }
}
