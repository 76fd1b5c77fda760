use jiff::Timestamp;
use otp::OrgName;

use super::PostgresLedger;
use crate::ReadError;

impl PostgresLedger {
    pub(crate) async fn log_read_until(&self, org: &OrgName) -> Result<Option<Timestamp>, ReadError> {
        let rows = self
            .ask(sqlx::query!(
                r#"SELECT read_until AS "read_until: jiff_sqlx::Timestamp" FROM okta_log_cursors WHERE org = $1"#,
                org.as_str().to_owned(),
            ))
            .await?;
        Ok(rows.into_iter().next().map(|row| row.read_until.to_jiff()))
    }
}
