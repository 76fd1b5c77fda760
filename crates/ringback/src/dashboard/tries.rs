use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use otp::Clock;

/// So many wrong tokens may be typed in so long, by all together.
const MOST: usize = 10;
const WINDOW: Duration = Duration::from_secs(60);

/// How often a wrong token was typed. The form is for people; machines have the header, which nobody can lock.
pub(super) struct Tries {
    clock: Arc<dyn Clock>,
    wrong: Mutex<VecDeque<Instant>>,
}

impl Tries {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, wrong: Mutex::default() }
    }

    /// Leave to try once, which counts as wrong until it is [`Tries::was_right`]: many at once get no further than one after the other.
    /// Otherwise for how many seconds there is none.
    pub(super) fn one_more(&self) -> Result<(), u64> {
        let now = self.clock.monotonic();
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        wrong.retain(|at| now.saturating_duration_since(*at) < WINDOW);
        match wrong.front() {
            Some(first) if wrong.len() >= MOST => {
                Err((*first + WINDOW).saturating_duration_since(now).as_secs() + 1)
            }
            _ => {
                wrong.push_back(now);
                Ok(())
            }
        }
    }

    /// The last try was none.
    pub(super) fn was_right(&self) {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner).pop_back();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::{MOST, Tries, WINDOW};
    use crate::dashboard::tests::SetClock;

    #[test]
    fn wrong_tokens_are_few_and_right_ones_are_free() {
        let clock = Arc::new(SetClock::default());
        let tries = Tries::new(clock.clone());
        for _ in 0..3 * MOST {
            assert_eq!(tries.one_more(), Ok(()));
            tries.was_right();
        }
        for _ in 0..MOST {
            assert_eq!(tries.one_more(), Ok(()));
        }
        assert_eq!(tries.one_more(), Err(61));
        clock.advance(WINDOW - Duration::from_secs(1));
        assert_eq!(tries.one_more(), Err(2), "what is refused does not count");
        clock.advance(Duration::from_secs(1));
        assert_eq!(tries.one_more(), Ok(()));
    }
}
