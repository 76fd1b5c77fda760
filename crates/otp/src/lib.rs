//! The words of the field: phone number, passcode, channel, purpose, transaction, attempt, failure class, event, deadline, clock
//! and [`Fact`]. No I/O, no async, no vendor, no storage.
//!
//! Two things here are kept from printing themselves: a [`Passcode`] cannot be formatted, serialised or compared, and a
//! [`PhoneNumber`] shows itself masked. What is at rest is a [`SealedPhone`] made by the [`Vault`].

mod channel;
mod clock;
pub mod crash;
mod deadline;
mod entropy;
mod erasure;
mod event;
mod fact;
mod feedback;
mod org;
mod outcome;
mod passcode;
mod phone;
mod phone_memo;
mod send_event;
mod transaction;
mod vault;

pub use channel::Channel;
pub use clock::{Clock, SystemClock};
pub use deadline::Deadline;
pub use entropy::{Entropy, SystemEntropy};
pub use erasure::ErasureMark;
pub use event::{EventId, EventState, Factor, OktaEvent, Reading};
pub use fact::{
    AttemptEnded, AttemptStarted, DeadLettered, DecodeError, EventReceived, EventReplayed, EventSettled,
    Fact, FeedbackReported, HookAnswered, HookReceived, LogRead, Quarantined, ReceiptReceived, SendNoted,
    TransactionSettled,
};
pub use feedback::{MatchedBy, ReportResult, Verdict};
pub use org::{OrgName, OrgNameError};
pub use outcome::{Answer, AttemptOutcome, FailureClass, TransactionStatus};
pub use passcode::{Passcode, PasscodeError};
pub use phone::{Country, PhoneError, PhoneNumber};
pub use send_event::{EventSource, OktaSendEvent, SendEventKind, SendOutcome, SentBy};
pub use transaction::{Purpose, Settler, TransactionId};
pub use vault::{KeyError, PhoneHmac, SealedPhone, UnsealError, Vault};
