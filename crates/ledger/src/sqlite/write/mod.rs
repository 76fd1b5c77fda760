//! Facts of one kind are rows of one statement (or two). Every statement may run again and in any order: see the crate's three rules.

mod attempt;
mod erasure;
mod event;
mod log_read;
mod outcome;
mod receipt;
mod replay;
mod rows;
mod send_event;
mod transaction;

use otp::{
    AttemptEnded, AttemptStarted, EventReceived, EventReplayed, EventSettled, Fact, FeedbackReported,
    HookAnswered, HookReceived, ReceiptReceived, SendNoted, TransactionSettled,
};
use sqlx::SqliteConnection;

/// Facts by kind. The order of kinds does not matter; within a kind it is kept.
#[derive(Default)]
struct Sorted<'a> {
    hooks: Vec<&'a HookReceived>,
    starts: Vec<&'a AttemptStarted>,
    ends: Vec<&'a AttemptEnded>,
    settled: Vec<&'a TransactionSettled>,
    answers: Vec<&'a HookAnswered>,
    events: Vec<&'a EventReceived>,
    settled_events: Vec<&'a EventSettled>,
    replays: Vec<&'a EventReplayed>,
    reports: Vec<&'a FeedbackReported>,
    receipts: Vec<&'a ReceiptReceived>,
    send_events: Vec<&'a SendNoted>,
}

pub(super) async fn fact(connection: &mut SqliteConnection, fact: &Fact) -> Result<(), sqlx::Error> {
    facts(connection, std::slice::from_ref(fact)).await
}

/// Enters facts, each as [`fact`] would.
pub(super) async fn facts(connection: &mut SqliteConnection, facts: &[Fact]) -> Result<(), sqlx::Error> {
    let facts = erasure::allowed(connection, facts).await?;
    let mut sorted = Sorted::default();
    for fact in facts.iter() {
        match fact {
            Fact::HookReceived(hook) => sorted.hooks.push(hook),
            Fact::HookAnswered(answer) => sorted.answers.push(answer),
            Fact::TransactionSettled(end) => sorted.settled.push(end),
            Fact::AttemptStarted(start) => sorted.starts.push(start),
            Fact::AttemptEnded(end) => sorted.ends.push(end),
            Fact::EventReceived(event) => sorted.events.push(event),
            Fact::EventSettled(end) => sorted.settled_events.push(end),
            Fact::EventReplayed(replay) => sorted.replays.push(replay),
            Fact::FeedbackReported(report) => sorted.reports.push(report),
            Fact::ReceiptReceived(receipt) => sorted.receipts.push(receipt),
            Fact::SendNoted(noted) => sorted.send_events.push(noted),
            // Rare: no use in gathering them.
            Fact::DeadLettered(letter) => outcome::dead(connection, letter).await?,
            Fact::Quarantined(body) => outcome::quarantined(connection, body).await?,
            Fact::LogRead(read) => log_read::read(connection, read).await?,
        }
    }
    transaction::received(connection, &sorted.hooks).await?;
    attempt::started(connection, &sorted.starts).await?;
    attempt::ended(connection, &sorted.ends).await?;
    transaction::settled(connection, &sorted.settled).await?;
    transaction::answered(connection, &sorted.answers).await?;
    event::received(connection, &sorted.events).await?;
    event::settled(connection, &sorted.settled_events).await?;
    replay::replayed(connection, &sorted.replays).await?;
    outcome::reported(connection, &sorted.reports).await?;
    receipt::received(connection, &sorted.receipts).await?;
    send_event::noted(connection, &sorted.send_events).await
}
