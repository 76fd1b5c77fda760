use jiff::Timestamp;
use otp::OrgName;

use super::SqliteLedger;
use super::columns::Columns;
use crate::ReadError;

impl SqliteLedger {
    pub(crate) async fn log_read_until(&self, org: &OrgName) -> Result<Option<Timestamp>, ReadError> {
        let query = sqlx::query("SELECT read_until FROM okta_log_cursors WHERE org = ?1");
        match self.row(query.bind(org.as_str().to_owned())).await? {
            Some(row) => Columns(&row).moment("read_until"),
            None => Ok(None),
        }
    }
}
