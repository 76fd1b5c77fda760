//! The dashboard of several processes on one Postgres, which stands still for a while.

use lab::{Bench, Pace, until};
use serde_json::{Value, json};

async fn overview(bench: &Bench, node: usize) -> Value {
    let reply = bench.admin(node, "/api/overview").await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

/// What a process says once its books are so.
async fn overview_when(bench: &Bench, node: usize, state: &str) -> Value {
    until(&format!("the books are {state}"), async || {
        let overview = overview(bench, node).await;
        (overview["books"]["state"] == state).then_some(overview)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a5_s19_every_process_shows_the_same_books_and_old_ones_while_they_stand_still() {
    let mut bench = Bench::start().await;
    bench.run(1, 1).await;
    bench.whole_login().await;
    bench.settle().await;
    let ingress = overview_when(&bench, 0, "current").await;
    let worker = overview_when(&bench, 1, "current").await;
    for said in [&ingress, &worker] {
        assert_eq!((&said["status"], &said["problems"]), (&json!("ready"), &json!([])), "{said}");
        assert_eq!(said["totals"]["used"], 1, "{said}");
        for list in
            ["totals", "by_country", "by_channel", "by_provider", "answer_seconds", "feedback_lag_seconds"]
        {
            assert_eq!(said[list], ingress[list], "{list}");
        }
    }
    assert!(ingress["process"]["readiness"]["providers"].is_object(), "{ingress}");
    let page = bench.admin(1, "/").await.text;
    assert!(page.contains("this process sends nothing"), "{page}");

    bench.postgres.freeze();
    let load = bench.load(Pace { hooks_per_second: 5, ..Pace::default() });
    let stale = overview_when(&bench, 0, "stale").await;
    assert_eq!(stale["totals"]["used"], 1, "what they said last is shown: {stale}");
    assert!(stale["books"]["why"].is_string() && stale["books"]["as_of"].is_string(), "{stale}");
    assert_ne!(stale["problems"], json!([]), "{stale}");
    let page = bench.admin(0, "/").await.text;
    assert!(page.contains("These numbers are"), "{page}");
    bench.postgres.thaw();
    load.stop().await;
    bench.settle().await;
    let after = until("the page is as of now", async || {
        let after = overview_when(&bench, 0, "current").await;
        (after["totals"]["codes"].as_u64() > Some(1)).then_some(after)
    })
    .await;
    assert_eq!(after["books"]["why"], Value::Null, "{after}");
    bench.verify().await;
}
