/// Something for the worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its identity: the same key twice is the same work twice.
    pub key: String,
    /// What it says; not known here.
    pub payload: Vec<u8>,
    /// It may have been delivered before, and what was done then may have had its effect.
    pub redelivered: bool,
}
