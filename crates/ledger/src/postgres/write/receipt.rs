use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::Timestamp;
use otp::ReceiptReceived;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::column::{column, key, moment};
use crate::rows::receipt_id;
use crate::text::{instant, optional, text};

/// What a batch says that providers said.
#[derive(Default)]
pub(super) struct Receipts<'f>(BTreeMap<String, Receipt<'f>>);

/// The first of its copies counts; of those that came at one moment, the one that says more. The fields stand in the order in which they
/// are compared; the rest follows from the id.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Receipt<'f> {
    at: Reverse<Timestamp>,
    transaction: Option<Uuid>,
    reported_at: Option<Timestamp>,
    provider: Cow<'f, str>,
    provider_ref: Option<Cow<'f, str>>,
    attempt_ref: Option<Cow<'f, str>>,
    status: Cow<'f, str>,
    error_code: Option<Cow<'f, str>>,
}

impl<'f> Receipts<'f> {
    pub(super) fn received(&mut self, receipt: &'f ReceiptReceived) {
        let said = Receipt {
            at: Reverse(instant(receipt.received_at)),
            transaction: receipt.transaction.map(key),
            reported_at: receipt.reported_at.map(instant),
            provider: text(&receipt.provider),
            provider_ref: optional(receipt.provider_ref.as_deref()),
            attempt_ref: optional(receipt.attempt_ref.as_deref()),
            status: text(&receipt.status),
            error_code: optional(receipt.error_code.as_deref()),
        };
        let id = receipt_id(receipt);
        match self.0.get_mut(&id) {
            Some(known) if *known >= said => {}
            Some(known) => *known = said,
            None => _ = self.0.insert(id, said),
        }
    }

    pub(super) async fn enter(self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.0.is_empty() {
            return Ok(());
        }
        let rows: Vec<_> = self.0.into_iter().collect();
        sqlx::query!(
            "INSERT INTO delivery_receipts AS r (
                id, provider, provider_ref, attempt_ref, status, error_code, received_at, transaction_id, reported_at
            )
            SELECT * FROM unnest(
                $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::uuid[],
                $9::timestamptz[]
            )
            ON CONFLICT (id) DO UPDATE SET
                received_at = excluded.received_at, transaction_id = excluded.transaction_id,
                reported_at = excluded.reported_at
            WHERE excluded.received_at < r.received_at
            OR (excluded.received_at = r.received_at AND (
                coalesce(excluded.transaction_id::text, ''), coalesce(excluded.reported_at, '-infinity')
            ) > (
                coalesce(r.transaction_id::text, ''), coalesce(r.reported_at, '-infinity')
            ))",
            column(&rows, |(id, _)| id.as_str()) as _,
            column(&rows, |(_, row)| row.provider.as_ref()) as _,
            column(&rows, |(_, row)| row.provider_ref.as_deref()) as _,
            column(&rows, |(_, row)| row.attempt_ref.as_deref()) as _,
            column(&rows, |(_, row)| row.status.as_ref()) as _,
            column(&rows, |(_, row)| row.error_code.as_deref()) as _,
            column(&rows, |(_, row)| moment(row.at.0)) as _,
            column(&rows, |(_, row)| row.transaction) as _,
            column(&rows, |(_, row)| row.reported_at.map(moment)) as _,
        )
        .execute(connection)
        .await?;
        Ok(())
    }
}
