//! Okta's System Log, with several workers on the same books.

use lab::{Bench, until};
use sim::{Channel, OktaOp};

const READS: &str = "system_log = { enabled = true, interval = '1s', lag = '0s' }";

fn pages(bench: &Bench) -> usize {
    bench.sim.okta().requests().iter().filter(|it| it.path == "/api/v1/logs").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn p5_p6_one_worker_reads_the_log_and_another_takes_over() {
    let mut bench = Bench::start().await;
    bench.run(1, 0).await;
    for _ in 0..2 {
        let n = bench.add("worker", |settings| settings.org_more = READS.to_owned());
        bench.up(n).await;
    }
    let reads = |bench: &Bench, n: usize| {
        !bench.nodes[n].server().lines("another process reads the System Log").is_empty()
    };
    let idle = until("one of them waits", async || [1, 2].into_iter().find(|n| reads(&bench, *n))).await;
    let busy = 3 - idle;
    let lose = async |bench: &Bench, name: &str| {
        let user = bench.user(name);
        let login = bench.login(&user).await;
        bench.sim.okta().enter_code(&user.id, login.code()).await.unwrap();
        let events = bench.sim.okta().take_events();
        bench.witness.events(&events);
        bench.approved(&login).await;
        let row = bench.event_when(events[0]["uuid"].as_str().unwrap(), "done").await;
        assert_eq!((&row["source"], &row["deliveries"]), ("log", "1"));
        row["node"].to_owned()
    };
    let first = lose(&bench, "ana").await;
    // One that leaves gives the log back at once; the other goes on where the books say.
    bench.nodes[busy].stop().await;
    let before = pages(&bench);
    let second = lose(&bench, "bob").await;
    assert_ne!(first, second);
    assert!(pages(&bench) > before);
    assert_eq!(bench.value("SELECT count(*) FROM feedback_reports WHERE result = 'reported'").await, "2");
    bench.sim.okta().fail_always(OktaOp::Logs, sim::Fault::html_503());
    let user = bench.user("eve");
    let login = bench.sim.okta().login(&user.id, Channel::Sms).await.unwrap();
    bench.type_in(&user, login.code()).await;
    bench.approved(&login).await;
    bench.sim.okta().heal();
    bench.verify().await;
}
