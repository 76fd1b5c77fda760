//! Looks for numbers and codes in files where none may be.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// What may not be found: the digits of phone numbers and of codes.
#[derive(Debug, Default)]
pub struct Secrets {
    digits: HashSet<Vec<u8>>,
    lengths: HashSet<usize>,
}

impl Secrets {
    /// Adds a number or a code; what is short is found everywhere by chance.
    pub fn add(&mut self, text: &str) {
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_digit).collect();
        assert!(digits.len() >= 9, "{text} is too short to look for");
        self.lengths.insert(digits.len());
        self.digits.insert(digits);
    }

    /// The first of them in these bytes.
    pub fn find(&self, bytes: &[u8]) -> Option<String> {
        let shortest = self.lengths.iter().min().copied().unwrap_or(usize::MAX);
        let mut at = 0;
        // By hand, because it is tens of megabytes in an unoptimised build.
        while at < bytes.len() {
            let from = at;
            while at < bytes.len() && bytes[at].is_ascii_digit() {
                at += 1;
            }
            if at - from >= shortest
                && let Some(hit) = self.find_in_run(&bytes[from..at])
            {
                return Some(hit);
            }
            at += 1;
        }
        None
    }

    fn find_in_run(&self, run: &[u8]) -> Option<String> {
        let windows = self.lengths.iter().flat_map(|&length| run.windows(length));
        let hit = windows.into_iter().find(|window| self.digits.contains(*window))?;
        Some(String::from_utf8_lossy(hit).into_owned())
    }

    /// All files below a directory that have one in them, with the first that each has.
    pub fn find_below(&self, dir: &Path) -> Vec<(PathBuf, String)> {
        let mut found = Vec::new();
        let mut next = vec![dir.to_owned()];
        while let Some(path) = next.pop() {
            if path.is_dir() {
                next.extend(
                    std::fs::read_dir(&path).into_iter().flatten().map(|entry| entry.unwrap().path()),
                );
            } else if let Some(hit) = std::fs::read(&path).ok().and_then(|bytes| self.find(&bytes)) {
                found.push((path, hit));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_wherever_they_are() {
        let mut secrets = Secrets::default();
        secrets.add("+15552000001");
        secrets.add("0123456789");
        assert_eq!(secrets.find(b"to=%2B15552000001&").as_deref(), Some("15552000001"));
        assert_eq!(secrets.find(b"990123456789").as_deref(), Some("0123456789"));
        assert_eq!(secrets.find(b"+1555200000 1 012345678"), None);
    }
}
