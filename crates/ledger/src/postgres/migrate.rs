use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, Error};

use super::loan::Loan;
use super::{PostgresLedger, fault};
use crate::rows::{Health, Migrated};
use crate::{MigrateError, ReadError};

/// Locks by itself: the driver's lock waits for ever.
static MIGRATIONS: Migrator =
    Migrator { ignore_missing: true, locking: false, ..sqlx::migrate!("../../migrations/postgres") };

/// What the third migration did once: the role may have been made since, by somebody who may.
const OPEN_TO_ANALYSTS: &str = "
    DO $$
    DECLARE
        view_name text;
    BEGIN
        BEGIN
            CREATE ROLE ringback_analytics NOLOGIN;
        EXCEPTION
            WHEN duplicate_object OR unique_violation OR insufficient_privilege THEN NULL;
        END;
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ringback_analytics') THEN
            RETURN;
        END IF;
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO ringback_analytics', current_schema());
        FOR view_name IN
            SELECT viewname FROM pg_views WHERE schemaname = current_schema() AND viewname LIKE 'analytics\\_%'
        LOOP
            EXECUTE format('GRANT SELECT ON %I TO ringback_analytics', view_name);
        END LOOP;
    END
    $$";

/// The longest a migration may take.
const PATIENCE: Duration = Duration::from_secs(3_600);

/// The newest schema this binary knows.
fn known() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}

impl PostgresLedger {
    pub(crate) async fn migrate(&self) -> Result<Migrated, MigrateError> {
        self.check_durability().await?;
        // Looked at first, in ordinary time and with no right but to read: most starts find nothing to do.
        let standing =
            self.writing(|connection| Box::pin(look(connection))).await.map_err(MigrateError::from)??;
        if standing >= known() {
            return Ok(Migrated { ran: Vec::new(), version: standing });
        }
        // Large books may take their time.
        let patient = Self { limit: PATIENCE, patience: PATIENCE, ..self.clone() };
        patient.writing(|connection| Box::pin(bring_up(connection))).await.map_err(MigrateError::from)?
    }

    pub(crate) async fn open_to_analysts(&self) -> Result<bool, MigrateError> {
        self.writing(|connection| {
            Box::pin(async move {
                let database = |error| MigrateError::from(fault::of(error));
                sqlx::raw_sql(OPEN_TO_ANALYSTS).execute(&mut *connection).await.map_err(database)?;
                sqlx::query_scalar!(
                    r#"SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ringback_analytics') AS "there!""#
                )
                .fetch_one(connection)
                .await
                .map_err(database)
            })
        })
        .await
        .map_err(MigrateError::from)?
    }

    pub(crate) async fn health(&self) -> Result<Health, ReadError> {
        let look = async {
            let mut loan = Loan::from(&self.readers).await?;
            let schema_version = version(&mut loan).await?;
            let bytes = sqlx::query_scalar!(r#"SELECT pg_database_size(current_database()) AS "bytes!""#)
                .fetch_one(&mut *loan)
                .await?;
            loan.give_back();
            Ok((schema_version, bytes))
        };
        let (schema_version, bytes) = self.timed(async { look.await.map_err(fault::of) }).await?;
        Ok(Health {
            backend: "postgres",
            schema_version,
            known_version: known(),
            bytes: u64::try_from(bytes).ok(),
        })
    }
}

/// How far the schema is; refuses one that is not for this binary.
async fn look(connection: &mut PgConnection) -> Result<i64, MigrateError> {
    let database = |error| MigrateError::from(fault::of(error));
    let before = version(connection).await.map_err(database)?;
    if before == 0 {
        return Ok(0);
    }
    if before > known() {
        return match min_compatible(connection, before).await.map_err(database)? {
            oldest if oldest <= known() => Ok(before),
            _ => Err(MigrateError::TooNew { found: before, known: known() }),
        };
    }
    let ran = sqlx::query!("SELECT version, checksum FROM _sqlx_migrations")
        .fetch_all(connection)
        .await
        .map_err(database)?;
    for migration in MIGRATIONS.iter() {
        let changed = |checksum: &Vec<u8>| checksum.as_slice() != migration.checksum.as_ref();
        if ran.iter().any(|row| row.version == migration.version && changed(&row.checksum)) {
            return Err(MigrateError::Changed(migration.version));
        }
    }
    Ok(before)
}

/// All that is missing, in one transaction: another process that wants the same waits, and then finds nothing to do.
async fn bring_up(connection: &mut PgConnection) -> Result<Migrated, MigrateError> {
    let database = |error| MigrateError::from(fault::of(error));
    let mut transaction = connection.begin().await.map_err(database)?;
    // Half a minute for another migrator to end. Then at most two seconds per lock, behind which hooks of older binaries queue.
    sqlx::raw_sql(
        "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0;
        SET LOCAL enable_seqscan = on; SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on;
        SET LOCAL lock_timeout = '30s';
        SELECT pg_advisory_xact_lock(hashtextextended('ringback ledger ' || coalesce(current_schema(), ''), 0));
        SET LOCAL lock_timeout = '2s';",
    )
    .execute(&mut *transaction)
    .await
    .map_err(database)?;
    let before = look(&mut transaction).await?;
    if before >= known() {
        return Ok(Migrated { ran: Vec::new(), version: before });
    }
    MIGRATIONS.run_direct(None, &mut *transaction, false).await.map_err(|error| match error {
        sqlx::migrate::MigrateError::VersionMismatch(version) => MigrateError::Changed(version),
        sqlx::migrate::MigrateError::Execute(error)
        | sqlx::migrate::MigrateError::ExecuteMigration(error, _) => database(error),
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
async fn version(connection: &mut PgConnection) -> Result<i64, Error> {
    let there = sqlx::query_scalar!(r#"SELECT to_regclass('_sqlx_migrations') IS NOT NULL AS "there!""#)
        .fetch_one(&mut *connection)
        .await?;
    if !there {
        return Ok(0);
    }
    sqlx::query_scalar!(r#"SELECT coalesce(max(version), 0) AS "version!" FROM _sqlx_migrations"#)
        .fetch_one(connection)
        .await
}

/// The oldest binary the schema's author allows; a schema that does not say allows none but its own.
async fn min_compatible(connection: &mut PgConnection, version: i64) -> Result<i64, Error> {
    sqlx::query_scalar!(
        r#"SELECT coalesce((SELECT min_compatible FROM ledger_schema WHERE version = $1), $1) AS "oldest!""#,
        version,
    )
    .fetch_one(connection)
    .await
}
