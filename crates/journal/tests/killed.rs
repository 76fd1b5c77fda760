//! Another process: killed, refused by the kernel, or in the way.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader, Lines, Write as _, stdin};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use journal::{Journal, Options};
use support::{Place, read_all, record, records, texts};

/// What the tests below run as a process of its own: appends for ever, says what was acknowledged and what was refused,
/// and waits for a line after a refusal.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by the other tests, in a process of its own"]
async fn child() {
    let mut lines = stdin().lines();
    let dir = lines.next().unwrap().unwrap();
    let journal = match Journal::open(Options::new(dir, "child", std::sync::Arc::new(|| 0))).await {
        Ok(journal) => journal,
        Err(error) => return println!("refused {error}"),
    };
    for round in 0.. {
        let appends = (0..4).map(|n| {
            let journal = &journal;
            let text = format!("{round}/{n}/{}", "x".repeat(3000));
            async move { journal.append(vec![record(&text)]).await.map(|_| text) }
        });
        for answer in futures_util::future::join_all(appends).await {
            match answer {
                Ok(text) => println!("acked {text}"),
                Err(error) => {
                    println!("refused {error}, writable: {}", journal.health().writable);
                    lines.next().unwrap().unwrap();
                }
            }
        }
    }
}

struct Other {
    child: Child,
    said: Lines<BufReader<ChildStdout>>,
    stdin: ChildStdin,
    acked: Vec<String>,
}

impl Other {
    /// Starts the child above under a shell that first does `before`.
    fn start(place: &Place, before: &str) -> Self {
        let mut child = Command::new("sh")
            .args(["-c", &format!("{before} exec \"$0\" --exact child --ignored --nocapture")])
            .arg(std::env::current_exe().unwrap())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        writeln!(stdin, "{}", place.dir("a").display()).unwrap();
        let said = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, said, stdin, acked: Vec::new() }
    }

    /// Listens until so many more are acknowledged (`None`), or one is refused or the process is gone.
    fn listen(&mut self, mut count: usize) -> Option<String> {
        while count > 0 {
            let line = self.said.next()?.unwrap();
            if let Some((_, text)) = line.split_once("acked ") {
                self.acked.push(text.to_owned());
                count -= 1;
            } else if let Some((_, why)) = line.split_once("refused ") {
                return Some(why.to_owned());
            }
        }
        None
    }

    async fn kill_and_check(mut self, place: &Place) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.listen(usize::MAX);
        let journal = place.open("a").await;
        let found: HashSet<_> = texts(&read_all(&journal).await).into_iter().collect();
        let lost: Vec<_> = self.acked.iter().filter(|text| !found.contains(*text)).collect();
        assert!(lost.is_empty(), "lost {} of {}", lost.len(), self.acked.len());
        assert_eq!(journal.append(records("on", 1)).await.unwrap().count(), 1);
        journal.close().await;
    }
}

#[tokio::test]
async fn p5_nothing_acknowledged_is_lost_by_kill_9() {
    let place = Place::new();
    for round in 1..=5 {
        let mut other = Other::start(&place, "");
        assert_eq!(other.listen(round * 97), None);
        other.kill_and_check(&place).await;
    }
}

#[tokio::test]
async fn f13_a_second_process_is_refused() {
    let place = Place::new();
    let journal = place.open("a").await;
    let mut other = Other::start(&place, "");
    assert!(other.listen(1).unwrap().contains("another process uses the journal"));
    other.child.wait().unwrap();
    journal.append(records("x", 1)).await.unwrap();
}

/// The kernel refuses to let files grow (as on a full disk, but for one process), first the write-ahead log, which is
/// survived, then the database, which is not; and later it lets them.
#[tokio::test]
async fn f10_f11_a_disk_that_refuses_costs_no_acknowledged_record() {
    let place = Place::new();
    let mut other = Other::start(&place, "trap '' XFSZ; ulimit -S -f 4096;");
    let why = other.listen(usize::MAX).unwrap();
    assert!(why.contains("cannot be written") && why.ends_with("writable: false"), "{why}");
    let size = |name| std::fs::metadata(place.dir("a").join(name)).unwrap().len();
    assert!(other.acked.len() > 300, "{}", other.acked.len());
    assert!(size("journal.db") > 1 << 20, "the log went home and began anew: {}", size("journal.db"));

    let pid = other.child.id().to_string();
    let lifted = Command::new("prlimit").args(["--pid", &pid, "--fsize=unlimited"]).status().unwrap();
    assert!(lifted.success());
    for _ in 0..4 {
        // One line for each of the four that were refused together.
        writeln!(other.stdin).unwrap();
    }
    let before = other.acked.len();
    while other.listen(100).is_some() {}
    assert!(other.acked.len() >= before + 100);
    other.kill_and_check(&place).await;
}
