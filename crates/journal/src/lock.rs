//! One process per directory.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use crate::{OpenError, files};

/// Someone who looks whether a directory was left behind holds its lock for an instant: that is no reason not to start.
const ATTEMPTS: u32 = 10;
/// Someone who adopts it, because its process was away for a moment, is waited for: the directory is free, or another one, afterwards.
const ADOPTION: u32 = 600;
const PAUSE: Duration = Duration::from_millis(50);

/// In a directory that is being adopted.
const ADOPTING: &str = "adopting";

/// The directory is ours until this is dropped, or the process ends in any way.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the directory, making it if needed.
    pub(crate) async fn acquire(dir: &Path) -> Result<Self, OpenError> {
        for attempt in 1.. {
            let taken = files::make_dir(dir).and_then(|()| Self::attempt(dir));
            match taken.map_err(|source| OpenError::Io { dir: dir.into(), source })? {
                Some(lock) => {
                    // An adoption that was killed has left its mark.
                    let _ = fs::remove_file(dir.join(ADOPTING));
                    return Ok(lock);
                }
                None if attempt >= ADOPTION || attempt >= ATTEMPTS && !dir.join(ADOPTING).exists() => break,
                None => tokio::time::sleep(PAUSE).await,
            }
        }
        Err(OpenError::Locked { dir: dir.into() })
    }

    /// Says to whoever wants the directory meanwhile that it is being adopted. Not said, it is only refused sooner.
    pub(crate) fn mark_adopting(dir: &Path) {
        if let Err(error) = fs::write(dir.join(ADOPTING), "") {
            tracing::debug!(%error, "an adoption could not be marked");
        }
    }

    /// Takes the directory if nobody has it.
    pub(crate) fn attempt(dir: &Path) -> io::Result<Option<Self>> {
        let path = dir.join("lock");
        let file = files::open_private(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // The directory may have been adopted, and so renamed, between the opening and the locking.
        let here = match fs::metadata(&path) {
            Ok(here) => here,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let held = file.metadata()?;
        Ok(((here.dev(), here.ino()) == (held.dev(), held.ino())).then_some(Self { _file: file }))
    }
}
