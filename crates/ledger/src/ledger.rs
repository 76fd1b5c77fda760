use std::time::Duration;

use jiff::Timestamp;
use otp::{EventId, EventState, Fact, OrgName, TransactionId};
use uuid::Uuid;

use crate::postgres::PostgresLedger;
use crate::rows::{
    Activity, ActivityQuery, Applied, Attention, ClaimEnd, DeadLetterFilter, DeadLetterRow, EarlierHook,
    Erased, EventDetail, EventFilter, EventMatch, EventQuery, EventRow, Examination, FeedbackRow, Health,
    Migrated, Overview, Person, Purged, QuarantinedBody, ReportClaim, Retention, SendQuery, SendRecord,
    Timings, TransactionDetail, TransactionFilter, TransactionRow, Unattributed, UnattributedQuery,
    UnresolvedQuery, UnresolvedSend, UntoldQuery, UntoldSend,
};
use crate::sqlite::SqliteLedger;
use crate::{ApplyError, MigrateError, OpenError, Options, ReadError};

/// The books. Cheap to clone.
#[derive(Clone)]
pub struct Ledger(Backend);

#[derive(Clone)]
enum Backend {
    Sqlite(SqliteLedger),
    Postgres(PostgresLedger),
}

/// Every method says the same thing to whichever backend there is.
macro_rules! on {
    ($ledger:expr, $call:ident ( $($argument:expr),* )) => {
        match &$ledger.0 {
            Backend::Sqlite(backend) => backend.$call($($argument),*).await,
            Backend::Postgres(backend) => backend.$call($($argument),*).await,
        }
    };
}

impl Ledger {
    /// Opens the ledger at `url`: `sqlite:PATH` makes the file (readable by its owner only) and its folders where they are
    /// missing; `postgres://…` connects to nothing yet, and may be away. The schema is left as it is: see [`Ledger::migrate`].
    ///
    /// # Errors
    /// [`OpenError`] says what to change; it never repeats the URL.
    pub async fn open(url: &str, options: Options) -> Result<Self, OpenError> {
        match url.split_once(':') {
            Some(("sqlite", path)) => SqliteLedger::open(path, options).await.map(Backend::Sqlite).map(Self),
            Some(("postgres" | "postgresql", _)) => {
                PostgresLedger::open(url, options).map(Backend::Postgres).map(Self)
            }
            Some(("mysql" | "mariadb", _)) => Err(OpenError::Unsupported("MySQL")),
            Some(_) => Err(OpenError::Url("names no database known here")),
            None => Err(OpenError::Url("has no scheme")),
        }
    }

    /// The same ledger, each statement of which may take at most `limit`. A limit only shrinks.
    #[must_use]
    pub fn within(&self, limit: Duration) -> Self {
        match &self.0 {
            Backend::Sqlite(backend) => Self(Backend::Sqlite(backend.within(limit))),
            Backend::Postgres(backend) => Self(Backend::Postgres(backend.within(limit))),
        }
    }

    /// True when other processes may write to it.
    pub fn is_shared(&self) -> bool {
        match &self.0 {
            Backend::Sqlite(_) => false,
            Backend::Postgres(_) => true,
        }
    }

    /// Refuses a database that may forget what it took, unless [`Options::require_durable`] is off. [`Ledger::migrate`] does so too.
    ///
    /// # Errors
    /// [`MigrateError::NotDurable`] names the setting; [`MigrateError::Unavailable`] when nobody could be asked.
    pub async fn check_durability(&self) -> Result<(), MigrateError> {
        match &self.0 {
            // It is told how to sync by whoever opens it, which is us.
            Backend::Sqlite(_) => Ok(()),
            Backend::Postgres(backend) => backend.check_durability().await,
        }
    }

    /// Facts that are best entered at once. SQLite gains from every one that shares a commit. A statement to Postgres should fit in one
    /// segment of the network: sqlx 0.9.0 leaves Nagle's algorithm on, and the rest of a longer one waits for an acknowledgement that
    /// the other end delays by 40 ms.
    pub(crate) fn batch(&self) -> usize {
        match &self.0 {
            Backend::Sqlite(_) => 1000,
            Backend::Postgres(_) => 200,
        }
    }

