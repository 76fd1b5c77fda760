//! Rows F10, F11, F13: the journal's own disk.

use std::process::Command;
use std::time::Duration;

use lab::{Bench, Line, Pace, os};
use tokio::time::sleep;

#[tokio::test(flavor = "multi_thread")]
async fn f10_p5_p11_the_disk_of_the_journal_is_full() {
    assert!(os::is_root(), "only root may mount a small file system for the journal");
    let mut bench = Bench::start().await;
    let n = bench.add("ingress", |_| {});
    let dir = bench.nodes[n].journal();
    std::fs::create_dir_all(&dir).unwrap();
    let mount = |options: &str| {
        let mut command = Command::new("mount");
        let status = command.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&dir).status().unwrap();
        assert!(status.success(), "mount -o {options}");
    };
    mount("size=2m");
    bench.up(n).await;
    let worker = bench.add("worker", |_| {});
    bench.up(worker).await;
    bench.whole_login().await;
    // Nothing leaves the journal, so it grows until the disk is full.
    bench.to_postgres.set(Line::Refused);
    bench.to_rabbit.set(Line::Refused);
    let load = bench.load(Pace { hooks_per_second: 40, noise: 300, ..Pace::default() });
    let mut refused = false;
    for _ in 0..200 {
        sleep(Duration::from_millis(100)).await;
        refused |= load.told().iter().any(|told| told.status == Some(503));
        if refused {
            break;
        }
    }
    assert!(refused, "it never got full");
    sleep(Duration::from_secs(2)).await;
    bench.to_postgres.set(Line::Good);
    bench.to_rabbit.set(Line::Good);
    // Somebody makes room.
    mount("remount,size=64m");
    let told = load.stop().await;
    for told in told.iter().filter(|told| !told.sent) {
        assert_eq!(told.status, Some(503), "{told:?}");
        assert!(told.took < Duration::from_millis(2800), "{told:?}");
    }
    bench.verify().await;
    bench.whole_login().await;
    bench.nodes[n].stop().await;
    assert!(Command::new("umount").arg("-l").arg(&dir).status().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn f11_p1_p5_the_disk_of_the_journal_fails_now_and_then() {
    let strace = Command::new("strace").arg("-V").output();
    assert!(strace.is_ok_and(|said| said.status.success()), "there is no strace: ./tests/run installs it");
    let mut bench = Bench::start().await;
    let n = bench.add("ingress", |settings| {
        // As a grandchild, so that the process is still ours. Every 40th write to disk fails.
        let inject = "-e inject=fdatasync,fsync:error=EIO:when=60+40";
        settings.runner =
            Some(format!("strace -D -f -qq -o strace.txt --seccomp-bpf -e trace=fdatasync,fsync {inject}"));
    });
    bench.up(n).await;
    let worker = bench.add("worker", |_| {});
    bench.up(worker).await;
    let load = bench.load(Pace { hooks_per_second: 40, redelivered: 10, noise: 10, ..Pace::default() });
    sleep(Duration::from_secs(6)).await;
    let told = load.stop().await;
    for told in told.iter().filter(|told| !told.sent) {
        assert!(matches!(told.status, Some(200 | 503)), "{told:?}");
        assert!(told.took < Duration::from_millis(2800), "{told:?}");
    }
    let sent = told.iter().filter(|told| told.sent).count();
    assert!(sent * 2 > told.len(), "only {sent} of {} were sent", told.len());
    let trace = std::fs::read_to_string(bench.place.path().join("strace.txt")).unwrap();
    assert!(trace.contains("(INJECTED)"), "no write has failed: {}", trace.lines().count());
    // What a write that failed has left behind, nobody may trust: the next start reads what is really there.
    bench.nodes[n].kill();
    bench.nodes[n].settings.runner = None;
    bench.up(n).await;
    bench.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f13_two_processes_of_any_role_never_share_a_journal() {
    let mut bench = Bench::start().await;
    bench.run(1, 0).await;
    let n = bench.add("worker", |settings| settings.journal = "volume/ingress-1".to_owned());
    let Bench { nodes, sim, .. } = &mut bench;
    nodes[n].launch(sim);
    let status = nodes[n].server_mut().ended().await;
    assert_eq!(status.code(), Some(1), "{}", nodes[n].server().log());
    bench.login(&bench.user("ana")).await;
}
