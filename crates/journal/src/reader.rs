//! Reading in order, past whatever is damaged.

use std::borrow::Cow;

use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{AssertSqlSafe, Row as _};

use crate::{Batch, Entry, FaultKind, ReadError, Record, Seq};

const ANY_KIND: &str = "
    SELECT seq, kind, version, crc, payload, place FROM entry
    WHERE seq > ?1 AND seq <= ?2 ORDER BY seq LIMIT ?3";
/// One for each kind: each walks the index in order, and SQLite merges them without sorting.
const ONE_KIND: &str = "
    SELECT seq, kind, version, crc, payload, place FROM entry INDEXED BY entry_kind
    WHERE kind = ? AND seq > ?1 AND seq <= ?2";

/// Up to `limit` entries with `after < seq <= upto`; of these kinds, or of all if there are none.
pub(crate) async fn read(
    pool: &SqlitePool,
    kinds: &[&str],
    after: Seq,
    upto: Seq,
    limit: usize,
) -> Result<Batch, ReadError> {
    if after >= upto || limit == 0 {
        return Ok(Batch { next: after, ..Batch::default() });
    }
    let rows = match select(pool, kinds, after, upto, limit).await {
        Ok(rows) => rows,
        Err(error) if FaultKind::of(&error) == FaultKind::Corrupt => {
            tracing::error!(after, error = %error, "the journal's pages are damaged, reading around them");
            return one_by_one(pool, kinds, after, upto, limit).await;
        }
        Err(error) => return Err(error.into()),
    };
    let mut batch = Batch { next: after, ..Batch::default() };
    for row in &rows {
        batch.take(row, upto);
    }
    // Even if not one place in a full batch makes sense, the reader must get on.
    batch.next = if rows.len() < limit { upto } else { batch.next.max(after + 1) };
    Ok(batch.logged(after))
}

async fn select(
    pool: &SqlitePool,
    kinds: &[&str],
    after: Seq,
    upto: Seq,
    limit: usize,
) -> Result<Vec<SqliteRow>, sqlx::Error> {
    let sql = match kinds.len() {
        0 => Cow::Borrowed(ANY_KIND),
        many => {
            let selects: Vec<_> =
                (0..many).map(|n| ONE_KIND.replace("kind = ?", &format!("kind = ?{}", n + 4))).collect();
            Cow::Owned(format!("{} ORDER BY seq LIMIT ?3", selects.join(" UNION ALL ")))
        }
    };
    let query = sqlx::query(AssertSqlSafe(sql))
        .bind(after.cast_signed())
        .bind(upto.cast_signed())
        .bind(i64::try_from(limit).unwrap_or(i64::MAX));
    kinds.iter().fold(query, |query, kind| query.bind(*kind)).fetch_all(pool).await
}

/// The slow way, place by place: a damaged page costs what is on it and nothing else.
async fn one_by_one(
    pool: &SqlitePool,
    kinds: &[&str],
    after: Seq,
    upto: Seq,
    limit: usize,
) -> Result<Batch, ReadError> {
    let mut batch = Batch { next: after, ..Batch::default() };
    let end = after.saturating_add(limit as Seq).min(upto);
    for seq in after + 1..=end {
        match select(pool, &[], seq - 1, seq, 1).await {
            Ok(rows) => rows.iter().for_each(|row| batch.take(row, upto)),
            Err(error) if FaultKind::of(&error) == FaultKind::Corrupt => batch.corrupt += 1,
            Err(error) => return Err(error.into()),
        }
    }
    batch.next = end;
    if batch.entries.is_empty() {
        // A damaged place may be millions further on: the way there is empty.
        batch.next = empty_until(pool, end, upto).await;
    }
    if !kinds.is_empty() {
        batch.entries.retain(|entry| kinds.contains(&entry.record.kind.as_ref()));
    }
    Ok(batch.logged(after))
}

/// How far there is nothing after `after`; `after` itself where the pages do not tell.
async fn empty_until(pool: &SqlitePool, after: Seq, upto: Seq) -> Seq {
    // The table's own pages, then the copies in the index.
    for by in ["NOT INDEXED", "INDEXED BY entry_kind"] {
        let sql = format!("SELECT min(seq) FROM entry {by} WHERE seq > ?1");
        let found = sqlx::query_scalar(AssertSqlSafe(sql)).bind(after.cast_signed()).fetch_one(pool).await;
        if let Ok(next) = found {
            let next: Option<i64> = next;
            return next.map_or(upto, |next| upto.min(next.cast_unsigned() - 1)).max(after);
        }
    }
    after
}

impl Batch {
    /// Takes a row if it is what was once appended, and counts it as damaged otherwise.
    fn take(&mut self, row: &SqliteRow, upto: Seq) {
        match entry_of(row) {
            Ok(entry) if entry.seq > self.next && entry.seq <= upto => {
                self.next = entry.seq;
                self.entries.push(entry);
            }
            Ok(_) => self.corrupt += 1,
            Err(seq) => {
                self.corrupt += 1;
                self.next = self.next.max(seq.min(upto));
            }
        }
    }

    fn logged(self, after: Seq) -> Self {
        if self.corrupt > 0 {
            tracing::error!(
                after,
                upto = self.next,
                corrupt = self.corrupt,
                "skipped damaged journal entries"
            );
        }
        self
    }
}

/// The entry, or the place where it should have been.
fn entry_of(row: &SqliteRow) -> Result<Entry, Seq> {
    let seq = row.try_get::<i64, _>(0).map_or(0, i64::cast_unsigned);
    let record = || {
        let crc: u32 = row.try_get::<i64, _>(3).ok()?.try_into().ok()?;
        let record = Record {
            kind: Cow::Owned(row.try_get(1).ok()?),
            version: row.try_get::<i64, _>(2).ok()?.try_into().ok()?,
            payload: row.try_get(4).ok()?,
        };
        let place = row.try_get::<Option<i64>, _>(5).ok()?.map(i64::cast_unsigned);
        (record.checksum() == crc && place.is_none_or(|place| place == seq)).then_some(record)
    };
    record().map(|record| Entry { seq, record }).ok_or(seq)
}
