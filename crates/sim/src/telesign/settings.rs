//! What can be set about the simulated Telesign.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// Settings; change them with [`Vendor::configure`](crate::Vendor::configure).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TelesignSettings {
    /// Whether `/v1/omnichannel` is enabled (3206 if not).
    pub omnichannel_enabled: bool,
    /// Channels that are enabled (3200 if not).
    pub channels: BTreeSet<String>,
    /// Whether a request may bring its own `callback_url` (3203 if not).
    pub callback_url_allowed: bool,
    /// Where statuses are told of requests that bring none.
    pub callback_url: Option<String>,
    /// Signs callbacks in `X-TS-Authorization`, with the bare signature, instead of in `Authorization`.
    pub bare_signature: bool,
    /// Words callbacks as older pages show them: no `submit_timestamp`, and times like `2026-11-20 20:00:31:226`.
    pub old_callbacks: bool,
}

impl Default for TelesignSettings {
    fn default() -> Self {
        Self {
            omnichannel_enabled: true,
            channels: ["sms", "voice"].map(str::to_owned).into(),
            callback_url_allowed: true,
            callback_url: None,
            bare_signature: false,
            old_callbacks: false,
        }
    }
}
