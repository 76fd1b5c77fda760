//! A simulated vendor without an API of its own: whatever comes to `/webhook/…` is taken.

mod answer;
mod callback;
mod fields;
mod journal;
mod numbers;
mod perform;
mod settings;
mod trade;

pub use answer::WebhookAnswer;
pub use journal::{WebhookReport, WebhookSend};
pub use settings::WebhookSettings;
pub use trade::{GenericWebhook, Webhook, WebhookOp};
