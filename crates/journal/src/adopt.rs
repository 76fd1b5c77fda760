//! Taking over what another process left behind.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::SqlitePool;

use crate::cursor::Cursors;
use crate::database::{self, Database};
use crate::lock::Lock;
use crate::{AdoptError, Journal, OpenError, Seq, files, format, node, reader};

/// In the name of every directory that has been taken over.
const SUFFIX: &str = ".adopted";
/// The file in it that says when.
const MARK: &str = "adopted";
/// How many entries are copied in one append.
const BATCH: usize = 256;

/// What was taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adopted {
    /// How many records were copied.
    pub records: u64,
    /// How many damaged ones could not be.
    pub corrupt: u64,
    /// Whose they were.
    pub node: String,
    /// Where the old directory is now.
    pub kept_at: PathBuf,
}

/// The directories beside `own` in `volume` with a journal that no live process holds and that has entries which not all
/// of these cursors have passed.
pub async fn adoptable(volume: &Path, own: &Path, cursors: &[&str]) -> Vec<PathBuf> {
    let own = fs::canonicalize(own).unwrap_or_else(|_| own.into());
    let mut found = Vec::new();
    for dir in directories(volume).unwrap_or_default() {
        let other = fs::canonicalize(&dir).is_ok_and(|dir| dir != own);
        if !other || is_adopted(&dir) || !dir.join(database::FILE).is_file() {
            continue;
        }
        match has_work(&dir, cursors).await {
            Ok(true) => found.push(dir),
            Ok(false) | Err(AdoptError::Open(OpenError::Locked { .. })) => {}
            Err(error) => {
                tracing::warn!(dir = %dir.display(), %error, "cannot look into a left-behind journal")
            }
        }
    }
    found
}

async fn has_work(dir: &Path, cursors: &[&str]) -> Result<bool, AdoptError> {
    let left = LeftBehind::open(dir).await?;
    let lowest = left.cursors.lowest(cursors).unwrap_or(0);
    let work = reader::read(&left.pool, &[], lowest, left.last, 1).await;
    left.pool.close().await;
    Ok(work.map(|batch| !batch.entries.is_empty() || batch.corrupt > 0)?)
}

/// Copies every entry that not all of these cursors have passed into a journal, and then renames the directory so that
/// nobody looks at it again. May be killed at any point and repeated: then records come twice.
pub async fn adopt(into: &Journal, from: &Path, cursors: &[&str]) -> Result<Adopted, AdoptError> {
    let left = LeftBehind::open(from).await?;
    Lock::mark_adopting(from);
    let node = node::read(from).map_err(|source| OpenError::Io { dir: from.into(), source })?;
    let copied = copy(into, &left, cursors).await;
    left.pool.close().await;
    let (records, corrupt) = copied?;
    let kept_at = retire(from, into.now_ms()).map_err(AdoptError::Rename)?;
    tracing::info!(node, records, corrupt, from = %from.display(), "adopted a left-behind journal");
    Ok(Adopted { records, corrupt, node, kept_at })
}

async fn copy(into: &Journal, left: &LeftBehind, cursors: &[&str]) -> Result<(u64, u64), AdoptError> {
    let (mut records, mut corrupt) = (0, 0);
    let mut after = left.cursors.lowest(cursors).unwrap_or(0);
    while after < left.last {
        let batch = reader::read(&left.pool, &[], after, left.last, BATCH).await?;
        after = batch.next;
        corrupt += batch.corrupt;
        records += batch.entries.len() as u64;
        into.append_patiently(batch.entries.into_iter().map(|entry| entry.record).collect()).await?;
    }
    Ok((records, corrupt))
}

/// A directory without a process, held while it is looked at.
struct LeftBehind {
    pool: SqlitePool,
    cursors: Cursors,
    last: Seq,
    _lock: Lock,
}

impl LeftBehind {
    async fn open(dir: &Path) -> Result<Self, OpenError> {
        let lock = Lock::attempt(dir).map_err(|source| OpenError::Io { dir: dir.into(), source })?;
        let lock = lock.ok_or_else(|| OpenError::Locked { dir: dir.into() })?;
        let refused = |error| OpenError::from_database(dir, error);
        let pool = Database::of(dir).sole_reader().await.map_err(refused)?;
        let mut db = pool.acquire().await.map_err(refused)?;
        format::prepare(&mut db, dir).await?;
        let last = database::last(&mut db).await.map_err(refused)?;
        let cursors = Cursors::new(database::cursors(&mut db).await.map_err(refused)?);
        drop(db);
        Ok(Self { pool, cursors, last, _lock: lock })
    }
}

/// Marks a directory as done with, and gives it a name that says so.
fn retire(dir: &Path, now_ms: i64) -> io::Result<PathBuf> {
    files::write_whole(&dir.join(MARK), &format!("{now_ms}\n"))?;
    let mut name = dir.as_os_str().to_owned();
    name.push(SUFFIX);
    let to = free_name(Path::new(&name));
    files::rename(dir, &to)?;
    Ok(to)
}

/// This name, or with a number behind it.
fn free_name(path: &Path) -> PathBuf {
    let numbered = |n: u32| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{n}"));
        PathBuf::from(name)
    };
    let mut candidates = std::iter::once(path.to_owned()).chain((2..).map(numbered));
    candidates.find(|path| !path.exists()).unwrap_or_else(|| path.to_owned())
}

/// Removes the directories in `volume` that were adopted longer ago than `retain`; returns how many.
pub async fn remove_adopted(volume: &Path, retain: Duration, now_ms: i64) -> io::Result<u64> {
    let retain_ms = i64::try_from(retain.as_millis()).unwrap_or(i64::MAX);
    let mut removed = 0;
    for dir in directories(volume)?.into_iter().filter(|dir| is_adopted(dir)) {
        let at = fs::read_to_string(dir.join(MARK)).ok().and_then(|text| text.trim().parse::<i64>().ok());
        if at.is_some_and(|at| now_ms.saturating_sub(at) > retain_ms) {
            tokio::task::spawn_blocking(move || fs::remove_dir_all(dir)).await??;
            removed += 1;
        }
    }
    Ok(removed)
}

/// Moves a damaged database ([`OpenError::Corrupt`]) into a subdirectory, for a person, so that the next open makes an
/// empty one. The node id goes with it: the places begin anew, so they need a new name.
pub async fn set_aside(dir: &Path) -> Result<PathBuf, OpenError> {
    let _lock = Lock::acquire(dir).await?;
    let moved = || {
        let to = free_name(&dir.join("damaged"));
        files::make_dir(&to)?;
        for name in ["node", "journal.db-wal", "journal.db-shm", database::FILE] {
            match files::rename(&dir.join(name), &to.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(to)
    };
    moved().map_err(|source| OpenError::Io { dir: dir.into(), source })
}

fn directories(volume: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(volume)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

fn is_adopted(dir: &Path) -> bool {
    dir.file_name().is_some_and(|name| name.to_string_lossy().contains(SUFFIX))
}
