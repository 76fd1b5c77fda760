//! Rows F10, F11, F13, H7: the journal's own disk.

use std::process::Command;
use std::time::Duration;

use lab::{Bench, Line, Pace, Settings, os};
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

/// What a process is started with so that `fault` befalls its writes to disk.
fn disk(fault: &str) -> Option<String> {
    let strace = Command::new("strace").arg("-V").output();
    assert!(strace.is_ok_and(|said| said.status.success()), "there is no strace: ./tests/run installs it");
    // As a grandchild, so that the process is still ours.
    let traced = "strace -D -f -qq -o strace.txt --seccomp-bpf -e trace=fdatasync,fsync";
    Some(format!("{traced} -e inject=fdatasync,fsync:{fault}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn h7_p3_a_slow_disk_costs_nobody_a_code() {
    let mut bench = Bench::start().await;
    let n = bench.add("ingress", |settings| {
        settings.append_timeout = "750ms";
        settings.runner = disk("delay_exit=200000");
    });
    bench.up(n).await;
    let worker = bench.add("worker", |_| {});
    bench.up(worker).await;
    let load = bench.load(Pace { hooks_per_second: 20, ..Pace::default() });
    sleep(Duration::from_secs(6)).await;
    let told = load.stop().await;
    let (sent, took) =
        (told.iter().filter(|told| told.sent).count(), told.iter().map(|told| told.took).max());
    assert_eq!(sent, told.len(), "{told:?}");
    assert!(sent > 50 && took.unwrap() < Duration::from_millis(2800), "{sent} sent, {took:?} at most");
    assert!(took.unwrap() > Duration::from_millis(200), "the disk was slow for nobody: {took:?}");
    bench.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h7_c1_a_slow_disk_keeps_nobody_from_the_second_provider() {
    let mut bench = Bench::start().await;
    let backup = bench.sim.url();
    let with_backup = |settings: &mut Settings| settings.backup_url = Some(backup.clone());
    let n = bench.add("ingress", |settings| {
        with_backup(settings);
        settings.append_timeout = "750ms";
        settings.runner = disk("delay_exit=200000");
    });
    bench.up(n).await;
    let worker = bench.add("worker", with_backup);
    bench.up(worker).await;
    bench.to_verify.set(Line::Refused);
    let load = bench.load(Pace { hooks_per_second: 10, ..Pace::default() });
    sleep(Duration::from_secs(5)).await;
    let told = load.stop().await;
    let lost: Vec<_> = told.iter().filter(|told| !told.sent).collect();
    assert!(told.len() > 30 && lost.is_empty(), "{} of {}: {lost:?}", lost.len(), told.len());
    bench.to_verify.set(Line::Good);
    bench.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h7_p11_a_disk_that_stands_still_is_a_broken_one() {
    let mut bench = Bench::start().await;
    let n = bench.add("ingress", |settings| {
        settings.append_timeout = "750ms";
        // After the start, which writes as well.
        settings.runner = disk("delay_exit=1600000:when=30+");
    });
    bench.up(n).await;
    let worker = bench.add("worker", |_| {});
    bench.up(worker).await;
    let load = bench.load(Pace { hooks_per_second: 10, ..Pace::default() });
    sleep(Duration::from_secs(8)).await;
    let told = load.stop().await;
    let refused: Vec<_> = told.iter().filter(|told| told.status == Some(503)).collect();
    assert!(refused.len() > 5, "{told:?}");
    for told in refused {
        assert!(!told.sent && told.took < Duration::from_millis(1400), "{told:?}");
    }
    // Nothing was sent for them, which the truth of the simulators and the books agree on.
    bench.nodes[n].kill();
    bench.nodes[n].settings.runner = None;
    bench.up(n).await;
    bench.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f11_p1_p5_the_disk_of_the_journal_fails_now_and_then() {
    let mut bench = Bench::start().await;
    // Every 40th write to disk.
    let n = bench.add("ingress", |settings| settings.runner = disk("error=EIO:when=60+40"));
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
