//! A year of books, and how long what analysts ask of it takes.

use std::path::Path;

use anyhow::Context as _;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Row as _};
use url::Url;

use crate::{clock, loopback, report};

const FILL: &str = include_str!("year/fill.sql");

/// What analysts and a dashboard ask, by a name to print. A statement is asked three times; the median counts.
const QUESTIONS: [(&str, &str); 22] = [
    ("deliveries, 24 hours", "SELECT * FROM analytics_deliveries_hourly WHERE hour >= now() - interval '24 hours'"),
    ("deliveries, 30 days", "SELECT * FROM analytics_deliveries_hourly WHERE hour >= now() - interval '30 days'"),
    (
        "deliveries, 30 days, counts alone",
        "SELECT hour, sum(transactions), sum(accepted) FROM analytics_deliveries_hourly
        WHERE hour >= now() - interval '30 days' GROUP BY hour",
    ),
    (
        "deliveries, one country, a year",
        "SELECT hour, sum(transactions) FROM analytics_deliveries_hourly WHERE country = 'NZ' GROUP BY hour",
    ),
    ("conversion, 24 hours", "SELECT * FROM analytics_conversion_by_country WHERE day >= now() - interval '24 hours'"),
    ("conversion, 30 days", "SELECT * FROM analytics_conversion_by_country WHERE day >= now() - interval '30 days'"),
    (
        "conversion, one country, a year",
        "SELECT day, sent, verified, conversion FROM analytics_conversion_by_country WHERE country = 'NZ'",
    ),
    ("provider health, 24 hours", "SELECT * FROM analytics_provider_health WHERE hour >= now() - interval '24 hours'"),
    ("provider health, 30 days", "SELECT * FROM analytics_provider_health WHERE hour >= now() - interval '30 days'"),
    ("feedback lag, 24 hours", "SELECT * FROM analytics_feedback_lag WHERE hour >= now() - interval '24 hours'"),
    ("feedback lag, 30 days", "SELECT * FROM analytics_feedback_lag WHERE hour >= now() - interval '30 days'"),
    ("Okta's fallbacks, 24 hours", "SELECT * FROM analytics_okta_fallbacks WHERE day >= now() - interval '24 hours'"),
    ("Okta's fallbacks, 30 days", "SELECT * FROM analytics_okta_fallbacks WHERE day >= now() - interval '30 days'"),
    (
        "Okta's fallbacks, one country, a year",
        "SELECT day, sum(transactions), sum(okta_sent) FROM analytics_okta_fallbacks WHERE country = 'NZ' GROUP BY day",
    ),
    (
        "fraud watch, 24 hours",
        "SELECT * FROM analytics_fraud_watch WHERE hour >= now() - interval '24 hours' ORDER BY transactions DESC LIMIT 50",
    ),
    (
        "fraud watch, 30 days",
        "SELECT * FROM analytics_fraud_watch WHERE hour >= now() - interval '30 days' ORDER BY transactions DESC LIMIT 50",
    ),
    (
        "fraud watch, one country, a year",
        "SELECT hour, sum(transactions), sum(verified) FROM analytics_fraud_watch WHERE country = 'NZ' GROUP BY hour",
    ),
    (
        "dashboard: statuses of the last hour",
        "SELECT status, count(*) FROM otp_transactions WHERE received_at >= now() - interval '1 hour' AND duplicate_of IS NULL GROUP BY status",
    ),
    (
        "dashboard: the newest hundred",
        "SELECT id, received_at, status, provider FROM otp_transactions ORDER BY received_at DESC NULLS LAST, id DESC LIMIT 100",
    ),
    (
        "dashboard: the newest failures",
        "SELECT id, received_at FROM otp_transactions WHERE status = 'failed' AND status NOT IN ('received', 'accepted')
        ORDER BY received_at DESC NULLS LAST, id DESC LIMIT 20",
    ),
    (
        "dashboard: one user's codes",
        "SELECT * FROM otp_transactions WHERE okta_user_id = '00u' || lpad('4711', 17, '0') ORDER BY received_at DESC NULLS LAST LIMIT 20",
    ),
    (
        "dashboard: repaired in a week",
        "SELECT count(*) FROM okta_events WHERE source = 'log' AND received_at >= now() - interval '7 days'",
    ),
];

/// Fills a scratch database with `transactions` of a year, asks, prints, and drops it unless it is to be kept.
pub(crate) async fn measure(
    server: &str,
    transactions: u64,
    settings: &[String],
    keep: bool,
) -> anyhow::Result<()> {
    loopback::of_url(server, 5432)?;
    let name = format!("ringback_year_{}", std::process::id());
    let mut admin =
        PgConnection::connect(server).await.context("no Postgres to make a scratch database in")?;
    say(&mut admin, &format!("CREATE DATABASE {name}")).await?;
    let asked = match fill(&database(server, &name)?, transactions).await {
        Ok(()) => ask(server, &name, settings).await,
        Err(err) => Err(err),
    };
    if keep {
        report::progress(&format!("kept: {name}"));
    } else {
        say(&mut admin, &format!("DROP DATABASE {name} WITH (FORCE)")).await?;
    }
    asked
}

