//! So that two workers never report one verification at the same time. The ledger arbitrates; while it is away each goes on alone,
//! and the provider answers the second report with 404.

use jiff::Timestamp;
use ledger::{ClaimEnd, ReportClaim};
use otp::{PhoneHmac, TransactionId};
use tracing::debug;

use crate::books::Away;
use crate::subject::{earlier, later};
use crate::worker::Worker;

/// What the ledger says to a worker that wants to report.
pub(crate) enum Claimed {
    /// Go on. `doubtful`: somebody else may have reported.
    Granted { claim: Option<Claim>, doubtful: bool },
    /// Another worker is at it.
    Held,
    /// Another worker has reported, then.
    Done(Timestamp),
}

/// The right to report, to be given back once the books know the end.
pub(crate) struct Claim {
    pub(crate) subject: String,
    /// About a transaction: its effect is remembered, for as long as another event of its login may come. A number may have another
    /// verification soon.
    pub(crate) lasting: bool,
}

/// What became of a report, for those who come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It had its effect.
    Had,
    /// It had none.
    None,
    /// Nobody knows: the claim is left to expire.
    Unknown,
}

impl Worker {
    /// Asks for the right to report: about a transaction, or about a number where no record is known.
    pub(crate) async fn claim(
        &self,
        transaction: Option<TransactionId>,
        provider: &str,
        phone: Option<&PhoneHmac>,
    ) -> Claimed {
        if self.settings.alone {
            return Claimed::Granted { claim: None, doubtful: false };
        }
        let subject = match transaction {
            Some(transaction) => transaction.to_string(),
            None => format!("{provider}/{}", phone.map_or("", PhoneHmac::as_str)),
        };
        match self.books.claim(subject.clone()).await {
            Ok(ReportClaim::Granted { doubtful }) => {
                let claim = Some(Claim { subject, lasting: transaction.is_some() });
                Claimed::Granted { claim, doubtful }
            }
            Ok(ReportClaim::Held) => Claimed::Held,
            Ok(ReportClaim::Done { until }) => Claimed::Done(earlier(until, self.settings.life)),
            Err(Away) => Claimed::Granted { claim: None, doubtful: false },
        }
    }

    /// Says what became of the report that was claimed.
    pub(crate) async fn unclaim(&self, claim: Claim, effect: Effect) {
        let done = match effect {
            Effect::Unknown => return,
            Effect::Had if claim.lasting => Some(later(self.clock.now(), self.settings.life)),
            Effect::Had | Effect::None => None,
        };
        if self.books.settle(ClaimEnd { subject: claim.subject, done }).await.is_err() {
            debug!("a claim is left to expire");
        }
    }
}
