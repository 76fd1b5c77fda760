use std::ops::DerefMut as _;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::{Connection as _, SqliteConnection};

use super::{SqliteLedger, fault};
use crate::rows::{Health, Migrated};
use crate::{MigrateError, ReadError};

static MIGRATIONS: Migrator = Migrator { ignore_missing: true, ..sqlx::migrate!("../../migrations/sqlite") };

/// The longest a migration may take.
const PATIENCE: Duration = Duration::from_secs(3_600);

/// The newest schema this binary knows.
fn known() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}

impl SqliteLedger {
    pub(crate) async fn migrate(&self) -> Result<Migrated, MigrateError> {
        // Large books may take their time.
        let patient = Self { limit: PATIENCE, ..self.clone() };
        patient.writing(|connection| Box::pin(bring_up(connection))).await.map_err(MigrateError::from)?
    }

    pub(crate) async fn health(&self) -> Result<Health, ReadError> {
        let work = async {
            let mut connection = self.readers.acquire().await.map_err(fault::of)?;
            let schema_version = version(&mut connection).await.map_err(fault::of)?;
            let bytes = sqlx::query_scalar::<_, i64>(
                "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
            )
            .fetch_one(connection.deref_mut())
            .await
            .map_err(fault::of)?;
            Ok(Health {
                backend: "sqlite",
                schema_version,
                known_version: known(),
                bytes: u64::try_from(bytes).ok(),
            })
        };
        Ok(self.timed(work).await?)
    }
}

/// All that is missing, in one transaction: another process that wants the same waits at BEGIN and then finds nothing to do.
async fn bring_up(connection: &mut SqliteConnection) -> Result<Migrated, MigrateError> {
    let database = |error| MigrateError::from(fault::of(error));
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(database)?;
    let before = version(&mut transaction).await.map_err(database)?;
    if before > known() {
        return match min_compatible(&mut transaction, before).await.map_err(database)? {
            oldest if oldest <= known() => Ok(Migrated { ran: Vec::new(), version: before }),
            _ => Err(MigrateError::TooNew { found: before, known: known() }),
        };
    }
    // `run` is this and does not compile inside a task (the driver's own remark beside it).
    MIGRATIONS.run_direct(None, transaction.deref_mut(), false).await.map_err(|error| match error {
        sqlx::migrate::MigrateError::VersionMismatch(version) => MigrateError::Changed(version),
        sqlx::migrate::MigrateError::Execute(error) => database(error),
        other => MigrateError::Failed(other.into()),
    })?;
    let after = version(&mut transaction).await.map_err(database)?;
    transaction.commit().await.map_err(database)?;
    let ran = MIGRATIONS.iter().filter(|migration| migration.version > before);
    Ok(Migrated {
        ran: ran.map(|migration| format!("{:04}_{}", migration.version, migration.description)).collect(),
        version: after,
    })
}

/// The newest migration that ran; 0 where none did.
async fn version(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    let tables: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations'",
    )
    .fetch_one(&mut *connection)
    .await?;
    if tables == 0 {
        return Ok(0);
    }
    sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM _sqlx_migrations").fetch_one(connection).await
}

/// The oldest binary the schema's author allows; a schema that does not say allows none but its own.
async fn min_compatible(connection: &mut SqliteConnection, version: i64) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT coalesce((SELECT min_compatible FROM ledger_schema WHERE version = ?1), ?1)")
        .bind(version)
        .fetch_one(connection)
        .await
}