async fn fill(url: &str, transactions: u64) -> anyhow::Result<()> {
    let mut db = PgConnection::connect(url).await?;
    say(&mut db, "SET client_min_messages = error").await?;
    for migration in migrations()? {
        say(&mut db, &migration).await?;
    }
    let begun = clock::now();
    say(&mut db, &FILL.replace("{transactions}", &transactions.to_string())).await?;
    say(&mut db, "VACUUM ANALYZE").await?;
    report::progress(&format!("filled in {} s", clock::now().duration_since(begun).as_secs()));
    Ok(())
}

/// Asks a database that was filled, and prints.
pub(crate) async fn ask(server: &str, name: &str, settings: &[String]) -> anyhow::Result<()> {
    loopback::of_url(server, 5432)?;
    let mut asker = PgConnection::connect(&database(server, plain(name)?)?).await?;
    say(&mut asker, "SET jit = off").await?;
    for setting in settings {
        let (setting, value) = setting.split_once('=').context("--set wants NAME=VALUE")?;
        say(&mut asker, &format!("SELECT set_config('{}', '{}', false)", plain(setting)?, plain(value)?))
            .await?;
    }
    report::verdict(&format!("{name} {}", settings.join(" ")));
    report::verdict(&format!("{:<42} {:>10} {:>9} {:>12}  scans", "", "ms", "rows", "pages read"));
    for (name, sql) in QUESTIONS {
        let mut answers = Vec::with_capacity(3);
        for _ in 0..3 {
            answers.push(explain(&mut asker, sql).await?);
        }
        answers.sort_by(|a, b| a.ms.total_cmp(&b.ms));
        let median = &answers[1];
        report::verdict(&format!(
            "{name:<42} {:>10.0} {:>9} {:>12}  {}",
            median.ms,
            median.rows,
            median.pages,
            median.scans.join(", ")
        ));
    }
    Ok(())
}

fn database(server: &str, name: &str) -> anyhow::Result<String> {
    let mut url = Url::parse(server)?;
    url.set_path(name);
    Ok(url.to_string())
}

/// What `EXPLAIN (ANALYZE, BUFFERS)` says of one statement.
struct Answer {
    ms: f64,
    rows: u64,
    /// From the cache or the disk.
    pages: u64,
    scans: Vec<String>,
}

async fn explain(db: &mut PgConnection, sql: &str) -> anyhow::Result<Answer> {
    let sql = AssertSqlSafe(format!("EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {sql}"));
    let row = sqlx::query(sql).fetch_one(db).await?;
    let plans: serde_json::Value = row.try_get(0)?;
    let plan = &plans[0]["Plan"];
    let mut scans = Vec::new();
    scanned(plan, &mut scans);
    let pages = ["Shared Hit Blocks", "Shared Read Blocks"].iter().filter_map(|it| plan[it].as_u64()).sum();
    Ok(Answer {
        ms: plans[0]["Execution Time"].as_f64().unwrap_or_default(),
        rows: plan["Actual Rows"].as_f64().unwrap_or_default() as u64,
        pages,
        scans,
    })
}

/// The kinds of scan in a plan, each once, in its order.
fn scanned(plan: &serde_json::Value, scans: &mut Vec<String>) {
    let kind = plan["Node Type"].as_str().unwrap_or_default();
    if kind.contains("Scan") && kind != "Subquery Scan" && kind != "Bitmap Heap Scan" {
        let what = plan["Index Name"].as_str().or_else(|| plan["Relation Name"].as_str()).unwrap_or_default();
        let scan = format!("{kind} {what}");
        if !scans.contains(&scan) {
            scans.push(scan);
        }
    }
    for inner in plan["Plans"].as_array().into_iter().flatten() {
        scanned(inner, scans);
    }
}

/// The schema as the service makes it.
fn migrations() -> anyhow::Result<Vec<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/postgres");
    let mut files =
        std::fs::read_dir(folder)?.map(|file| Ok(file?.path())).collect::<std::io::Result<Vec<_>>>()?;
    files.sort();
    Ok(files.into_iter().map(std::fs::read_to_string).collect::<std::io::Result<_>>()?)
}

/// A setting's name or value, which goes into a statement.
fn plain(text: &str) -> anyhow::Result<&str> {
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    anyhow::ensure!(plain, "--set wants letters, digits, dots and underscores");
    Ok(text)
}

async fn say(db: &mut PgConnection, sql: &str) -> anyhow::Result<()> {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(db).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{migrations, plain, scanned};

    #[test]
    fn a_plan_names_its_scans_once() {
        let plan = json!({ "Node Type": "Gather", "Plans": [
            { "Node Type": "Bitmap Heap Scan", "Plans": [{ "Node Type": "Bitmap Index Scan", "Index Name": "i" }] },
            { "Node Type": "Seq Scan", "Relation Name": "t" },
            { "Node Type": "Seq Scan", "Relation Name": "t" },
        ]});
        let mut scans = Vec::new();
        scanned(&plan, &mut scans);
        assert_eq!(scans, ["Bitmap Index Scan i", "Seq Scan t"]);
    }

    #[test]
    fn the_schema_is_found_and_a_setting_is_one() {
        assert!(migrations().unwrap().len() >= 5);
        assert!(plain("random_page_cost").is_ok() && plain("64MB").is_ok() && plain("'; DROP").is_err());
    }
}
