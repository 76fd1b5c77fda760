//! One process per directory.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use crate::{OpenError, files};

/// Someone who looks whether a directory was left behind holds its lock for an instant: that is no reason not to start.
const ATTEMPTS: u32 = 10;
const PAUSE: Duration = Duration::from_millis(50);

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
                Some(lock) => return Ok(lock),
                None if attempt == ATTEMPTS => break,
                None => tokio::time::sleep(PAUSE).await,
            }
        }
        Err(OpenError::Locked { dir: dir.into() })
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
