//! Ingress and worker share the work.

use lab::Bench;

#[tokio::test(flavor = "multi_thread")]
async fn p6_p7_one_code_and_one_approval_through_both_roles() {
    let mut bench = Bench::start().await;
    bench.run(1, 1).await;
    let login = bench.whole_login().await;
    let row = bench.transaction(&login.request.event_id).await;
    assert_eq!((&row["status"], &row["answer"]), ("accepted", "SUCCESSFUL"));
    let sql = "SELECT feedback_reports.*, extract(epoch FROM reported_at - received_at) AS lag
        FROM feedback_reports JOIN okta_events ON uuid = event_uuid";
    let report = bench.rows_when(sql, |rows| rows.len() == 1).await[0].clone();
    assert_eq!((&report["result"], &report["matched_by"]), ("reported", "record"));
    assert!(report["lag"].parse::<f64>().unwrap() < 5.0, "{report:?}");
    bench.verify().await;
}
