use otp::ReceiptReceived;
use sqlx::SqliteConnection;

use super::rows::{Rows, Values};
use crate::rows::receipt_id;
use crate::text::{moment, optional, text};

static RECEIVED: Rows = Rows::new(
    "INSERT INTO delivery_receipts AS r (
        id, provider, provider_ref, attempt_ref, status, error_code, received_at, transaction_id, reported_at
    ) VALUES",
    9,
    "ON CONFLICT (id) DO UPDATE SET
        received_at = excluded.received_at, transaction_id = excluded.transaction_id, reported_at = excluded.reported_at
    WHERE excluded.received_at < r.received_at
    OR (excluded.received_at = r.received_at AND (
        coalesce(excluded.transaction_id, ''), coalesce(excluded.reported_at, '')
    ) > (
        coalesce(r.transaction_id, ''), coalesce(r.reported_at, '')
    ))",
);

/// The first of its copies counts; of those that came at one moment, the one that says more. The rest follows from the id.
pub(super) async fn received(
    connection: &mut SqliteConnection,
    receipts: &[&ReceiptReceived],
) -> Result<(), sqlx::Error> {
    let bind = |values: &mut Values, receipt: &&ReceiptReceived| {
        values
            .add(receipt_id(receipt))
            .add(text(&receipt.provider))
            .add(optional(receipt.provider_ref.as_deref()))
            .add(optional(receipt.attempt_ref.as_deref()))
            .add(text(&receipt.status))
            .add(optional(receipt.error_code.as_deref()))
            .add(moment(receipt.received_at))
            .add(receipt.transaction.map(|id| id.to_string()))
            .add(receipt.reported_at.map(moment));
    };
    RECEIVED.write(connection, receipts, bind).await
}
