use sqlx::postgres::PgConnection;

use super::{PostgresLedger, fault};
use crate::MigrateError;

/// What Postgres must not be told where a fact that it took is gone from the journal: a crash would lose facts for good.
const NOT_DURABLE: [(&str, &str); 2] = [("fsync", "off"), ("synchronous_commit", "off")];

impl PostgresLedger {
    pub(crate) async fn check_durability(&self) -> Result<(), MigrateError> {
        if !self.require_durable {
            return Ok(());
        }
        self.writing(|connection| Box::pin(durable(connection))).await.map_err(MigrateError::from)?
    }
}

/// Asked on a connection for writing, because roles, databases and the URL may have settings of their own.
async fn durable(connection: &mut PgConnection) -> Result<(), MigrateError> {
    for (setting, off) in NOT_DURABLE {
        let value = sqlx::query_scalar!(r#"SELECT current_setting($1) AS "value!""#, setting)
            .fetch_one(&mut *connection)
            .await
            .map_err(|error| MigrateError::from(fault::of(error)))?;
        if value == off {
            return Err(MigrateError::NotDurable { setting, value });
        }
    }
    Ok(())
}
