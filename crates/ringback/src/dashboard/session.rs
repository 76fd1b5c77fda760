use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use otp::{Clock, Entropy};
use subtle::{Choice, ConstantTimeEq as _};

/// A session ends after so long, whatever is done in it.
pub(super) const LIFE: Duration = Duration::from_secs(12 * 60 * 60);
/// More people than these do not look at one process; the oldest session makes room.
const MOST: usize = 32;

/// Who has shown the token with a browser. They are kept in memory alone: a restart ends them.
pub(super) struct Sessions {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    open: Mutex<Vec<Session>>,
}

struct Session {
    id: [u8; 32],
    ends: Instant,
}

impl Sessions {
    pub(super) fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self { clock, entropy, open: Mutex::default() }
    }

    /// Those that have not ended.
    fn open(&self) -> MutexGuard<'_, Vec<Session>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.monotonic();
        open.retain(|session| now < session.ends);
        open
    }

    /// A new session: what its cookie holds.
    pub(super) fn begin(&self) -> String {
        let mut id = [0; 32];
        self.entropy.fill(&mut id);
        let ends = self.clock.monotonic() + LIFE;
        let mut open = self.open();
        if open.len() >= MOST {
            // They stand in the order in which they began.
            open.remove(0);
        }
        open.push(Session { id, ends });
        hex::encode(id)
    }

    /// Whether a cookie's value is that of a session that has not ended. It takes as long whichever it is.
    pub(super) fn holds(&self, cookie: &str) -> bool {
        let Some(id) = read(cookie) else { return false };
        let found = self.open().iter().fold(Choice::from(0), |found, session| found | session.id.ct_eq(&id));
        found.into()
    }

    /// Ends one.
    pub(super) fn end(&self, cookie: &str) {
        if let Some(id) = read(cookie) {
            self.open().retain(|session| !bool::from(session.id.ct_eq(&id)));
        }
    }
}

fn read(cookie: &str) -> Option<[u8; 32]> {
    let mut id = [0; 32];
    hex::decode_to_slice(cookie, &mut id).ok().map(|()| id)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use otp::SystemEntropy;

    use super::{LIFE, MOST, Sessions};
    use crate::dashboard::tests::SetClock;

    fn sessions(clock: &Arc<SetClock>) -> Sessions {
        Sessions::new(clock.clone(), Arc::new(SystemEntropy))
    }

    #[test]
    fn a_session_ends_by_itself_and_by_hand() {
        let clock = Arc::new(SetClock::default());
        let sessions = sessions(&clock);
        let (first, second) = (sessions.begin(), sessions.begin());
        assert_ne!(first, second);
        assert!(sessions.holds(&first) && sessions.holds(&second));
        for odd in ["", "00", &"0".repeat(64), &first[1..], &format!("{first}0"), &"é".repeat(32)] {
            assert!(!sessions.holds(odd), "{odd}");
        }
        sessions.end(&first);
        assert!(!sessions.holds(&first) && sessions.holds(&second));
        clock.advance(LIFE - Duration::from_secs(1));
        assert!(sessions.holds(&second));
        clock.advance(Duration::from_secs(1));
        assert!(!sessions.holds(&second), "whatever was done in it");
    }

    #[test]
    fn there_are_never_more_than_so_many() {
        let sessions = sessions(&Arc::new(SetClock::default()));
        let first = sessions.begin();
        let all: Vec<_> = (0..MOST).map(|_| sessions.begin()).collect();
        assert!(!sessions.holds(&first), "the oldest has made room");
        assert!(all.iter().all(|cookie| sessions.holds(cookie)));
        assert_eq!(sessions.open().len(), MOST);
    }
}
