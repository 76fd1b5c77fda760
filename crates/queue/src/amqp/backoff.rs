use std::sync::Arc;
use std::time::Duration;

use otp::Entropy;

/// How long to wait before trying again: doubling from 0.1 s to 5 s, the upper half of it by chance.
pub(super) struct Backoff {
    entropy: Arc<dyn Entropy>,
    failures: u32,
}

impl Backoff {
    const LEAST: Duration = Duration::from_millis(100);
    const MOST: Duration = Duration::from_secs(5);

    pub(super) fn new(entropy: Arc<dyn Entropy>) -> Self {
        Self { entropy, failures: 0 }
    }

    /// It went well: the next wait is the shortest again.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }

    /// The next wait.
    pub(super) fn next(&mut self) -> Duration {
        let most = Self::MOST.min(Self::LEAST * 2u32.saturating_pow(self.failures.min(6)));
        self.failures = self.failures.saturating_add(1);
        most / 2 + self.entropy.jitter(most / 2)
    }
}

#[cfg(test)]
mod tests {
    use otp::SystemEntropy;

    use super::*;

    #[test]
    fn b1_waits_grow_and_stay_bounded() {
        let mut backoff = Backoff::new(Arc::new(SystemEntropy));
        let waits: Vec<_> = (0..20).map(|_| backoff.next()).collect();
        assert!(waits[0] <= Backoff::LEAST);
        assert!(waits.iter().all(|wait| *wait <= Backoff::MOST));
        assert!(waits[10..].iter().all(|wait| *wait >= Backoff::MOST / 2));
        backoff.reset();
        assert!(backoff.next() <= Backoff::LEAST);
    }
}
