//! What really happened: the simulators' ledger and our own, put beside the books.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgConnection;

/// Appends what the bench itself knows, in the simulators' form.
#[derive(Clone)]
pub struct Witness(Arc<Mutex<File>>);

impl Witness {
    /// Appends to this file.
    pub fn open(path: &Path) -> Self {
        let file = File::options().create(true).append(true).open(path).unwrap();
        Self(Arc::new(Mutex::new(file)))
    }

    /// Writes one fact; its content is an object.
    pub fn record(&self, fact: &str, content: &Value) {
        let mut line = json!({ "at": Timestamp::now().to_string(), "fact": fact });
        let fields = content.as_object().unwrap().clone();
        line.as_object_mut().unwrap().extend(fields);
        let line = format!("{line}\n");
        self.0.lock().unwrap().write_all(line.as_bytes()).unwrap();
    }

    /// Writes down what Okta is about to deliver.
    pub fn events(&self, events: &[Value]) {
        for event in events {
            let fact = json!({
                "uuid": event["uuid"],
                "event_type": event["eventType"],
                "user_id": event["actor"]["id"],
                "factor": event["debugContext"]["debugData"]["factor"],
                "result": event["outcome"]["result"],
                "published": event["published"],
            });
            self.record("event", &fact);
        }
    }
}

/// Makes the schema `truth`, with nothing in it.
pub async fn prepare(session: &mut PgConnection) {
    sqlx::raw_sql(include_str!("../../invariants/truth/schema.sql")).execute(session).await.unwrap();
}

/// Loads a file of facts, one JSON document a line.
pub async fn load(session: &mut PgConnection, path: &Path) {
    let text = std::fs::read_to_string(path).unwrap();
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for some in lines.chunks(2000) {
        load_lines(session, some).await;
    }
    sqlx::raw_sql("ANALYZE truth.facts").execute(session).await.unwrap();
}

/// Loads facts.
pub async fn load_lines(session: &mut PgConnection, lines: &[String]) {
    let sql = "INSERT INTO truth.facts (at, fact, content) \
        SELECT (it->>'at')::timestamptz, it->>'fact', it FROM (SELECT line::jsonb AS it FROM unnest($1::text[]) AS line) AS lines";
    sqlx::query(AssertSqlSafe(sql)).bind(lines).execute(session).await.unwrap();
}
