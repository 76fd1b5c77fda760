//! What a process has used, as the kernel counts it.

use std::time::Duration;

use anyhow::Context as _;

/// Clock ticks per second: 100 on every Linux that this runs on, whatever its kernel's own tick.
const TICKS: u64 = 100;

/// User and system time of a process and its threads.
pub(crate) fn cpu(pid: u32) -> anyhow::Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).context("the process is gone")?;
    // The second field is the name in brackets, and may hold anything.
    let fields: Vec<&str> =
        stat.rsplit_once(") ").context("odd /proc/stat")?.1.split_ascii_whitespace().collect();
    let ticks = |n: usize| fields.get(n).and_then(|field| field.parse::<u64>().ok());
    let used = ticks(11).zip(ticks(12)).context("odd /proc/stat")?;
    Ok(Duration::from_millis((used.0 + used.1) * (1000 / TICKS)))
}

/// The most memory a process has held, in MiB.
pub(crate) fn peak_memory(pid: u32) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).context("the process is gone")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib / 1024.0)
}
