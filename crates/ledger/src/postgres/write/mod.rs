//! A batch of facts, one statement per table.
//!
//! The facts of a batch that are about one row are folded into one: here among themselves, and in the upsert with what the row
//! already says, by the same comparison. Rows are written in the order of their keys, so that two batches meet in one order.

mod attempt;
mod column;
mod erasure;
mod event;
mod hook;
mod log_read;
mod outcome;
mod receipt;
mod replay;
mod send_event;
mod transaction;

use otp::Fact;
use sqlx::postgres::PgConnection;

use self::attempt::Attempts;
use self::event::Events;
use self::log_read::LogCursors;
use self::outcome::{DeadLetters, Quarantine, Reports};
use self::receipt::Receipts;
use self::replay::Replays;
use self::send_event::SendEvents;
use self::transaction::Transactions;

pub(super) use self::column::{key, moment};

/// Enters `facts`. Every statement may run again and in any order: see the crate's three rules.
pub(super) async fn facts(connection: &mut PgConnection, facts: &[Fact]) -> Result<(), sqlx::Error> {
    let facts = erasure::allowed(connection, facts).await?;
    let (mut transactions, mut attempts, mut events) =
        (Transactions::default(), Attempts::default(), Events::default());
    let (mut reports, mut receipts) = (Reports::default(), Receipts::default());
    let (mut send_events, mut log_cursors) = (SendEvents::default(), LogCursors::default());
    let (mut dead_letters, mut replays) = (DeadLetters::default(), Replays::default());
    let mut quarantine = Quarantine::default();
    for fact in facts.iter() {
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
            Fact::EventReplayed(replay) => {
                events.replayed(replay);
                replays.replayed(replay);
            }
            Fact::Quarantined(body) => quarantine.put_aside(body),
            Fact::ReceiptReceived(receipt) => receipts.received(receipt),
            Fact::SendNoted(noted) => send_events.noted(noted),
            Fact::LogRead(read) => log_cursors.read(read),
        }
    }
    transactions.enter(connection).await?;
    attempts.enter(connection).await?;
    events.enter(connection).await?;
    reports.enter(connection).await?;
    receipts.enter(connection).await?;
    send_events.enter(connection).await?;
    log_cursors.enter(connection).await?;
    dead_letters.enter(connection).await?;
    replays.enter(connection).await?;
    quarantine.enter(connection).await
}
