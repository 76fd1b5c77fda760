//! How a journal is opened.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The caller's wall clock, in milliseconds since 1970. Only used to age entries.
pub type NowMs = Arc<dyn Fn() -> i64 + Send + Sync>;

/// How a journal is opened.
#[derive(Clone)]
pub struct Options {
    /// The directory, made if missing; one process at a time.
    pub dir: PathBuf,
    /// The id of the node when the directory is new. A directory keeps the id it was made with.
    pub node: String,
    /// The wall clock.
    pub now_ms: NowMs,
    /// Appends are refused beyond this many bytes.
    pub max_bytes: u64,
    /// How long an entry is kept after every cursor has passed it.
    pub retain: Duration,
    /// How many appends may wait for the disk; more are refused.
    pub queue: usize,
}

impl Options {
    /// 2 GiB, 24 hours, 4,096 waiting appends.
    pub fn new(dir: impl Into<PathBuf>, node: impl Into<String>, now_ms: NowMs) -> Self {
        Self {
            dir: dir.into(),
            node: node.into(),
            now_ms,
            max_bytes: 2 << 30,
            retain: Duration::from_secs(24 * 60 * 60),
            queue: 4096,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("dir", &self.dir)
            .field("node", &self.node)
            .field("max_bytes", &self.max_bytes)
            .field("retain", &self.retain)
            .field("queue", &self.queue)
            .finish_non_exhaustive()
    }
}