    /// Brings the schema up. Several processes may do so at once.
    ///
    /// # Errors
    /// [`MigrateError::TooNew`] when a newer binary has been here and this one must not go on; [`MigrateError::NotDurable`] as
    /// [`Ledger::check_durability`].
    pub async fn migrate(&self) -> Result<Migrated, MigrateError> {
        on!(self, migrate())
    }

    /// Lets the role `ringback_analytics` read the analytics views, and makes it where it is missing and may be made; whether it is there.
    /// For the schema's owner.
    ///
    /// # Errors
    /// [`MigrateError`] when somebody else owns the views or nobody could be asked.
    pub async fn open_to_analysts(&self) -> Result<bool, MigrateError> {
        match &self.0 {
            // A file has no roles: who may read it reads all of it.
            Backend::Sqlite(_) => Ok(true),
            Backend::Postgres(backend) => backend.open_to_analysts().await,
        }
    }

    /// Enters `facts`, all in one transaction. Doing so again, in another order or in other batches changes nothing. Facts
    /// the database refuses for their content are reported, and the others entered.
    ///
    /// Once begun, the work goes on even when the caller stops waiting.
    ///
    /// # Errors
    /// [`ApplyError`]: nothing was entered, or (after a timeout) nobody knows. [`ApplyError::is_transient`] tells whether to try
    /// again.
    pub async fn apply(&self, facts: &[Fact]) -> Result<Applied, ApplyError> {
        on!(self, apply(facts))
    }

    /// How events stand, and the newest send that each may belong to (accepted or ambiguous, in (after, before]), in the order asked:
    /// one round trip. What was in the books before an event is seen with it.
    ///
    /// # Errors
    /// [`ReadError`] when the books could not be read; in place of an answer, [`ReadError::Damaged`] about that one alone.
    pub async fn match_events(
        &self,
        queries: &[EventQuery],
    ) -> Result<Vec<Result<EventMatch, ReadError>>, ReadError> {
        on!(self, match_events(queries))
    }

    /// The newest send that a query allows, whatever the event.
    ///
    /// # Errors
    /// [`ReadError`] when the books could not be read.
    pub async fn find_send(&self, query: &SendQuery) -> Result<Option<SendRecord>, ReadError> {
        on!(self, find_send(query))
    }

    /// How an event stands; `None` when the books do not know it (yet).
    ///
    /// # Errors
    /// [`ReadError`] when the books could not be read.
    pub async fn event_state(&self, event: &EventId) -> Result<Option<EventState>, ReadError> {
        let query = EventQuery { event: event.clone(), send: None };
        let found = self.match_events(&[query]).await?.into_iter().next().transpose()?;
        Ok(found.and_then(|found| found.state))
    }

    /// What a provider was told about a transaction: the report with the most effect, then the earliest.
    ///
    /// # Errors
    /// [`ReadError`] when the books could not be read.
    pub async fn feedback_for(&self, transaction: TransactionId) -> Result<Option<FeedbackRow>, ReadError> {
        on!(self, feedback_for(transaction))
    }

    /// Calls to providers of which nobody knows whether they were sent, begun in (`started_after`, `started_before`], oldest first. Those
    /// whose end nobody saw are among them once recovery has recorded them as ambiguous; one that is settled afterwards is not.
    ///
    /// # Errors
    /// [`ReadError`] when the books could not be read.
    pub async fn unresolved_sends(&self, query: &UnresolvedQuery) -> Result<Vec<UnresolvedSend>, ReadError> {
        on!(self, unresolved_sends(query))
    }

    /// What is known already below a provider's reference: of each accepted send but `send`, the provider's reference of the attempt, or
    /// of the message where it has no other.
    ///
    /// # Errors
    /// [`ReadError`] when the books could not be read.
    pub async fn attributed(
        &self,
        send: &UnresolvedSend,
        provider_ref: &str,
    ) -> Result<Vec<String>, ReadError> {
        on!(self, attributed(send, provider_ref))
    }

