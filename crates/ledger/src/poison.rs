use otp::{Clock, Fact, OrgName, Quarantined, Vault};
use uuid::Uuid;

/// Puts aside what the books cannot take, so that the rest goes on and nothing is lost.
#[derive(Clone)]
pub(crate) struct Poison {
    pub(crate) vault: Vault,
    pub(crate) clock: std::sync::Arc<dyn Clock>,
    pub(crate) node: String,
}

impl Poison {
    /// The sealed copy of an entry of this node's journal. Its id follows from its place, so it is put aside once however often the
    /// entry is drained. `None` only where the cipher itself fails.
    pub(crate) fn aside(&self, entry: &journal::Entry, reason: &str) -> Option<Fact> {
        let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{}/{}", self.node, entry.seq).as_bytes());
        let payload = &entry.record.payload;
        Some(Fact::Quarantined(Quarantined {
            id,
            org: org_of(payload),
            reason: format!("fact refused by the ledger: {reason}"),
            bytes: payload.len() as u64,
            sealed_body: self.vault.seal(payload, &id.to_string()).ok()?,
            received_at: self.clock.now(),
            node: self.node.clone(),
        }))
    }
}

/// Whose fact it is, where it says so.
fn org_of(payload: &[u8]) -> OrgName {
    #[derive(serde::Deserialize)]
    struct Owned {
        org: OrgName,
    }
    let nobody = || OrgName::new("unknown").unwrap_or_else(|_| unreachable!("a plain word is a name"));
    serde_json::from_slice::<Owned>(payload).map_or_else(|_| nobody(), |owned| owned.org)
}
