use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::Timestamp;
use otp::{AttemptEnded, AttemptOutcome, AttemptStarted};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::column::{column, key, moment};
use crate::text::{instant, optional, text};

/// What a batch says of calls to providers.
#[derive(Default)]
pub(super) struct Attempts<'f>(BTreeMap<(Uuid, u8), Attempt<'f>>);

/// A call that has ended is never set back to having begun: the later variant outranks the earlier.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Attempt<'f> {
    /// The earliest begin counts.
    Started(Reverse<(Timestamp, Cow<'f, str>)>),
    Ended(Ended<'f>),
}

/// A send that was seen outranks one that was looked for in vain; what is known outranks `ambiguous` (which crash recovery says of a
/// call whose end it did not see); then the later end counts. The fields stand in the order in which they are compared.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Ended<'f> {
    accepted: bool,
    known: bool,
    at: Timestamp,
    outcome: &'static str,
    provider: Cow<'f, str>,
    started_at: Timestamp,
    http_status: Option<u16>,
    provider_code: Option<Cow<'f, str>>,
    provider_ref: Option<Cow<'f, str>>,
    attempt_ref: Option<Cow<'f, str>>,
}

impl Attempt<'_> {
    fn provider(&self) -> &str {
        match self {
            Self::Started(Reverse((_, provider))) => provider,
            Self::Ended(end) => &end.provider,
        }
    }

    fn started_at(&self) -> Timestamp {
        match self {
            Self::Started(Reverse((at, _))) => *at,
            Self::Ended(end) => end.started_at,
        }
    }

    fn end(&self) -> Option<&Ended<'_>> {
        match self {
            Self::Started(_) => None,
            Self::Ended(end) => Some(end),
        }
    }
}

impl<'f> Attempts<'f> {
    fn fold(&mut self, call: (Uuid, u8), attempt: Attempt<'f>) {
        let known = self.0.remove(&call);
        let outranking = known.into_iter().chain([attempt]).max();
        self.0.extend(outranking.map(|attempt| (call, attempt)));
    }

    pub(super) fn started(&mut self, start: &'f AttemptStarted) {
        let began = (instant(start.started_at), text(&start.provider));
        self.fold((key(start.transaction), start.n), Attempt::Started(Reverse(began)));
    }

    pub(super) fn ended(&mut self, end: &'f AttemptEnded) {
        let ended = Ended {
            accepted: end.outcome == AttemptOutcome::Accepted,
            known: end.outcome != AttemptOutcome::Ambiguous,
            at: instant(end.ended_at),
            outcome: end.outcome.as_str(),
            provider: text(&end.provider),
            started_at: instant(end.started_at),
            http_status: end.http_status,
            provider_code: optional(end.provider_code.as_deref()),
            provider_ref: optional(end.provider_ref.as_deref()),
            attempt_ref: optional(end.attempt_ref.as_deref()),
        };
        self.fold((key(end.transaction), end.n), Attempt::Ended(ended));
    }

    pub(super) async fn enter(self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.0.is_empty() {
            return Ok(());
        }
        let rows: Vec<_> = self.0.into_iter().collect();
        sqlx::query!(
            "INSERT INTO send_attempts AS a (
                transaction_id, n, provider, started_at, ended_at, outcome, http_status, provider_code, provider_ref,
                attempt_ref
            )
            SELECT * FROM unnest(
                $1::uuid[], $2::integer[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::text[], $7::integer[],
                $8::text[], $9::text[], $10::text[]
            )
            ON CONFLICT (transaction_id, n) DO UPDATE SET
                provider = excluded.provider, started_at = excluded.started_at, ended_at = excluded.ended_at,
                outcome = excluded.outcome, http_status = excluded.http_status, provider_code = excluded.provider_code,
                provider_ref = excluded.provider_ref, attempt_ref = excluded.attempt_ref
            WHERE CASE
                WHEN a.ended_at IS NULL AND excluded.ended_at IS NULL
                    THEN (excluded.started_at, excluded.provider) < (a.started_at, a.provider)
                WHEN a.ended_at IS NULL OR excluded.ended_at IS NULL THEN a.ended_at IS NULL
                ELSE (
                    excluded.outcome = 'accepted', excluded.outcome <> 'ambiguous', excluded.ended_at, excluded.outcome, excluded.provider,
                    excluded.started_at, coalesce(excluded.http_status, 0), coalesce(excluded.provider_code, ''),
                    coalesce(excluded.provider_ref, ''), coalesce(excluded.attempt_ref, '')
                ) > (
                    a.outcome = 'accepted', a.outcome <> 'ambiguous', a.ended_at, a.outcome, a.provider, a.started_at,
                    coalesce(a.http_status, 0), coalesce(a.provider_code, ''),
                    coalesce(a.provider_ref, ''), coalesce(a.attempt_ref, '')
                )
            END",
            column(&rows, |((transaction, _), _)| *transaction) as _,
            column(&rows, |((_, n), _)| i32::from(*n)) as _,
            column(&rows, |(_, row)| row.provider()) as _,
            column(&rows, |(_, row)| moment(row.started_at())) as _,
            column(&rows, |(_, row)| row.end().map(|end| moment(end.at))) as _,
            column(&rows, |(_, row)| row.end().map(|end| end.outcome)) as _,
            column(&rows, |(_, row)| row.end().and_then(|end| end.http_status.map(i32::from))) as _,
            column(&rows, |(_, row)| row.end().and_then(|end| end.provider_code.as_deref())) as _,
            column(&rows, |(_, row)| row.end().and_then(|end| end.provider_ref.as_deref())) as _,
            column(&rows, |(_, row)| row.end().and_then(|end| end.attempt_ref.as_deref())) as _,
        )
        .execute(connection)
        .await?;
        Ok(())
    }
}
