use std::fmt;

use secrecy::SecretString;

use super::SigningKey;
use super::bucket::Area;

/// How the client shows who it is.
#[derive(Debug, Clone)]
pub enum Credential {
    /// An API token, which acts as the admin who made it (Okta: `Authorization: SSWS …`).
    Ssws(SecretString),
    /// A service app, which signs for short-lived tokens with its own key (Okta: OAuth 2.0 for service apps, `private_key_jwt`).
    ServiceApp {
        /// The app's id, `0oa…`.
        client_id: String,
        /// The half of the key that Okta does not know.
        key: SigningKey,
    },
}

/// What a service app may be granted. A token is asked for with those that are needed and no other: Okta refuses a token with a scope
/// that was not granted. (An API token may do what its admin may.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// A user's profile and factors.
    UsersRead,
    /// The System Log.
    LogsRead,
    /// To see inline hooks.
    InlineHooksRead,
    /// To make, change and try them.
    InlineHooksManage,
    /// To see event hooks.
    EventHooksRead,
    /// To make, change and verify them.
    EventHooksManage,
    /// To see native telephony providers.
    TelephonyProvidersRead,
    /// To switch them off.
    TelephonyProvidersManage,
}

impl Scope {
    pub(super) fn area(self) -> Area {
        match self {
            Self::UsersRead => Area::Users,
            Self::LogsRead => Area::Logs,
            Self::InlineHooksRead | Self::InlineHooksManage => Area::InlineHooks,
            Self::EventHooksRead | Self::EventHooksManage => Area::EventHooks,
            Self::TelephonyProvidersRead | Self::TelephonyProvidersManage => Area::TelephonyProviders,
        }
    }

    /// Okta's name of it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UsersRead => "okta.users.read",
            Self::LogsRead => "okta.logs.read",
            Self::InlineHooksRead => "okta.inlineHooks.read",
            Self::InlineHooksManage => "okta.inlineHooks.manage",
            Self::EventHooksRead => "okta.eventHooks.read",
            Self::EventHooksManage => "okta.eventHooks.manage",
            Self::TelephonyProvidersRead => "okta.customTelephonyProvider.read",
            Self::TelephonyProvidersManage => "okta.customTelephonyProvider.manage",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
