//! How Postgres finds rows. The statements are those of the binary: they are read from their descriptions.

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _};

use super::postgres::fresh;

/// Tables that grow with every code.
const LARGE: [&str; 6] = [
    "otp_transactions",
    "send_attempts",
    "okta_events",
    "okta_event_deliveries",
    "feedback_reports",
    "delivery_receipts",
];

/// What the binary sets on its connections.
const READER: &str = "SET jit = off";
const WRITER: &str =
    "SET jit = off; SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off";

/// Fifty thousand codes, with all that came of them.
const GROW: &str = "
    INSERT INTO otp_transactions (id, org, okta_event_id, purpose, channel, okta_user_id, phone_sealed, received_at, status,
        settled_at, settled_rank, answer, answered_at, provider_ref)
    SELECT md5(n::text)::uuid, 'main', 'hook-' || n, 'mfa-verification', 'sms', '00u' || n % 5000, 'v1',
        '2026-11-20T10:00:00Z'::timestamptz + n * interval '1 second',
        CASE WHEN n % 1000 = 0 THEN 'failed' ELSE 'accepted' END, now(), 2, 'SUCCESSFUL', now(), 'VE' || n
    FROM generate_series(1, 50000) n;
    INSERT INTO send_attempts (transaction_id, n, provider, started_at, ended_at, outcome, provider_ref, attempt_ref)
    SELECT md5(n::text)::uuid, 1, 'verify', '2026-11-20T10:00:00Z'::timestamptz + n * interval '1 second', now(),
        CASE WHEN n % 100 = 0 THEN 'ambiguous' ELSE 'accepted' END, 'VE' || n, 'VL' || n
    FROM generate_series(1, 50000) n;
    INSERT INTO okta_events (org, uuid, okta_user_id, received_at, state, transaction_id)
    SELECT 'main', 'ev-' || n, '00u' || n % 5000, '2026-11-20T10:00:00Z'::timestamptz + n * interval '1 second', 'done',
        md5(n::text)::uuid
    FROM generate_series(1, 50000) n;
    INSERT INTO okta_event_deliveries (org, uuid, delivery, received_at)
    SELECT 'main', 'ev-' || n, md5(n::text)::uuid, '2026-11-20T10:00:00Z'::timestamptz + n * interval '1 second'
    FROM generate_series(1, 50000) n;
    INSERT INTO feedback_reports (org, event_uuid, provider, subject, transaction_id, verdict, result, result_rank, matched_by,
        reported_at)
    SELECT 'main', 'ev-' || n, 'verify', 'VE' || n, md5(n::text)::uuid, 'approved', 'reported', 5, 'record',
        '2026-11-20T10:00:00Z'::timestamptz + n * interval '1 second'
    FROM generate_series(1, 50000) n;
    INSERT INTO delivery_receipts (id, provider, provider_ref, attempt_ref, status, received_at, transaction_id)
    SELECT 'r' || n, 'verify', 'VE' || n, 'VL' || n, 'delivered',
        '2026-11-20T10:00:00Z'::timestamptz + n * interval '1 second', CASE WHEN n % 2 = 0 THEN md5(n::text)::uuid END
    FROM generate_series(1, 50000) n;";

struct Statement {
    name: String,
    sql: String,
    parameters: usize,
}

impl Statement {
    /// True for those that run where rows are read.
    fn reads(&self) -> bool {
        let sql = self.sql.trim_start();
        let writes = ["INSERT", "UPDATE", "DELETE"].iter().any(|word| sql.contains(word));
        sql.starts_with("SELECT") && !sql.contains("FOR NO KEY UPDATE") || sql.starts_with("WITH") && !writes
    }

    /// The overview counts everything, if asked to.
    fn counts(&self) -> bool {
        self.sql.contains("'quarantined'")
    }

    /// Erasing somebody by number may read everything: nobody waits for it, and an index would cost every code.
    fn erases_a_number(&self) -> bool {
        self.sql.contains("phone_hmac = ")
    }
}

fn statements() -> Vec<Statement> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(".sqlx");
    let read = |file: std::io::Result<std::fs::DirEntry>| {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let described: serde_json::Value = serde_json::from_str(&text).unwrap();
        Statement {
            name: format!("s{}", &described["hash"].as_str().unwrap()[..12]),
            sql: described["query"].as_str().unwrap().to_owned(),
            parameters: described["describe"]["parameters"]["Left"].as_array().unwrap().len(),
        }
    };
    std::fs::read_dir(folder).unwrap().map(read).collect()
}

