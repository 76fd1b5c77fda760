use std::time::Duration;

/// How a message is to come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Not before this long from now.
    pub after: Duration,
    /// What [`Message::tries`](crate::Message::tries) says then.
    pub tries: u32,
    /// What [`Message::doubtful`](crate::Message::doubtful) says then.
    pub doubtful: bool,
}
