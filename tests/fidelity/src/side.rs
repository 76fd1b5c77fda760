use sim::Sim;

use crate::ringback::{Ringback, Work};
use crate::sample::Sample;
use crate::time::{Ms, VirtualClock};
use crate::world::World;

/// What stands between Okta and Twilio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// The service, all in one process.
    #[default]
    OneProcess,
    /// The service: two ingress nodes and a worker, each with its own journal, and shared books.
    TwoNodes,
    /// The same, with `feedback.cancel = "never"`.
    NeverCancels,
    /// The sample function that Twilio published.
    Sample,
    /// Codes are sent; nobody is told anything.
    NoFeedback,
}

impl Kind {
    /// Every kind, in the order of the table.
    pub const ALL: [Self; 5] =
        [Self::OneProcess, Self::TwoNodes, Self::NeverCancels, Self::Sample, Self::NoFeedback];

    /// The head of its column.
    pub fn title(self) -> &'static str {
        match self {
            Self::OneProcess => "Ringback, one process",
            Self::TwoNodes => "Ringback, two nodes",
            Self::NeverCancels => "… with `cancel = \"never\"`",
            Self::Sample => "the sample function",
            Self::NoFeedback => "no feedback",
        }
    }

    /// Whether it keeps books.
    pub fn keeps_books(self) -> bool {
        matches!(self, Self::OneProcess | Self::TwoNodes | Self::NeverCancels)
    }
}

/// One of them, running.
pub(crate) enum Side {
    Ringback(Box<Ringback>),
    Sample(Sample),
}

impl Side {
    /// Starts it. The first simulator's Verify is the one that it sends through.
    pub(crate) async fn start(kind: Kind, world: &World, sims: &[Sim], clock: &VirtualClock) -> Self {
        match kind {
            Kind::OneProcess | Kind::TwoNodes | Kind::NeverCancels => {
                Self::Ringback(Box::new(Ringback::start(kind, world, sims, clock).await))
            }
            Kind::Sample => Self::Sample(Sample::start(sims, true).await),
            Kind::NoFeedback => Self::Sample(Sample::start(sims, false).await),
        }
    }

    /// Where an org's next request goes.
    pub(crate) fn urls(&mut self, org: usize) -> (String, String) {
        match self {
            Self::Ringback(ringback) => ringback.urls(org),
            Self::Sample(sample) => sample.urls(org),
        }
    }

    /// What is to be done because of what just happened, and when.
    pub(crate) async fn next(&mut self, now: Ms) -> Vec<(Ms, Work)> {
        match self {
            Self::Ringback(ringback) => ringback.next(now).await,
            Self::Sample(_) => Vec::new(),
        }
    }

    /// Does some of it.
    pub(crate) async fn work(&mut self, now: Ms, work: Work) -> Vec<(Ms, Work)> {
        match self {
            Self::Ringback(ringback) => ringback.work(now, work).await,
            Self::Sample(_) => panic!("it works while Okta waits"),
        }
    }

    /// Whether an event is worked on while Okta waits for the answer to its delivery: the first of them.
    pub(crate) fn works_at_delivery(&self) -> bool {
        matches!(self, Self::Sample(_))
    }
}