    /// When the next send to the same number through the same provider began, within a minute of this one, of those that the provider
    /// may have taken and gave no reference for.
    ///
    /// # Errors
    /// [`ReadError`] when the books could not be read.
    pub async fn next_send(&self, send: &UnresolvedSend) -> Result<Option<Timestamp>, ReadError> {
        on!(self, next_send(send))
    }

    /// Events that ended without a send, because it was not in the books yet, and for which there is one now. Oldest first.
    ///
    /// # Errors
    /// [`ReadError`] when the books could not be read.
    pub async fn unattributed(&self, query: &UnattributedQuery) -> Result<Vec<Unattributed>, ReadError> {
        on!(self, unattributed(query))
    }

    /// Messages of logins whose code went out twice, begun after `since`, that a provider took and was told nothing about: the login was
    /// reported about the other one. Oldest first, at most `limit` and 1,000.
    ///
    /// # Errors
    /// [`ReadError`] when the books could not be read.
    pub async fn second_messages(&self, since: Timestamp, limit: u32) -> Result<Vec<UntoldSend>, ReadError> {
        on!(self, second_messages(since, limit))
    }

    /// Messages of which no code was entered, or can be any more, and of which the provider was told nothing. Oldest first.
    ///
    /// # Errors
    /// [`ReadError`] when the books could not be read.
    pub async fn abandoned(&self, query: &UntoldQuery) -> Result<Vec<UntoldSend>, ReadError> {
        on!(self, abandoned(query))
    }

    /// What became of hooks that some node took, in the order asked: what Okta was told first, whichever node told it. One that was
    /// not answered and certainly not sent is as good as new. Asked about none, it says whether the books can be asked.
    ///
    /// # Errors
    /// [`ReadError`] when the books could not be read.
    pub async fn earlier_hooks(
        &self,
        hooks: &[(OrgName, String)],
    ) -> Result<Vec<Option<EarlierHook>>, ReadError> {
        on!(self, earlier_hooks(hooks))
    }

    /// Until which moment the System Log of an org has been read; `None` where it never was. What is on its way to the books is not seen.
    ///
    /// # Errors
    /// [`ReadError`] when the books could not be read.
    pub async fn log_read_until(&self, org: &OrgName) -> Result<Option<Timestamp>, ReadError> {
        on!(self, log_read_until(org))
    }

