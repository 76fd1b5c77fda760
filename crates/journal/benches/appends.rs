//! Durable appends per second, beside what the disk itself gives: `cargo bench -p journal`.
#![expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::error::Error;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use journal::{Journal, Options, Record};

const PAYLOAD: usize = 700;
const FOR: Duration = Duration::from_secs(2);

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Box<dyn Error>> {
    // Beside the build, not in a directory for temporary files: that may be memory.
    let exe = std::env::current_exe()?;
    let dir = tempfile::tempdir_in(exe.parent().unwrap_or(Path::new(".")))?;

    println!("{PAYLOAD}-byte records, {} s each\n", FOR.as_secs());
    println!("{:<26} {:>10} {:>9} {:>9} {:>8}", "", "per second", "p50", "p99", "ratio");
    let (syncs, mut took) = bare_disk(&dir.path().join("bare"))?;
    print_line("write + fdatasync, bare", syncs, &mut took, 1.0);
    for writers in [1, 8, 64] {
        let (rate, mut took) = appends(&dir.path().join(format!("of-{writers}")), writers).await?;
        let name = format!("append, {writers} writer{}", if writers == 1 { "" } else { "s" });
        print_line(&name, rate, &mut took, rate / syncs);
    }
    Ok(())
}

fn bare_disk(path: &Path) -> std::io::Result<(f64, Vec<Duration>)> {
    let mut file = File::create(path)?;
    let payload = [7; PAYLOAD];
    let (start, mut took) = (Instant::now(), Vec::new());
    while start.elapsed() < FOR {
        let begun = Instant::now();
        file.write_all(&payload)?;
        file.sync_data()?;
        took.push(begun.elapsed());
    }
    Ok((took.len() as f64 / start.elapsed().as_secs_f64(), took))
}

async fn appends(dir: &Path, writers: usize) -> Result<(f64, Vec<Duration>), Box<dyn Error>> {
    let journal = Journal::open(Options::new(dir, "bench", Arc::new(|| 0))).await?;
    let start = Instant::now();
    let tasks: Vec<_> = (0..writers)
        .map(|_| {
            let journal = journal.clone();
            tokio::spawn(async move {
                let mut took = Vec::new();
                while start.elapsed() < FOR {
                    let begun = Instant::now();
                    journal.append(vec![Record::new("attempt_ended", 1, [7; PAYLOAD])]).await?;
                    took.push(begun.elapsed());
                }
                Ok::<_, journal::AppendError>(took)
            })
        })
        .collect();
    let mut took = Vec::new();
    for task in tasks {
        took.extend(task.await??);
    }
    let rate = took.len() as f64 / start.elapsed().as_secs_f64();
    journal.close().await;
    Ok((rate, took))
}

fn print_line(name: &str, rate: f64, took: &mut [Duration], ratio: f64) {
    took.sort_unstable();
    let at = |part: f64| took[((took.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e3;
    println!("{name:<26} {rate:>10.0} {:>6.3} ms {:>6.3} ms {ratio:>7.2}x", at(0.5), at(0.99));
}
