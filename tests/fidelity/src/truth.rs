use std::collections::HashMap;

use crate::time::Ms;

/// What really happened.
#[derive(Default)]
pub(crate) struct Truth {
    pub(crate) asked: Vec<Asked>,
    pub(crate) accepted: Vec<Accepted>,
    /// Events of wrong codes.
    pub(crate) failures: Vec<String>,
    /// When each event was delivered first.
    pub(crate) delivered: HashMap<String, Ms>,
    /// Which event was worked on at which moment.
    pub(crate) handled: HashMap<Ms, String>,
    /// Sessions whose user had no code to type.
    pub(crate) lost: Vec<usize>,
}

/// A code that a user asked for.
pub(crate) struct Asked {
    pub(crate) at: Ms,
    pub(crate) session: usize,
    pub(crate) org: usize,
    pub(crate) code: String,
}

/// A code that Okta accepted.
pub(crate) struct Accepted {
    pub(crate) at: Ms,
    pub(crate) code: String,
    /// The events that tell of it; none where Okta's event hook tells of it nowhere.
    pub(crate) events: Vec<String>,
}

impl Accepted {
    /// When the first event of it was delivered.
    pub(crate) fn told(&self, truth: &Truth) -> Option<Ms> {
        self.events.iter().filter_map(|uuid| truth.delivered.get(uuid).copied()).min()
    }
}