    /// Asks for `holder` to be the one who reports about each of `subjects`, from `now` for `ttl`; answered in the order asked. Who
    /// holds one already may ask again.
    ///
    /// # Errors
    /// [`ApplyError`]: nobody knows which were granted; claims end by themselves.
    pub async fn claim_reports(
        &self,
        subjects: &[String],
        holder: &str,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<Vec<ReportClaim>, ApplyError> {
        on!(self, claim_reports(subjects, holder, now, ttl))
    }

    /// Ends claims of `holder`.
    ///
    /// # Errors
    /// [`ApplyError`] when it is not known whether all were ended; claims end by themselves.
    pub async fn settle_claims(&self, ends: &[ClaimEnd], holder: &str) -> Result<(), ApplyError> {
        on!(self, settle_claims(ends, holder))
    }

    /// Transactions, newest first.
    ///
    /// # Errors
    /// [`ReadError`] when the books could not be read.
    pub async fn transactions(&self, filter: &TransactionFilter) -> Result<Vec<TransactionRow>, ReadError> {
        on!(self, transactions(filter))
    }

    /// One transaction with all that came of it.
    ///
    /// # Errors
    /// [`ReadError`] when the books could not be read.
    pub async fn transaction(&self, id: TransactionId) -> Result<Option<TransactionDetail>, ReadError> {
        on!(self, transaction(id))
    }

    /// Events, newest first.
    ///
    /// # Errors
    /// [`ReadError`] when the books could not be read.
    pub async fn events(&self, filter: &EventFilter) -> Result<Vec<EventRow>, ReadError> {
        on!(self, events(filter))
    }

    /// The event with this uuid, with all that came of it. Without an org, one for each org that has it.
    ///
    /// # Errors
    /// [`ReadError`] when the books could not be read.
    pub async fn event(&self, org: Option<&OrgName>, uuid: &str) -> Result<Vec<EventDetail>, ReadError> {
        on!(self, event(org, uuid))
    }

    /// Dead letters, newest first.
    ///
    /// # Errors
    /// [`ReadError`] when the books could not be read.
    pub async fn dead_letters(&self, filter: &DeadLetterFilter) -> Result<Vec<DeadLetterRow>, ReadError> {
        on!(self, dead_letters(filter))
    }

    /// Which database, which schema, how large.
    ///
    /// # Errors
    /// [`ReadError`] when the books could not be read.
    pub async fn health(&self) -> Result<Health, ReadError> {
        on!(self, health())
    }

    /// What the database says of itself, and what of that somebody should look at. Takes as long as reading a file does.
    ///
    /// # Errors
    /// [`ReadError`] when it could not be asked.
    pub async fn examine(&self) -> Result<Examination, ReadError> {
        on!(self, examine())
    }

    /// Counts of what was received (started, reported, …) at or after `since`, or of everything.
    ///
    /// # Errors
    /// [`ReadError`] when the books could not be read.
    pub async fn overview(&self, since: Option<Timestamp>) -> Result<Overview, ReadError> {
        on!(self, overview(since))
    }

    /// What became of the codes of a span, by time, country, channel and provider. It reads an index from its newest end and counts a
    /// bounded number of rows.
    ///
    /// # Errors
    /// [`ReadError`] when the books could not be read.
    pub async fn activity(&self, query: &ActivityQuery) -> Result<Activity, ReadError> {
        on!(self, activity(query))
    }

    /// How long answers, calls and reports of a span took. Bounded as [`Ledger::activity`].
    ///
    /// # Errors
    /// [`ReadError`] when the books could not be read.
    pub async fn timings(&self, query: &ActivityQuery) -> Result<Timings, ReadError> {
        on!(self, timings(query))
    }

    /// What wants a person's attention, seen from `now`.
    ///
    /// # Errors
    /// [`ReadError`] when the books could not be read.
    pub async fn attention(&self, now: Timestamp) -> Result<Attention, ReadError> {
        on!(self, attention(now))
    }

    /// Forgets sealed numbers and deletes rows that are older than `retention`, seen from `now`. It works in small steps, so that
    /// facts can be entered in between; the time limit is per step.
    ///
    /// # Errors
    /// [`ApplyError`] at the first step that failed; the steps before it are done.
    pub async fn purge(&self, now: Timestamp, retention: Retention) -> Result<Purged, ApplyError> {
        on!(self, purge(now, retention))
    }

    /// Takes a person out of all rows, a few hundred in one transaction, and out of all facts of before `now` that come later; rows stay,
    /// for what is counted. In a dry run nothing is changed, and counted what would be.
    ///
    /// Quarantined bodies are sealed: see [`Ledger::quarantined`]. Postgres keeps what a row said before until it is vacuumed.
    ///
    /// # Errors
    /// [`ApplyError`] at the first step that failed; the steps before it are done, and may be done again.
    pub async fn erase(&self, person: &Person, now: Timestamp, dry_run: bool) -> Result<Erased, ApplyError> {
        on!(self, erase(person, now, dry_run))
    }

    /// Bodies that nobody could read, in the order of their ids, a hundred at a time, behind `after`.
    ///
    /// # Errors
    /// [`ReadError`] when the books could not be read.
    pub async fn quarantined(&self, after: Option<Uuid>) -> Result<Vec<QuarantinedBody>, ReadError> {
        on!(self, quarantined(after))
    }

    /// Deletes such bodies; how many.
    ///
    /// # Errors
    /// [`ApplyError`] when nothing was deleted.
    pub async fn forget_quarantined(&self, ids: &[Uuid]) -> Result<u64, ApplyError> {
        on!(self, forget_quarantined(ids))
    }

    /// Waits for calls under way and closes the files or connections.
    pub async fn close(&self) {
        on!(self, close());
    }
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Backend::Sqlite(_) => f.write_str("Ledger(sqlite)"),
            Backend::Postgres(_) => f.write_str("Ledger(postgres)"),
        }
    }
}
