use crate::Retry;

/// Something for the worker.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Message {
    /// Its identity: the same key twice is the same work twice.
    pub key: String,
    /// What it says; not known here.
    pub payload: Vec<u8>,
    /// How often it was tried in vain, as the consumer counts; told with a [`Retry`].
    pub tries: u32,
    /// An earlier try may have had its effect.
    pub doubtful: bool,
    /// The W3C trace context it belongs to.
    pub traceparent: Option<String>,
}

impl Message {
    /// As it is to come again.
    pub(crate) fn again(self, retry: Retry) -> Self {
        Self { tries: retry.tries, doubtful: retry.doubtful, ..self }
    }
}
