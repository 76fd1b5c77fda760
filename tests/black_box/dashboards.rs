//! What is watched is there: the metrics that alerts and the dashboard ask for, and the views.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use lab::PrivatePostgres;
use serde_json::Value;
use sim::{Channel, Fault, VerifyOp};
use sqlx::AssertSqlSafe;

use crate::harness::{World, ringback};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(repository().join(path)).unwrap_or_else(|err| panic!("{path}: {err}"))
}

/// Every name in a text that begins as our metrics do.
fn names(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for part in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
        if part.starts_with("ringback_") && !["ringback_analytics", "ringback_grafana"].contains(&part) {
            let base = ["_bucket", "_count", "_sum"].iter().find_map(|end| part.strip_suffix(end));
            names.insert(base.unwrap_or(part).to_owned());
        }
    }
    names
}

/// Every metric that is written anywhere in the code (to describe one is not to write it).
fn written(dir: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            written(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let code = std::fs::read_to_string(&path).unwrap();
            for kind in ["counter", "gauge", "histogram"] {
                for call in code.split(&format!("metrics::{kind}!(")).skip(1) {
                    let name = call.trim_start().trim_start_matches('"').split('"').next().unwrap();
                    found.insert(name.to_owned());
                }
            }
        }
    }
}

fn panels() -> Vec<Value> {
    let dashboard: Value = serde_json::from_str(&read("ops/grafana/dashboards/ringback.json")).unwrap();
    dashboard["panels"].as_array().unwrap().clone()
}

/// What the dashboard asks Prometheus, or the books.
fn questions(key: &str) -> Vec<String> {
    let panels = panels();
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    targets.filter_map(|target| target[key].as_str().map(str::to_owned)).collect()
}

/// Every metric that an alert or a panel asks for.
fn watched() -> BTreeSet<String> {
    names(&format!("{}\n{}", read("ops/prometheus/alerts.yml"), questions("expr").join("\n")))
}

#[test]
fn every_metric_that_is_watched_is_written() {
    let mut found = BTreeSet::new();
    for krate in std::fs::read_dir(repository().join("crates")).unwrap() {
        written(&krate.unwrap().path().join("src"), &mut found);
    }
    assert!(found.len() > 20, "{found:?}");
    let watched = watched();
    assert!(watched.len() > 12, "{watched:?}");
    let missing: Vec<_> = watched.difference(&found).collect();
    assert!(missing.is_empty(), "nobody writes {missing:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_working_service_has_the_metrics_that_are_watched() {
    let world = World::start().await;
    let user = world.user("ana");
    world.sim.twilio().fail_next(VerifyOp::Create, Fault::twilio(60205));
    let _ = world.sim.okta().login(&user.id, Channel::Sms).await.unwrap();
    let login = world.login(&user, Channel::Sms).await;
    world.type_in(&user, login.code()).await;
    world.row_when("SELECT * FROM feedback_reports", "result", "reported").await;
    let _ = world.client.post(world.url("/okta/main/events")).send().await.unwrap();
    world.drained().await;
    let shown = world.admin("/metrics").await.text;
    let there: BTreeSet<String> =
        shown.lines().filter(|line| !line.starts_with('#')).flat_map(names).collect();
    let watched = watched();
    // These appear with what they tell of.
    let rare = ["ringback_queue_blocked", "ringback_receipts_total", "ringback_system_log_lag_seconds"];
    let missing: Vec<_> = watched.difference(&there).filter(|name| !rare.contains(&name.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?} are not in\n{shown}");
    assert!(shown.contains("ringback_ready 1"), "{shown}");
}

#[test]
fn every_alert_says_what_it_is_and_where_to_read_on() {
    let rules = read("ops/prometheus/alerts.yml");
    let alerts: Vec<&str> = rules.split("- alert: ").skip(1).collect();
    assert!(alerts.len() >= 20, "{}", alerts.len());
    let mut runbooks = BTreeSet::new();
    for alert in alerts {
        let name = alert.lines().next().unwrap();
        for part in ["expr: ", "severity: ", "summary: \""] {
            assert!(alert.contains(part), "{name}: no {part}");
        }
        let runbook = alert.split("runbook: ").nth(1).unwrap_or_else(|| panic!("{name}: no runbook"));
        let runbook = runbook.lines().next().unwrap().trim();
        assert!(repository().join(runbook).is_file(), "{name}: there is no {runbook}");
        runbooks.insert(runbook.to_owned());
        // Brackets close, and nothing is left of a template.
        for (open, close) in [('(', ')'), ('[', ']'), ('{', '}')] {
            assert_eq!(alert.matches(open).count(), alert.matches(close).count(), "{name}: {open}{close}");
        }
    }
    let index = read("ops/README.md");
    for entry in std::fs::read_dir(repository().join("ops/runbooks")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(index.contains(&format!("runbooks/{name}")), "ops/README.md does not lead to {name}");
        runbooks.remove(&format!("ops/runbooks/{name}"));
    }
    assert!(runbooks.is_empty(), "{runbooks:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_dashboard_asks_the_books_analysts_may_ask() {
    let postgres = PrivatePostgres::start().await;
    let place = tempfile::tempdir().unwrap();
    let config = format!(
        "[ledger]\nurl = '{}'\n[privacy]\nkey = 'bGFiLWxhYi1sYWItbGFiLWxhYi1sYWItbGFiLWxhYi0='\n\
        [okta.orgs.main]\nhook_secrets = ['0123456789abcdef0123456789abcdef']\n\
        [telephony.providers.verify]\nkind = 'twilio-verify'\naccount_sid = 'AC00000000000000000000000000000000'\n\
        auth_token = '0123456789abcdef0123456789abcdef'\nservice_sid = 'VA00000000000000000000000000000000'\n",
        postgres.url()
    );
    std::fs::write(place.path().join("ringback.toml"), config).unwrap();
    ringback(place.path(), &["migrate"], &[]).await.done();
    let mut analyst = postgres.session().await;
    sqlx::raw_sql("SET ROLE ringback_analytics").execute(&mut analyst).await.unwrap();
    let questions = questions("rawSql");
    assert!(questions.len() >= 6, "{questions:?}");
    for question in questions {
        // As Grafana fills them in.
        let sql = question
            .replace("$__timeFrom()", "'2026-11-20T00:00:00Z'")
            .replace("$__timeTo()", "'2026-11-21T00:00:00Z'");
        assert!(!sql.contains("$__"), "{sql}");
        sqlx::raw_sql(AssertSqlSafe(sql.clone())).execute(&mut analyst).await.unwrap_or_else(|err| {
            panic!("{err}: {sql}");
        });
    }
}
