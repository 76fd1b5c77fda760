//! What can be set about the vendor.

use std::collections::VecDeque;

use crate::webhook::answer::WebhookAnswer;

/// Settings; change them with [`Vendor::configure`](crate::Vendor::configure).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebhookSettings {
    /// What sends are answered.
    pub answer: WebhookAnswer,
    /// What the next sends are answered instead, one each.
    pub next_answers: VecDeque<WebhookAnswer>,
    /// What reports are answered.
    pub report_answer: WebhookAnswer,
}
