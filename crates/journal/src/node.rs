//! Who wrote a journal.

use std::fs;
use std::io;
use std::path::Path;

use crate::files;

/// The id in the directory, or this one, which then stays.
pub(crate) fn settle(dir: &Path, new: &str) -> io::Result<String> {
    match read(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        known => return known,
    }
    let new = checked(new)?;
    files::write_whole(&dir.join("node"), &format!("{new}\n"))?;
    Ok(new)
}

/// The id in the directory.
pub(crate) fn read(dir: &Path) -> io::Result<String> {
    checked(&fs::read_to_string(dir.join("node"))?)
}

fn checked(id: &str) -> io::Result<String> {
    let id = id.trim();
    if id.is_empty() || id.contains(char::is_control) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the node id must be one line and not empty"));
    }
    Ok(id.to_owned())
}
