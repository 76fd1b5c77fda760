//! Which fault strikes which request.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::Mutex;

use crate::fault::Fault;
use crate::sync::locked;

/// Faults waiting for their requests, by operation.
///
/// Scripted faults come first, in order, one request each; then the sticky one, if the operation has one.
pub(crate) struct FaultPlan<Op> {
    plans: Mutex<HashMap<Op, Plan>>,
}

#[derive(Default)]
struct Plan {
    scripted: VecDeque<Fault>,
    sticky: Option<Sticky>,
}

struct Sticky {
    fault: Fault,
    every: u64,
    seen: u64,
}

impl<Op: Eq + Hash> Default for FaultPlan<Op> {
    fn default() -> Self {
        Self { plans: Mutex::default() }
    }
}

impl<Op: Eq + Hash> FaultPlan<Op> {
    /// Adds `fault` for one more request of `op`.
    pub(crate) fn next(&self, op: Op, fault: Fault) {
        locked(&self.plans).entry(op).or_default().scripted.push_back(fault);
    }

    /// Lets `fault` strike every `every`-th request of `op` until healed.
    pub(crate) fn sticky(&self, op: Op, every: u64, fault: Fault) {
        locked(&self.plans).entry(op).or_default().sticky =
            Some(Sticky { fault, every: every.max(1), seen: 0 });
    }

    /// Forgets all faults.
    pub(crate) fn heal(&self) {
        locked(&self.plans).clear();
    }

    /// The next scripted fault of `op`.
    pub(crate) fn take_scripted(&self, op: &Op) -> Option<Fault> {
        locked(&self.plans).get_mut(op)?.scripted.pop_front()
    }

    /// The sticky fault of `op`, if it is this request's turn.
    pub(crate) fn take_sticky(&self, op: &Op) -> Option<Fault> {
        let mut plans = locked(&self.plans);
        let sticky = plans.get_mut(op)?.sticky.as_mut()?;
        sticky.seen += 1;
        sticky.seen.is_multiple_of(sticky.every).then(|| sticky.fault.clone())
    }

    /// How many scripted faults have not struck yet.
    pub(crate) fn waiting(&self) -> usize {
        locked(&self.plans).values().map(|plan| plan.scripted.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripted_before_sticky_and_each_once() {
        let plan = FaultPlan::default();
        plan.next("create", Fault::ResetBeforeAccept);
        plan.sticky("create", 1, Fault::Redirect);
        assert_eq!(plan.waiting(), 1);
        assert_eq!(plan.take_scripted(&"update"), None);
        assert_eq!(plan.take_scripted(&"create"), Some(Fault::ResetBeforeAccept));
        assert_eq!(plan.take_scripted(&"create"), None);
        assert_eq!(plan.take_sticky(&"create"), Some(Fault::Redirect));
        plan.heal();
        assert_eq!(plan.take_sticky(&"create"), None);
    }

    #[test]
    fn a_sticky_fault_may_take_turns() {
        let plan = FaultPlan::default();
        plan.sticky("create", 3, Fault::Redirect);
        let struck: Vec<bool> = (0..6).map(|_| plan.take_sticky(&"create").is_some()).collect();
        assert_eq!(struck, [false, false, true, false, false, true]);
    }
}
