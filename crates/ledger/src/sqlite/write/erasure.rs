use std::borrow::Cow;

use otp::Fact;
use sqlx::{Row as _, SqliteConnection};

use crate::erasure::{Erasures, marks, without};

/// `facts` as they may be entered. Nobody else writes meanwhile, so an erasure is either known here or finds these rows.
pub(super) async fn allowed<'f>(
    connection: &mut SqliteConnection,
    facts: &'f [Fact],
) -> Result<Cow<'f, [Fact]>, sqlx::Error> {
    let asked = marks(facts);
    if asked.is_empty() {
        return Ok(Cow::Borrowed(facts));
    }
    let known =
        sqlx::query("SELECT mark, erased_at FROM erasures WHERE mark IN (SELECT value FROM json_each(?1))")
            .bind(serde_json::Value::from(asked).to_string())
            .fetch_all(connection)
            .await?;
    let mut erasures = Erasures::new();
    for row in known {
        // Ours, and never damaged but with the whole file.
        if let Ok(at) = row.try_get::<&str, _>("erased_at")?.parse() {
            erasures.insert(row.try_get("mark")?, at);
        }
    }
    Ok(without(facts, &erasures))
}
