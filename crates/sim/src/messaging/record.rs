//! What the account remembers: messages, calls and feedback.

use jiff::Timestamp;

use crate::messaging::call::NewCall;
use crate::messaging::message::NewMessage;
use crate::options::TwilioAccount;

/// A message as it stands.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) sid: String,
    pub(crate) asked: NewMessage,
    /// The number it came from; none before the messaging service has picked one.
    pub(crate) from: Option<String>,
    pub(crate) status: String,
    pub(crate) error_code: Option<u32>,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    pub(crate) sent: Option<Timestamp>,
}

impl Message {
    /// One that was just accepted.
    pub(crate) fn new(sid: String, asked: NewMessage, now: Timestamp) -> Self {
        let status = if asked.messaging_service { "accepted" } else { "queued" };
        let from = asked.from.clone();
        let status = status.to_owned();
        Self { sid, asked, from, status, error_code: None, created: now, updated: now, sent: None }
    }

    /// The same once it is on its way.
    pub(crate) fn sent(mut self, account: &TwilioAccount) -> Self {
        self.from = self.from.or_else(|| account.from.first().cloned());
        "sent".clone_into(&mut self.status);
        self.sent = Some(self.created);
        self
    }
}

/// A call as it stands.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) sid: String,
    pub(crate) asked: NewCall,
    pub(crate) status: String,
    pub(crate) created: Timestamp,
    /// When it was taken; none before.
    pub(crate) started: Option<Timestamp>,
    /// Callbacks so far.
    pub(crate) sequence: u32,
}

/// Everything, oldest first.
#[derive(Default)]
pub struct Records {
    pub(crate) messages: Vec<Message>,
    pub(crate) calls: Vec<Call>,
}

impl Records {
    pub(crate) fn message(&mut self, sid: &str) -> Option<&mut Message> {
        self.messages.iter_mut().find(|it| it.sid == sid)
    }

    pub(crate) fn call(&mut self, sid: &str) -> Option<&mut Call> {
        self.calls.iter_mut().find(|it| it.sid == sid)
    }
}
