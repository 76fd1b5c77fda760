use std::time::Duration;

/// The most a connection may take: a provider that is away costs no more than this.
const CONNECT: Duration = Duration::from_millis(500);
/// The most a call may take while another provider is left.
const SHARED: Duration = Duration::from_millis(1_400);
/// What a call leaves for the provider after it.
const LEFT_FOR_OTHERS: Duration = Duration::from_millis(1_000);
/// No further call is begun with less: it would hardly connect, write and be answered.
pub(crate) const ENOUGH: Duration = Duration::from_millis(800);

/// How many calls one message may cost, and how long they may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Calls per message, to all providers together. At least one is made.
    pub max_attempts: u8,
    /// Kept back before the deadline, to write the outcome down and to answer.
    pub reserve: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self { max_attempts: 2, reserve: Duration::from_millis(150) }
    }
}

/// How long one call may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// From the start until the connection stands (name, TCP, TLS) and the request is being written.
    pub connect: Duration,
    /// From the start until the last byte of the answer.
    pub total: Duration,
}

impl Policy {
    /// How long a number's turn is waited for with `remaining` until the deadline. While another provider could follow, as long as both can
    /// still be called.
    pub(crate) fn turn(&self, remaining: Duration, another_may_follow: bool) -> Duration {
        remaining.saturating_sub(if another_may_follow { CONNECT + LEFT_FOR_OTHERS } else { ENOUGH })
    }

    /// The budget of a call with `remaining` until the deadline. While another provider could follow it is shared; where too little
    /// would be left for two useful calls, this one gets all of it.
    pub fn budget(&self, remaining: Duration, another_may_follow: bool) -> Budget {
        let all = remaining.saturating_sub(self.reserve);
        let shared = SHARED.min(remaining.saturating_sub(LEFT_FOR_OTHERS)).min(all);
        let total = if another_may_follow && shared >= CONNECT { shared } else { all };
        Budget { connect: CONNECT.min(total), total }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::Policy;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn a_call_leaves_time_for_the_next_provider() {
        for (remaining, another, connect, total) in [
            (2_600, true, 500, 1_400),  // the usual first call
            (2_000, true, 500, 1_000),  // a late one leaves a second to the other
            (1_500, true, 500, 500),    // the least that is shared
            (1_499, true, 500, 1_349),  // too late for two: all for this one
            (2_600, false, 500, 2_450), // the last call: all but the reserve
            (1_200, false, 500, 1_050),
            (400, false, 250, 250),
            (100, false, 0, 0),
            (0, true, 0, 0),
        ] {
            let budget = Policy::default().budget(ms(remaining), another);
            assert_eq!((budget.connect, budget.total), (ms(connect), ms(total)), "{remaining} {another}");
        }
    }

    proptest! {
        #[test]
        fn p3_no_budget_reaches_into_the_reserve(remaining in 0u64..10_000, reserve in 0u64..1_000, another: bool) {
            let policy = Policy { reserve: ms(reserve), ..Policy::default() };
            let budget = policy.budget(ms(remaining), another);
            prop_assert!(budget.connect <= budget.total && budget.connect <= ms(500));
            prop_assert!(budget.total <= ms(remaining.saturating_sub(reserve)));
        }
    }
}
