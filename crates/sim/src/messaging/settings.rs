//! What can be set about the simulated Messaging and Voice.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Settings; change them with [`Vendor::configure`](crate::Vendor::configure).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MessagingSettings {
    /// Statuses that are posted to `StatusCallback` without being asked, in this order.
    pub auto_status: Vec<String>,
    /// How long after the message was accepted, and after one another, they are posted.
    #[serde(rename = "auto_status_delay_ms", with = "crate::clock::millis")]
    pub auto_status_delay: Duration,
}

impl Default for MessagingSettings {
    fn default() -> Self {
        Self { auto_status: Vec::new(), auto_status_delay: Duration::from_millis(50) }
    }
}
