//! What is kept, and what a reader gets back.

use std::borrow::Cow;
use std::fmt;

/// The place of an entry in its journal: 1 is the first, 0 is "before everything".
pub type Seq = u64;

/// What a row costs beside its payload: its columns, its cells and its place in the index.
const OVERHEAD: u64 = 64;

/// One opaque record.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// What it is, to its owner. The journal only filters by it.
    pub kind: Cow<'static, str>,
    /// The version of the payload's own format.
    pub version: u16,
    /// The bytes, never looked into.
    pub payload: Vec<u8>,
}

impl From<(&'static str, u16, Vec<u8>)> for Record {
    fn from((kind, version, payload): (&'static str, u16, Vec<u8>)) -> Self {
        Self { kind: kind.into(), version, payload }
    }
}

impl Record {
    /// A record of this kind.
    pub fn new(kind: impl Into<Cow<'static, str>>, version: u16, payload: impl Into<Vec<u8>>) -> Self {
        Self { kind: kind.into(), version, payload: payload.into() }
    }

    /// CRC32C over everything that the owner gave, so that a copy in another journal has the same one.
    pub(crate) fn checksum(&self) -> u32 {
        let sum = crc32c::crc32c(&(self.kind.len() as u64).to_le_bytes());
        let sum = crc32c::crc32c_append(sum, self.kind.as_bytes());
        let sum = crc32c::crc32c_append(sum, &self.version.to_le_bytes());
        crc32c::crc32c_append(sum, &self.payload)
    }

    /// The bytes it counts for against the limit.
    pub(crate) fn weight(&self) -> u64 {
        self.payload.len() as u64 + 2 * self.kind.len() as u64 + OVERHEAD
    }
}

/// Payloads stay out of logs, whatever they hold.
impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("kind", &self.kind)
            .field("version", &self.version)
            .field("payload", &format_args!("{} bytes", self.payload.len()))
            .finish()
    }
}

/// A record and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place.
    pub seq: Seq,
    /// What was appended.
    pub record: Record,
}

/// What one read found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// The intact entries, in order.
    pub entries: Vec<Entry>,
    /// How many damaged ones were skipped among them.
    pub corrupt: u64,
    /// Everything up to here has been looked at: read on from here, advance a cursor to here. Equal to the `after`
    /// of the read when there was nothing more.
    pub next: Seq,
}

#[cfg(test)]
mod tests {
    use super::Record;

    #[test]
    fn the_checksum_covers_every_part_and_their_borders() {
        let sums = [
            Record::new("ab", 1, *b"cd"),
            Record::new("a", 1, *b"bcd"),
            Record::new("abc", 1, *b"d"),
            Record::new("ab", 2, *b"cd"),
            Record::new("ab", 1, *b"ce"),
        ]
        .map(|record| record.checksum());
        for (n, sum) in sums.iter().enumerate() {
            assert!(!sums[n + 1..].contains(sum), "{sums:x?}");
        }
    }

    #[test]
    fn a_payload_is_not_printed() {
        assert!(!format!("{:?}", Record::new("k", 1, *b"secret")).contains("secret"));
    }
}