async fn execute(connection: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await.unwrap();
}

async fn plan(connection: &mut PgConnection, execute: &str) -> String {
    let sql = AssertSqlSafe(format!("EXPLAIN (COSTS OFF) {execute}"));
    let lines: Vec<String> = sqlx::query_scalar(sql).fetch_all(connection).await.unwrap();
    lines.join("\n")
}

fn assert_indexed(plan: &str, statement: &str) {
    for table in LARGE {
        assert!(!plan.contains(&format!("Seq Scan on {table}")), "{statement}\n{plan}");
    }
}

/// An index that is read from end to end is a scan by another name.
fn assert_conditions(plan: &str, statement: &str) {
    let lines: Vec<&str> = plan.lines().collect();
    for pair in lines.windows(2).chain([[*lines.last().unwrap(), ""].as_slice()]) {
        let large = LARGE.iter().any(|table| pair[0].contains(&format!(" on {table}")));
        let bare = pair[0].contains("Index") && large && !pair[1].contains("Index Cond");
        assert!(!bare, "{statement}\n{plan}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a6_plans_use_indexes() {
    let bench = fresh().await;
    let statements = statements();
    assert!(statements.len() > 30, "{}", statements.len());
    let nulls = |statement: &Statement| match statement.parameters {
        0 => format!("EXECUTE {}", statement.name),
        n => format!("EXECUTE {}({})", statement.name, vec!["NULL"; n].join(", ")),
    };
    let mut writer = PgConnection::connect(&bench.url).await.unwrap();
    execute(&mut writer, &format!("{WRITER}; SET plan_cache_mode = force_generic_plan")).await;
    let mut reader = PgConnection::connect(&bench.url).await.unwrap();
    execute(&mut reader, READER).await;
    // Planned while the tables are empty, as by a service that runs since the first day.
    for statement in &statements {
        let connection = if statement.reads() { &mut reader } else { &mut writer };
        execute(connection, &format!("PREPARE {} AS {}", statement.name, statement.sql)).await;
        plan(connection, &nulls(statement)).await;
    }
    bench.meddle(GROW).await;
    for statement in statements.iter().filter(|it| !it.reads() && !it.erases_a_number()) {
        let plan = plan(&mut writer, &nulls(statement)).await;
        assert_indexed(&plan, &statement.sql);
        assert_conditions(&plan, &statement.sql);
        // A step of the purge takes its rows from one end of an index.
        let sorts = plan.contains("Sort") || plan.contains("Bitmap");
        assert!(!(statement.sql.contains("SKIP LOCKED") && sorts), "{}\n{plan}", statement.sql);
    }
    // What reads is planned anew each time; it must hold even where it were not, and where statistics came.
    bench.meddle("ANALYZE").await;
    execute(&mut reader, "SET plan_cache_mode = force_generic_plan").await;
    for statement in statements.iter().filter(|statement| statement.reads() && !statement.counts()) {
        assert_indexed(&plan(&mut reader, &nulls(statement)).await, &statement.sql);
    }
    execute(&mut reader, "SET plan_cache_mode = force_custom_plan").await;
    let span = |from: &str, to: &str| format!("'{from}', '{}', 255, '{to}', 100", uuid::Uuid::max());
    let (hour, ever) = (
        span("2026-11-20T12:00:00Z", "2026-11-20T13:00:00Z"),
        span("2026-11-20T00:00:00Z", "2026-12-20T00:00:00Z"),
    );
    let moments = |at: &str| format!("ARRAY['{at}', '{at}']::timestamptz[]");
    let matched = format!(
        "ARRAY['main', 'main'], ARRAY['ev-7', 'ev-8'], ARRAY['00u77', '00u78'], {}, {}, ARRAY['sms', 'sms'], ARRAY[NULL, NULL]",
        moments("2026-11-20T12:00:00Z"),
        moments("2026-11-20T12:10:00Z")
    );
    let attention = "'2026-11-20T00:00:00Z', '2026-11-20T23:45:00Z', '2026-11-20T23:58:00Z', '2026-11-20T23:59:00Z', 1000, 100000";
    for (part, values, index) in [
        ("newer_in_flight", matched.clone(), "otp_transactions_user"),
        ("newer_in_flight", matched.clone(), "okta_events_pkey"),
        ("newer_in_flight", matched, "feedback_reports_transaction"),
        (
            "(org, okta_event_id, place)",
            "ARRAY['main', 'main'], ARRAY['hook-7', 'hook-8']".to_owned(),
            "otp_transactions_hook",
        ),
        (
            "FROM feedback_reports WHERE transaction_id = $1\n                ORDER BY result_rank",
            "md5('7')::uuid".to_owned(),
            "feedback_reports_transaction",
        ),
        (
            "FROM otp_transactions\n                WHERE ($1",
            "NULL, NULL, NULL, NULL, NULL, 100".to_owned(),
            "otp_transactions_received_at",
        ),
        (
            "FROM otp_transactions\n                WHERE ($1",
            "NULL, NULL, '00u77', NULL, NULL, 100".to_owned(),
            "otp_transactions_user",
        ),
        (
            "FROM otp_transactions\n                WHERE ($1",
            "'main', 'failed', NULL, NULL, NULL, 20".to_owned(),
            "otp_transactions_trouble",
        ),
        (
            "FROM okta_events\n                WHERE ($1",
            "NULL, NULL, '00u77', NULL, NULL, 100".to_owned(),
            "okta_events_user",
        ),
        (
            "FROM okta_events\n                WHERE ($1",
            "NULL, 'dead', NULL, NULL, NULL, 100".to_owned(),
            "okta_events_trouble",
        ),
        ("a.outcome = 'ambiguous'", hour.clone(), "send_attempts_unresolved"),
        ("a.outcome = 'ambiguous'", hour, "delivery_receipts_transaction"),
        ("a.outcome = 'ambiguous'", ever.clone(), "send_attempts_unresolved"),
        ("a.outcome = 'ambiguous'", ever, "otp_transactions_pkey"),
        (
            "cells AS MATERIALIZED",
            "'2026-11-20T12:00:00Z', '2026-11-20T13:00:00Z', 1, 3600, 10000".to_owned(),
            "otp_transactions_received_at",
        ),
        (
            "WITH timed AS",
            "'2026-11-20T12:00:00Z', '2026-11-20T13:00:00Z', 1000".to_owned(),
            "send_attempts_started_at",
        ),
        (
            "WITH timed AS",
            "'2026-11-20T12:00:00Z', '2026-11-20T13:00:00Z', 1000".to_owned(),
            "feedback_reports_reported_at",
        ),
        (
            "WITH timed AS",
            "'2026-11-20T12:00:00Z', '2026-11-20T13:00:00Z', 1000".to_owned(),
            "okta_events_pkey",
        ),
        ("'waiting_events'", attention.to_owned(), "send_attempts_unresolved"),
        ("'waiting_events'", attention.to_owned(), "okta_events_trouble"),
        ("'waiting_events'", attention.to_owned(), "send_attempts_started_at"),
        ("FROM delivery_receipts own", "md5('7')::uuid".to_owned(), "delivery_receipts_transaction"),
        ("FROM delivery_receipts own", "md5('7')::uuid".to_owned(), "delivery_receipts_provider_ref"),
        ("FROM delivery_receipts own", "md5('7')::uuid".to_owned(), "delivery_receipts_attempt_ref"),
    ] {
        let statement = statements.iter().find(|statement| statement.sql.contains(part)).expect(part);
        let plan = plan(&mut reader, &format!("EXECUTE {}({values})", statement.name)).await;
        assert_indexed(&plan, &statement.sql);
        assert!(plan.contains(index), "{index}: {values}\n{plan}");
    }
    // Whoever asks a view for a span reads that span; it is up to the planner whether that is less than everything.
    execute(&mut reader, "SET enable_seqscan = off").await;
    for (view, moment, index) in [
        ("analytics_deliveries_hourly", "hour", "otp_transactions_hour"),
        ("analytics_conversion_by_country", "day", "otp_transactions_day"),
        ("analytics_provider_health", "hour", "send_attempts_hour"),
        ("analytics_feedback_lag", "hour", "feedback_reports_hour"),
        ("analytics_okta_fallbacks", "day", "otp_transactions_fallback_day"),
        ("analytics_fraud_watch", "hour", "otp_transactions_hour"),
    ] {
        let span = format!("SELECT * FROM {view} WHERE {moment} >= now() - interval '7 days'");
        let plan = plan(&mut reader, &span).await;
        let reads = [format!("Bitmap Index Scan on {index}\n"), format!("Index Scan using {index} on ")];
        assert!(reads.iter().any(|it| plan.contains(it)), "{view}\n{plan}");
    }
}
