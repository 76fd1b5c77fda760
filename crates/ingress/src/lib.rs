//! HTTP in: Okta's two hooks, and what providers say of messages.
//!
//! A request is authenticated, read within bounds and answered in time; what it says is on disk before anything depends on it. The
//! queue and the worker are not known here: they read the journal. The ledger is only asked what an earlier or another process said
//! about a hook that comes again.

mod answers;
mod books;
mod callbacks;
mod door;
mod events;
pub mod http;
mod org;
mod pipeline;
mod progress;
mod recovery;
mod router;
mod seen;
mod settings;
mod state;
mod telephony;
mod told;

pub use org::Org;
pub use recovery::{Recovered, RecoveryError, recover, recover_adopted};
pub use router::router;
pub use settings::{AnswerPolicy, OnAmbiguous, OnBlocked, OnFailed, Settings};
pub use state::{Ingress, Parts, keep_cursor};
