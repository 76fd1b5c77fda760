use std::time::Duration;

use uuid::Uuid;

use crate::{Clock, TransactionId};

/// Where randomness comes from.
pub trait Entropy: Send + Sync + 'static {
    /// Fills `bytes` with unpredictable bytes.
    fn fill(&self, bytes: &mut [u8]);
}

impl dyn Entropy {
    /// A time-ordered id (UUIDv7) for `clock`'s present moment.
    pub fn id(&self, clock: &dyn Clock) -> Uuid {
        let mut random = [0u8; 10];
        self.fill(&mut random);
        let millis = u64::try_from(clock.now().as_millisecond()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }

    /// A new transaction's id.
    pub fn transaction_id(&self, clock: &dyn Clock) -> TransactionId {
        TransactionId::from(self.id(clock))
    }

    /// Anything from zero up to `most` ("full jitter"), so that retries do not march in step.
    pub fn jitter(&self, most: Duration) -> Duration {
        let mut bytes = [0u8; 4];
        self.fill(&mut bytes);
        most.mul_f64(f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX))
    }
}

/// The operating system's randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        if aws_lc_rs::rand::fill(bytes).is_err() {
            // Seen never; without randomness neither ids nor sealing may go on.
            std::process::abort();
        }
    }
}
