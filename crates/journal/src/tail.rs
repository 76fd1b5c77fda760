//! The newest entries, in memory: whoever reads along need not ask the disk for what was written a moment ago.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{Batch, Entry, Record, Seq};

/// What is kept at most, as the journal weighs it. A reader that is further behind reads the disk.
const ROOM: u64 = 4 << 20;

/// Durable entries without a gap, up to the newest; bounded.
#[derive(Debug, Default)]
pub(crate) struct Tail(Mutex<Commits>);

#[derive(Debug, Default)]
struct Commits {
    /// Oldest first.
    commits: VecDeque<Commit>,
    weight: u64,
}

/// The records of one commit.
#[derive(Clone, Debug)]
struct Commit {
    first: Seq,
    records: Arc<[Record]>,
    weight: u64,
}

impl Commit {
    /// The place behind its last record.
    fn end(&self) -> Seq {
        self.first + self.records.len() as Seq
    }
}

impl Tail {
    /// These records are on disk at `first` and the places behind it.
    pub(crate) fn push(&self, first: Seq, weight: u64, records: Vec<Record>) {
        let mut tail = self.lock();
        if tail.commits.back().is_some_and(|newest| newest.end() != first) {
            *tail = Commits::default();
        }
        tail.weight += weight;
        tail.commits.push_back(Commit { first, records: records.into(), weight });
        while tail.weight > ROOM
            && let Some(oldest) = tail.commits.pop_front()
        {
            tail.weight -= oldest.weight;
        }
    }

    /// Nothing is known any more: entries were deleted.
    pub(crate) fn forget(&self) {
        *self.lock() = Commits::default();
    }

    /// Up to `limit` entries with `after < seq <= upto`; `None` if not all of them are here.
    pub(crate) fn read(&self, after: Seq, upto: Seq, limit: usize) -> Option<Batch> {
        let commits: Vec<Commit> = {
            let tail = self.lock();
            let (oldest, newest) = (tail.commits.front()?, tail.commits.back()?);
            if oldest.first > after + 1 || newest.end() <= upto {
                return None;
            }
            let from = tail.commits.partition_point(|commit| commit.end() <= after + 1);
            let mut wanted = limit;
            let enough = |commit: &&Commit| {
                let more = wanted > 0 && commit.first <= upto;
                let skipped = usize::try_from((after + 1).saturating_sub(commit.first)).unwrap_or(0);
                wanted = wanted.saturating_sub(commit.records.len() - skipped);
                more
            };
            tail.commits.range(from..).take_while(enough).cloned().collect()
        };
        // Copied without the lock: the writer need not wait.
        let entries = commits.iter().flat_map(|commit| (commit.first..).zip(commit.records.iter()));
        let wanted = entries.filter(|(seq, _)| *seq > after && *seq <= upto).take(limit);
        let entries: Vec<Entry> = wanted.map(|(seq, record)| Entry { seq, record: record.clone() }).collect();
        let next = entries.last().map_or(after, |entry| entry.seq);
        Some(Batch { entries, corrupt: 0, next })
    }

    fn lock(&self) -> MutexGuard<'_, Commits> {
        // Every section above leaves it whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{ROOM, Tail};
    use crate::{Record, Seq};

    fn tail(commits: &[(Seq, usize)]) -> Tail {
        let tail = Tail::default();
        for (first, many) in commits {
            let records = (0..*many as Seq).map(|n| Record::new("k", 1, (first + n).to_le_bytes())).collect();
            tail.push(*first, 100, records);
        }
        tail
    }

    fn read(tail: &Tail, after: Seq, upto: Seq, limit: usize) -> Option<Vec<Seq>> {
        let batch = tail.read(after, upto, limit)?;
        for entry in &batch.entries {
            assert_eq!(entry.record.payload, entry.seq.to_le_bytes(), "its own record");
        }
        assert_eq!(batch.next, batch.entries.last().map_or(after, |entry| entry.seq));
        Some(batch.entries.iter().map(|entry| entry.seq).collect())
    }

    #[test]
    fn what_is_here_is_read_in_order_and_nothing_is_skipped() {
        let tail = tail(&[(5, 3), (8, 1), (9, 2)]);
        for (after, upto, limit, wanted) in [
            (4, 10, 100, Some(vec![5, 6, 7, 8, 9, 10])),
            (5, 10, 2, Some(vec![6, 7])),
            (5, 10, 3, Some(vec![6, 7, 8])),
            (6, 9, 100, Some(vec![7, 8, 9])),
            (9, 10, 1, Some(vec![10])),
            (3, 10, 100, None),
            (4, 11, 100, None),
        ] {
            assert_eq!(read(&tail, after, upto, limit), wanted, "{after} {upto} {limit}");
        }
        tail.forget();
        assert_eq!(read(&tail, 4, 10, 100), None);
    }

    #[test]
    fn a_gap_forgets_what_was_before_it_and_the_room_is_bounded() {
        let tail = tail(&[(1, 2), (4, 2)]);
        assert_eq!(read(&tail, 1, 5, 9), None);
        assert_eq!(read(&tail, 3, 5, 9), Some(vec![4, 5]));
        tail.push(6, ROOM, vec![Record::new("k", 1, 6u64.to_le_bytes())]);
        assert_eq!(read(&tail, 4, 6, 9), None, "the oldest went");
        assert_eq!(read(&tail, 5, 6, 9), Some(vec![6]));
    }
}
