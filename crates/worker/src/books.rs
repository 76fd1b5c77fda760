use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use otp::Clock;
use tracing::{info, warn};

/// A guard before the ledger: each question has its time, and after one that got no answer nobody asks for a moment. So a ledger that
/// hangs costs one event its wait, not every event.
pub(crate) struct Books {
    limit: Duration,
    clock: Arc<dyn Clock>,
    away_until: Mutex<Option<Instant>>,
}

/// The ledger could not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Away;

/// For so long nobody asks again.
const REST: Duration = Duration::from_secs(1);

impl Books {
    pub(crate) fn new(limit: Duration, clock: Arc<dyn Clock>) -> Self {
        Self { limit, clock, away_until: Mutex::new(None) }
    }

    /// The answer, unless the books are away or too slow.
    pub(crate) async fn ask<T, E: Display>(
        &self,
        answer: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Away> {
        if self.away_until().is_some_and(|until| self.clock.monotonic() < until) {
            return Err(Away);
        }
        match tokio::time::timeout(self.limit, answer).await {
            Ok(Ok(told)) => {
                if self.set(None).is_some() {
                    info!("the ledger answers again");
                }
                Ok(told)
            }
            Ok(Err(err)) => Err(self.rest(&err)),
            Err(slow) => Err(self.rest(&slow)),
        }
    }

    fn rest(&self, why: &dyn Display) -> Away {
        if self.set(Some(self.clock.monotonic() + REST)).is_none() {
            warn!(error = %why, "the ledger cannot be asked; going by the phone number meanwhile");
        }
        Away
    }

    fn away_until(&self) -> Option<Instant> {
        *self.away_until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, until: Option<Instant>) -> Option<Instant> {
        std::mem::replace(&mut *self.away_until.lock().unwrap_or_else(PoisonError::into_inner), until)
    }
}
