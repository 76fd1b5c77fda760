use jiff::{SignedDuration, Timestamp};
use otp::{Channel, PhoneNumber};

/// A message of which nobody knows whether the provider took it.
#[derive(Debug, Clone, Copy)]
pub struct Sought<'a> {
    /// Whom it was for.
    pub to: &'a PhoneNumber,
    /// How it was to reach them.
    pub channel: Channel,
    /// When the call to the provider began.
    pub started_at: Timestamp,
    /// When it ended without a clear answer.
    pub ended_at: Timestamp,
    /// The provider's references of attempts (of messages, where it has no others) that are known to be another send's.
    pub except: &'a [String],
}

/// What a provider's own list says of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// It took it.
    Taken {
        /// Its reference of the message.
        provider_ref: String,
        /// Its reference of the attempt.
        attempt_ref: Option<String>,
    },
    /// There is no such message in the list, for now.
    NotTaken,
    /// It has no list to look in.
    Unknown,
}

impl Sought<'_> {
    /// The same, but only what was taken before a later send to this number can have been, which began at `next`; `None` where that one
    /// followed too soon for anything to be told apart by time.
    pub fn until(self, next: Timestamp) -> Option<Self> {
        let last = next.checked_sub(Self::BEFORE + Self::AFTER).unwrap_or(Timestamp::MIN);
        let cut = Self { ended_at: self.ended_at.min(last), ..self };
        let (from, to) = cut.window();
        (from < to).then_some(cut)
    }

    /// Providers' moments are of whole seconds, and of a clock that may be 5 s behind ours before anybody is warned.
    const BEFORE: SignedDuration = SignedDuration::from_secs(6);
    /// A request that we gave up may be carried out a little later. A user asks for another code later than that, as a rule.
    const AFTER: SignedDuration = SignedDuration::from_secs(5);

    /// Between which moments the message was taken, if it was.
    pub(crate) fn window(&self) -> (Timestamp, Timestamp) {
        let from = self.started_at.checked_sub(Self::BEFORE).unwrap_or(Timestamp::MIN);
        (from, self.ended_at.checked_add(Self::AFTER).unwrap_or(Timestamp::MAX))
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use otp::{Channel, PhoneNumber};

    use super::Sought;

    #[test]
    fn c5_what_was_taken_after_the_next_send_began_is_that_ones() {
        let to = PhoneNumber::parse("+15555550100", None).unwrap();
        let at = |seconds: i64| Timestamp::from_second(1_000 + seconds).unwrap();
        let sought =
            Sought { to: &to, channel: Channel::Sms, started_at: at(0), ended_at: at(2), except: &[] };
        assert_eq!(sought.window(), (at(-6), at(7)));
        assert_eq!(sought.until(at(5)).unwrap().window(), (at(-6), at(-1)));
        assert_eq!(sought.until(at(60)).unwrap().window(), (at(-6), at(7)));
        assert!(sought.until(at(1)).is_some());
        assert!(sought.until(at(0)).is_none(), "two at once");
    }
}
