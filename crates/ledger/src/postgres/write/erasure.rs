use std::borrow::Cow;

use otp::Fact;
use sqlx::postgres::PgConnection;

use crate::erasure::{Erasures, marks, without};

/// `facts` as they may be entered. Who reads here holds up an erasure that begins until this batch is in the books: it will find its rows.
pub(super) async fn allowed<'f>(
    connection: &mut PgConnection,
    facts: &'f [Fact],
) -> Result<Cow<'f, [Fact]>, sqlx::Error> {
    let asked = marks(facts);
    if asked.is_empty() {
        return Ok(Cow::Borrowed(facts));
    }
    let known = sqlx::query!(
        r#"SELECT mark, erased_at AS "erased_at: jiff_sqlx::Timestamp" FROM erasures WHERE mark = ANY ($1::text[])"#,
        &asked,
    )
    .fetch_all(connection)
    .await?;
    let erasures: Erasures = known.into_iter().map(|row| (row.mark, row.erased_at.to_jiff())).collect();
    Ok(without(facts, &erasures))
}
