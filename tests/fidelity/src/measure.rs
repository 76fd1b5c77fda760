//! The numbers of one side's day.

use crate::side::Kind;
use crate::time::Ms;

/// What Verify and the books ended up with, held against the truth.
#[derive(Debug, Clone, Default)]
pub struct Measure {
    /// Whose.
    pub kind: Kind,
    /// Messages that Verify took.
    pub sent: usize,
    /// Verifications at Twilio.
    pub verifications: usize,
    /// Codes that Okta accepted.
    pub accepted: usize,
    /// Verifications of which a code was accepted while they lived, and Okta's event delivered.
    pub in_time: usize,
    /// Of these, approved.
    pub approved: usize,
    /// Verifications of which no code was ever accepted.
    pub never_completed: usize,
    /// Of these, approved.
    pub wrongly_approved: usize,
    /// Verifications that were approved before any code of theirs was accepted: by the event of another one, as a rule an older one.
    pub approved_early: usize,
    /// Of these, by the event of an older code.
    pub closed_by_older: usize,
    /// Codes accepted, with events that came when it was too late for Twilio.
    pub too_late: usize,
    /// Of these, in the books as verified.
    pub too_late_recorded: usize,
    /// Codes accepted that Okta told of in any time.
    pub told: usize,
    /// Of these, in the books as verified.
    pub told_recorded: usize,
    /// Codes accepted by Identity Engine, where only the last one works.
    pub told_exact: usize,
    /// Of these, recorded at the very message.
    pub told_exact_recorded: usize,
    /// Messages recorded as verified whose verification was never completed.
    pub wrongly_recorded: usize,
    /// Codes accepted that Okta's event hook tells of nowhere: recovery on Classic.
    pub untold: usize,
    /// Reports to Verify.
    pub posts: usize,
    /// Of these, refused with 404.
    pub posts_in_vain: usize,
    /// Verifications that were cancelled, to make room for another.
    pub canceled: usize,
    /// From an event's delivery to the approval.
    pub lags: Vec<Ms>,
    /// Messages refused with 60203.
    pub refused: usize,
    /// Users who got no further because of it.
    pub lost: usize,
    /// Events of wrong codes.
    pub failures: usize,
    /// Of these, in the books.
    pub failures_recorded: usize,
    /// One line for everything that should not be, for people who look for the cause.
    pub faults: Vec<String>,
}

impl Measure {
    /// Reports per verification that there was something to report about.
    pub fn posts_per_verification(&self) -> f64 {
        self.posts as f64 / self.in_time.max(1) as f64
    }

    /// The lag that `share` of the approvals did not exceed.
    pub fn lag(&self, share: f64) -> Option<Ms> {
        let last = self.lags.len().checked_sub(1)?;
        Some(self.lags[(last as f64 * share).round() as usize])
    }
}
