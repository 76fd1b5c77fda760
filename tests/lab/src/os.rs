//! What is asked of the operating system.

use std::net::TcpListener;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;

use rand::RngExt as _;
use tempfile::TempDir;

use crate::wait::until;

/// Sends a signal (`TERM`, `KILL`, `STOP`, …); a process that is gone is no error.
pub fn signal(pid: u32, name: &str) {
    // The shell's own kill: the program of that name is not everywhere.
    let said = Command::new("sh").args(["-c", "kill -$1 $0", &pid.to_string(), name]).output().unwrap();
    assert!(
        said.status.success() || String::from_utf8_lossy(&said.stderr).contains("No such process"),
        "kill -{name} {pid}: {said:?}"
    );
}

/// All processes that come from this one, it not included.
pub fn descendants(pid: u32) -> Vec<u32> {
    let parents: Vec<(u32, u32)> = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| {
            let pid: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            // The name, in parentheses, may hold anything.
            let after = stat.rsplit_once(')')?.1;
            Some((pid, after.split_whitespace().nth(1)?.parse().ok()?))
        })
        .collect();
    let mut found = vec![pid];
    let mut next = 0;
    while next < found.len() {
        let of = found[next];
        found.extend(parents.iter().filter(|(_, parent)| *parent == of).map(|(child, _)| *child));
        next += 1;
    }
    found.remove(0);
    found
}

/// Kills a process and all that come from it, and returns once they are gone. It starts no more of them meanwhile.
pub(crate) async fn kill_all(pid: u32) {
    signal(pid, "STOP");
    let all = descendants(pid);
    all.iter().chain([&pid]).for_each(|pid| signal(*pid, "KILL"));
    for pid in all {
        until("a killed process is gone", async || is_gone(pid).then_some(())).await;
    }
}

/// There is no such process, or nobody has asked yet how it ended.
fn is_gone(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    stat.map_or(true, |stat| {
        stat.rsplit_once(')').is_some_and(|(_, after)| after.trim_start().starts_with('Z'))
    })
}

/// Whether this process may do everything.
pub fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0)
}

/// Who a server runs as.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Account {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// The account a server has to run as; none if we are not root, and it runs as whoever we are.
pub(crate) fn account(name: &str) -> Option<Account> {
    if !is_root() {
        return None;
    }
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap();
    let line = accounts.lines().find(|line| line.split(':').next() == Some(name));
    let line = line.unwrap_or_else(|| panic!("there is no account {name}: is its package installed?"));
    let number = |n: usize| line.split(':').nth(n).unwrap().parse().unwrap();
    Some(Account { uid: number(2), gid: number(3) })
}

/// Gives a directory and everything in it to an account.
pub(crate) fn give(path: &Path, account: Option<Account>) {
    if let Some(Account { uid, gid }) = account {
        run(Command::new("chown").arg("-R").arg(format!("{uid}:{gid}")).arg(path));
    }
}

/// Runs a command that has to succeed.
pub(crate) fn run(command: &mut Command) {
    let said = command.output().unwrap_or_else(|err| panic!("{command:?}: {err}"));
    assert!(said.status.success(), "{command:?}: {said:?}");
}

/// A directory of its own: in memory where there is room, so that servers and processes do not wait for each other's writes (that a
/// process is killed loses nothing of what the kernel has).
pub fn scratch(prefix: &str) -> TempDir {
    let memory = Path::new("/dev/shm");
    let said = Command::new("df").args(["--output=avail", "-m"]).arg(memory).output();
    let free = said.ok().and_then(|said| String::from_utf8(said.stdout).ok());
    let free: u64 = free.and_then(|text| text.lines().last()?.trim().parse().ok()).unwrap_or(0);
    let mut builder = tempfile::Builder::new();
    let builder = builder.prefix(prefix);
    if free > 4096 { builder.tempdir_in(memory) } else { builder.tempdir() }.unwrap()
}

/// A port that nobody has. Not one of those that outgoing connections get, so that a server which is stopped finds it free again.
pub fn free_port() -> u16 {
    loop {
        let port = rand::rng().random_range(12_000..32_000);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
