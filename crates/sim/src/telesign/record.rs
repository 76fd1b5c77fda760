//! What Telesign remembers.

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;

use crate::clock::later;
use crate::telesign::omnichannel::Wanted;

/// How long a status can be asked for.
const REMEMBERED: Duration = Duration::from_secs(12 * 60 * 60);

/// A message as it stands.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) reference_id: String,
    /// The reference of its only channel.
    pub(crate) channel_reference_id: String,
    pub(crate) wanted: Wanted,
    pub(crate) code: i32,
    pub(crate) submitted: Timestamp,
    pub(crate) updated: Timestamp,
}

impl Record {
    /// Whether its status can still be asked for.
    pub(crate) fn is_remembered(&self, now: Timestamp) -> bool {
        now < later(self.submitted, REMEMBERED)
    }
}

/// All messages, oldest first, and the nonces that were used.
#[derive(Default)]
pub struct Records {
    pub(crate) messages: Vec<Record>,
    pub(crate) nonces: HashSet<String>,
}

impl Records {
    pub(crate) fn find(&mut self, reference: &str) -> Option<&mut Record> {
        self.messages.iter_mut().find(|it| it.reference_id == reference)
    }
}
