//! Is the journal's directory one that facts can be left in?

use std::fs::{self, File, TryLockError};
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::{statfs, statvfs};
use telephony::Finding;

use crate::config::Config;

/// File systems, by the number `statfs(2)` calls them by, that facts should not be left on, and why.
const UNSAFE: [(u64, &str, &str); 6] = [
    (0x0102_1994, "tmpfs", "is memory: what is in it is gone with the machine"),
    (0x794c_7630, "overlay", "is a container's own layer, if it is a container: gone when that is replaced"),
    (0x6969, "NFS", "is a network's: locks and syncs may not hold what they promise"),
    (0xff53_4d42, "CIFS", "is a network's: locks and syncs may not hold what they promise"),
    (0xfe53_4d42, "SMB", "is a network's: locks and syncs may not hold what they promise"),
    (0x0102_1997, "9p", "is a host's, shared: locks and syncs may not hold what they promise"),
];

/// Looks at it, and writes a little into it. (It may be in use: a running service holds it.)
pub(super) fn look(config: &Config) -> Vec<Finding> {
    let dir = &config.journal.dir;
    let shown = dir.display();
    if let Err(err) = fs::create_dir_all(dir) {
        return vec![Finding::fail(
            format!("{shown} cannot be made: {err}"),
            "set journal.dir to a directory on a volume of its own",
        )];
    }
    let probe = dir.join(".doctor");
    let tried = File::create(&probe).and_then(|mut file| {
        file.write_all(b"ok")?;
        file.sync_all()
    });
    let _ = fs::remove_file(&probe);
    let mut findings = match tried {
        Ok(()) => vec![Finding::ok(format!("{shown} can be written and synced{}", held(dir)))],
        Err(err) => {
            return vec![Finding::fail(
                format!("{shown} cannot be written: {err}"),
                "give this user the directory, or make room on its disk",
            )];
        }
    };
    findings.extend(owner(dir));
    findings.extend(room(dir, config.journal.max_bytes));
    findings.extend(kind(dir));
    findings
}

fn held(dir: &Path) -> &'static str {
    let lock = File::open(dir.join("lock"));
    match lock.map(|file| file.try_lock()) {
        Ok(Err(TryLockError::WouldBlock)) => "; a running process holds it",
        _ => "",
    }
}

fn owner(dir: &Path) -> Option<Finding> {
    let (owner, us) = (fs::metadata(dir).ok()?.uid(), rustix::process::geteuid().as_raw());
    (owner != us).then(|| {
        Finding::warn(
            format!("{} belongs to user {owner}, and this is user {us}", dir.display()),
            "run this as the service's user; chown -R what another user made in it",
        )
    })
}

/// What the journal may grow by, beside what is free.
fn room(dir: &Path, max_bytes: u64) -> Option<Finding> {
    let disk = statvfs(dir).ok()?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let used: u64 = ["journal.db", "journal.db-wal"]
        .iter()
        .filter_map(|name| fs::metadata(dir.join(name)).ok())
        .map(|file| file.len())
        .sum();
    let wanted = max_bytes.saturating_sub(used);
    let mib = |bytes: u64| bytes / (1 << 20);
    (free < wanted).then(|| {
        Finding::warn(
            format!("{} MiB are free, and the journal may still grow by {} MiB", mib(free), mib(wanted)),
            "make room, or lower journal.max_bytes: a full disk refuses hooks",
        )
    })
}

fn kind(dir: &Path) -> Option<Finding> {
    let kind = u64::try_from(statfs(dir).ok()?.f_type).unwrap_or_default();
    let (_, name, why) = UNSAFE.into_iter().find(|(number, ..)| *number == kind)?;
    Some(Finding::warn(
        format!("its file system ({name}) {why}"),
        "set journal.dir to a directory on a local disk, or a volume that outlives the container",
    ))
}
