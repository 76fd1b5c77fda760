use std::sync::{Mutex, MutexGuard, PoisonError};

use otp::{Deadline, FailureClass};
use tokio::sync::watch;

use crate::settings::AnswerPolicy;
use crate::told::Told;

/// A hook under way, shared by its worker, its answer timer and its copies.
pub(crate) struct Progress {
    state: Mutex<State>,
    /// Set once what is told is on disk (or could not be put there).
    ended: watch::Sender<Option<Reply>>,
}

enum State {
    /// Nothing was sent yet.
    Waiting,
    /// A provider may have been called.
    Sending,
    /// This is what Okta is told, whoever asks.
    Decided(Told),
    /// Nobody sends any more: our own fault.
    Refused,
}

/// How a hook ends for those who wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    Told(Told),
    /// 503: nothing was sent and nothing will be.
    Unavailable,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self { state: Mutex::new(State::Waiting), ended: watch::Sender::new(None) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The worker is about to call a provider. `false`: too late, the timer has answered that nothing was sent.
    pub(crate) fn start_sending(&self) -> bool {
        let mut state = self.lock();
        match *state {
            State::Waiting => {
                *state = State::Sending;
                true
            }
            State::Sending => true,
            State::Decided(_) | State::Refused => false,
        }
    }

    /// The worker knows the answer. What was decided first stands; `None` if it was "unavailable".
    pub(crate) fn decide(&self, told: Told) -> Option<Told> {
        let mut state = self.lock();
        match &*state {
            State::Decided(first) => Some(first.clone()),
            State::Refused => None,
            State::Waiting | State::Sending => {
                *state = State::Decided(told.clone());
                Some(told)
            }
        }
    }

    /// The worker cannot go on and has sent nothing.
    pub(crate) fn refuse(&self) {
        *self.lock() = State::Refused;
        self.end(Reply::Unavailable);
    }

    /// The worker is done.
    pub(crate) fn end(&self, reply: Reply) {
        self.ended.send_replace(Some(reply));
    }

    /// Waits for the end, but not past `deadline`: then what is known now is the answer, and it stands.
    pub(crate) async fn reply(&self, deadline: Deadline, policy: &AnswerPolicy) -> Reply {
        let mut ended = self.ended.subscribe();
        let end = ended.wait_for(Option::is_some);
        if let Ok(Ok(reply)) = tokio::time::timeout_at(deadline.instant().into(), end).await
            && let Some(reply) = reply.clone()
        {
            return reply;
        }
        self.known(policy)
    }

    /// The worker is gone without a word: what is known now is the answer, and nobody waits any longer.
    pub(crate) fn abandon(&self, policy: &AnswerPolicy) -> Reply {
        let reply = self.known(policy);
        self.end(reply.clone());
        reply
    }

    /// What can be said now; it stands from now on.
    fn known(&self, policy: &AnswerPolicy) -> Reply {
        let mut state = self.lock();
        match &*state {
            State::Decided(told) => Reply::Told(told.clone()),
            State::Refused => Reply::Unavailable,
            State::Waiting => {
                *state = State::Refused;
                Reply::Unavailable
            }
            State::Sending => {
                let told = Told::failure(FailureClass::Ambiguous, None, policy);
                *state = State::Decided(told.clone());
                Reply::Told(told)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use otp::{Answer, Clock as _, Deadline, SystemClock};

    use super::{Progress, Reply};
    use crate::settings::AnswerPolicy;
    use crate::told::Told;

    fn passed() -> Deadline {
        Deadline::after(SystemClock.monotonic(), Duration::ZERO)
    }

    #[tokio::test]
    async fn p3_at_the_deadline_what_is_known_is_the_answer_and_stands() {
        let policy = AnswerPolicy::default();
        // Nothing was sent: unavailable, and nothing may be sent any more.
        let stuck = Progress::new();
        assert_eq!(stuck.reply(passed(), &policy).await, Reply::Unavailable);
        assert!(!stuck.start_sending());
        // A provider was called: unknown, and the later truth does not change what was said.
        let slow = Progress::new();
        assert!(slow.start_sending());
        let Reply::Told(said) = slow.reply(passed(), &policy).await else { panic!("told") };
        assert_eq!(said.answer, Answer::Pending);
        assert_eq!(slow.decide(Told::accepted("VE1")), Some(said));
        // The outcome is known, only the disk is slow: the outcome is the answer.
        let known = Progress::new();
        assert!(known.start_sending());
        known.decide(Told::accepted("VE2"));
        assert_eq!(known.reply(passed(), &policy).await, Reply::Told(Told::accepted("VE2")));
    }
}
