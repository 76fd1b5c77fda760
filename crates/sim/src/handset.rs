//! The simulated handset: whatever phone number, one inbox each.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::sync::{Bell, at_least, locked};
use jiff::Timestamp;
use serde::Serialize;

/// Who sent a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sender {
    /// The simulated Twilio Verify.
    Verify,
    /// The simulated Twilio Programmable Messaging and Voice.
    TwilioMessaging,
    /// The simulated Telesign.
    Telesign,
    /// The simulated vendor behind `/webhook/…`.
    Webhook,
    /// The simulated Okta's own telephony, when it fell back to it.
    Okta,
}

/// What reached a handset: a text, or a call that was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Message {
    /// When it arrived.
    pub at: Timestamp,
    /// Who sent it.
    pub sender: Sender,
    /// `sms`, `call` or `whatsapp`.
    pub channel: String,
    /// The code in it; empty if none could be found.
    pub code: String,
    /// The text, or what the call said.
    pub text: String,
}

/// All phones of the world.
#[derive(Clone, Default)]
pub struct Handset {
    inboxes: Arc<Mutex<HashMap<String, Vec<Message>>>>,
    arrivals: Bell,
}

impl Handset {
    /// Everything that reached `phone` (E.164), oldest first.
    pub fn inbox(&self, phone: &str) -> Vec<Message> {
        locked(&self.inboxes).get(phone).cloned().unwrap_or_default()
    }

    /// The code of the newest message.
    pub fn latest_code(&self, phone: &str) -> Option<String> {
        locked(&self.inboxes).get(phone).and_then(|inbox| inbox.last()).map(|message| message.code.clone())
    }

    /// Every number that got something, with how much.
    pub fn phones(&self) -> Vec<(String, usize)> {
        let mut phones: Vec<_> =
            locked(&self.inboxes).iter().map(|(phone, inbox)| (phone.clone(), inbox.len())).collect();
        phones.sort();
        phones
    }

    /// Waits until `phone` has at least `n` messages and returns its inbox; `None` if `timeout` passed first.
    pub async fn wait_for(&self, phone: &str, n: usize, timeout: Duration) -> Option<Vec<Message>> {
        self.arrivals.wait(timeout, || at_least(n, self.inbox(phone))).await
    }

    pub(crate) fn deliver(&self, phone: &str, message: Message) {
        locked(&self.inboxes).entry(phone.to_owned()).or_default().push(message);
        self.arrivals.ring();
    }
}

/// The words of a text message.
pub(crate) fn text_message(friendly_name: &str, code: &str) -> String {
    format!("Your {friendly_name} verification code is: {code}")
}

/// The words of a call: digit by digit, twice.
pub(crate) fn spoken_message(friendly_name: &str, code: &str) -> String {
    let digits: Vec<String> = code.chars().map(String::from).collect();
    let digits = digits.join(", ");
    format!("Your {friendly_name} verification code is: {digits}. Again, your code is: {digits}.")
}
