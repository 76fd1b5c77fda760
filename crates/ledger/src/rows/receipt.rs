use jiff::Timestamp;
use otp::{ReceiptReceived, TransactionId};
use serde::Serialize;
use uuid::Uuid;

use crate::text::{optional, text};

/// What a provider said of a message after it had taken it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReceiptRow {
    /// The provider's configured name.
    pub provider: String,
    /// The provider's reference of the message.
    pub provider_ref: Option<String>,
    /// The provider's reference of the attempt.
    pub attempt_ref: Option<String>,
    /// The transaction, where the provider repeated what it was given as such.
    pub transaction_id: Option<TransactionId>,
    /// The provider's word.
    pub status: String,
    /// The provider's code of what went wrong.
    pub error_code: Option<String>,
    /// When it happened, as the provider says.
    pub reported_at: Option<Timestamp>,
    /// When it came.
    pub received_at: Timestamp,
}

/// The same wherever it is written, and of one length however long the texts are. A receipt without any reference is about its
/// transaction; otherwise the transaction is no part of it, so that a callback is one whether or not it repeats it.
pub(crate) fn receipt_id(receipt: &ReceiptReceived) -> String {
    let references = (optional(receipt.provider_ref.as_deref()), optional(receipt.attempt_ref.as_deref()));
    let instead = match references {
        (None, None) => receipt.transaction,
        _ => None,
    };
    let (status, code) = (text(&receipt.status), optional(receipt.error_code.as_deref()));
    let said = (text(&receipt.provider), references, instead, status, code);
    // Plain texts: there is nothing in them that serde could refuse.
    let said = serde_json::to_vec(&said).unwrap_or_default();
    Uuid::new_v5(&Uuid::NAMESPACE_OID, &said).to_string()
}
