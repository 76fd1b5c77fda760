//! One fact, one row (or two). Every statement may run again and in any order: see the crate's three rules.

mod attempt;
mod event;
mod outcome;
mod transaction;

use otp::Fact;
use sqlx::SqliteConnection;

pub(super) async fn fact(connection: &mut SqliteConnection, fact: &Fact) -> Result<(), sqlx::Error> {
    match fact {
        Fact::HookReceived(hook) => transaction::received(connection, hook).await,
        Fact::HookAnswered(answer) => transaction::answered(connection, answer).await,
        Fact::TransactionSettled(end) => transaction::settled(connection, end).await,
        Fact::AttemptStarted(start) => attempt::started(connection, start).await,
        Fact::AttemptEnded(end) => attempt::ended(connection, end).await,
        Fact::EventReceived(event) => event::received(connection, event).await,
        Fact::EventSettled(end) => event::settled(connection, end).await,
        Fact::FeedbackReported(report) => outcome::reported(connection, report).await,
        Fact::DeadLettered(letter) => outcome::dead(connection, letter).await,
        Fact::Quarantined(body) => outcome::quarantined(connection, body).await,
    }
}
