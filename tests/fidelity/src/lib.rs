//! A simulated day with a known truth: what does Twilio end up knowing of what Okta knows?
//!
//! A [`World`] of users and a [`plan`](session) of what each of them does are drawn from a seed. A [`Day`](day) plays the plan on a
//! virtual clock against a simulated Okta (two orgs, one on each engine) and a simulated Twilio Verify, with one of several
//! [sides](side::Side) between them: the real service, the sample function it replaces, or nobody. Nothing sleeps and nothing depends on
//! how fast the machine is: time stands while a step is worked on, and the next step begins when it is finished. What really happened
//! is written down beside ([`truth`]), and [held](evidence) against what Verify and the books ended up with.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and so do its parts; it is outside of the product, so it reads the machine's own clock"
)]

mod day;
mod dice;
mod evidence;
mod hand;
mod measure;
mod outbox;
mod report;
mod ringback;
#[cfg(test)]
mod rules;
mod sample;
mod session;
mod side;
mod time;
mod truth;
mod verification;
mod world;

pub use day::{play, play_all};
pub use measure::Measure;
pub use report::table;
pub use side::Kind;
pub use world::World;
