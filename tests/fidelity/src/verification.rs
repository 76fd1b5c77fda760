use crate::time::{MINUTE, Ms};
use crate::truth::{Accepted, Truth};

/// Twilio: a verification lives so long after its first send.
const LIFE: Ms = 10 * MINUTE;

/// One verification at Twilio, and what became of it.
#[derive(Default)]
pub(crate) struct Verification<'a> {
    /// Its first send.
    pub(crate) began: Ms,
    /// Codes of it that Okta accepted.
    pub(crate) accepted: Vec<&'a Accepted>,
    pub(crate) approved: Option<Ms>,
}

impl Verification<'_> {
    pub(crate) fn ends(&self) -> Ms {
        self.began + LIFE
    }

    /// When the first of its codes was accepted.
    pub(crate) fn first(&self) -> Option<Ms> {
        self.accepted.iter().map(|it| it.at).min()
    }

    /// When Twilio could first have been told.
    pub(crate) fn tellable(&self, truth: &Truth) -> Option<Ms> {
        let alive = self.accepted.iter().filter(|it| it.at < self.ends());
        alive.filter_map(|it| it.told(truth)).min().filter(|told| *told < self.ends())
    }

    /// When it was approved, if that was before anybody entered a code of it.
    pub(crate) fn approved_early(&self) -> Option<Ms> {
        self.approved.filter(|at| self.first().is_none_or(|first| *at < first))
    }
}
