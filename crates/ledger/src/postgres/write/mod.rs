//! A batch of facts, one statement per table.
//!
//! The facts of a batch that are about one row are folded into one: here among themselves, and in the upsert with what the row
//! already says, by the same comparison. Rows are written in the order of their keys, so that two batches meet in one order.

mod attempt;
mod column;
mod event;
mod hook;
mod outcome;
mod transaction;

use otp::Fact;
use sqlx::postgres::PgConnection;

use self::attempt::Attempts;
use self::event::Events;
use self::outcome::{DeadLetters, Quarantine, Reports};
use self::transaction::Transactions;

pub(super) use self::column::key;

/// Enters `facts`. Every statement may run again and in any order: see the crate's three rules.
pub(super) async fn facts(connection: &mut PgConnection, facts: &[Fact]) -> Result<(), sqlx::Error> {
    let (mut transactions, mut attempts, mut events) =
        (Transactions::default(), Attempts::default(), Events::default());
    let (mut reports, mut dead_letters, mut quarantine) =
        (Reports::default(), DeadLetters::default(), Quarantine::default());
    for fact in facts {
        match fact {
            Fact::HookReceived(hook) => transactions.received(hook),
            Fact::HookAnswered(answer) => transactions.answered(answer),
            Fact::TransactionSettled(end) => transactions.settled(end),
            Fact::AttemptStarted(start) => attempts.started(start),
            Fact::AttemptEnded(end) => attempts.ended(end),
            Fact::EventReceived(event) => events.received(event),
            Fact::EventSettled(end) => {
                events.settled(end);
                if let (Some(id), Some(at)) = (end.transaction, end.verified_at) {
                    transactions.verified(id, at);
                }
            }
            Fact::FeedbackReported(report) => reports.reported(report),
            Fact::DeadLettered(letter) => dead_letters.dead(letter),
            Fact::Quarantined(body) => quarantine.put_aside(body),
        }
    }
    transactions.enter(connection).await?;
    attempts.enter(connection).await?;
    events.enter(connection).await?;
    reports.enter(connection).await?;
    dead_letters.enter(connection).await?;
    quarantine.enter(connection).await
}
