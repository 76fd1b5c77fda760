//! The books, as an analyst reads them.

use std::path::PathBuf;

use futures_util::TryStreamExt as _;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _};
use tempfile::TempDir;

use crate::cli::{Cli, Profile};
use crate::{config, loopback};

/// Where a deployment's ledger is.
pub(crate) enum Books {
    /// A file.
    Sqlite(PathBuf),
    /// A scratch database, and the one it was made from.
    Postgres { name: String, url: String, server: String },
}

/// The ledger out of reach, until it is given back.
pub(crate) enum Outage {
    Locked(SqliteConnection),
    Closed,
}

impl Books {
    /// A place for the ledger of a new deployment.
    pub(crate) async fn make(profile: Profile, dir: &TempDir, cli: &Cli) -> anyhow::Result<Self> {
        if profile != Profile::Production {
            return Ok(Self::Sqlite(dir.path().join("ledger.db")));
        }
        loopback::of_url(&cli.postgres, 5432)?;
        loopback::of_url(&cli.amqp, 5672)?;
        let (name, server) = (config::prefix(dir.path()), cli.postgres.clone());
        let mut url = url::Url::parse(&server)?;
        url.set_path(&name);
        let books = Self::Postgres { url: url.to_string(), server, name };
        books.manage("CREATE DATABASE $").await?;
        Ok(books)
    }

    /// As the configuration names it.
    pub(crate) fn url(&self) -> String {
        match self {
            Self::Sqlite(file) => format!("sqlite:{}", file.display()),
            Self::Postgres { url, .. } => url.clone(),
        }
    }

    /// Hands every row of a query over; all its columns are texts.
    pub(crate) async fn each(
        &self,
        sql: &str,
        mut row: impl FnMut(&dyn Fn(usize) -> Option<String>),
    ) -> anyhow::Result<()> {
        let query = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        match self {
            Self::Sqlite(file) => {
                let options = SqliteConnectOptions::new().filename(file).read_only(true);
                let mut db = options.connect().await?;
                let mut rows = query.fetch(&mut db);
                while let Some(it) = rows.try_next().await? {
                    let it: SqliteRow = it;
                    row(&|n| it.try_get(n).ok().flatten());
                }
            }
            Self::Postgres { url, .. } => {
                let mut db = PgConnection::connect(url).await?;
                let mut rows = query.fetch(&mut db);
                while let Some(it) = rows.try_next().await? {
                    let it: PgRow = it;
                    row(&|n| it.try_get(n).ok().flatten());
                }
            }
        }
        Ok(())
    }

    /// Takes the ledger away, as if its server were gone.
    pub(crate) async fn take_away(&self) -> anyhow::Result<Outage> {
        match self {
            Self::Sqlite(file) => {
                let mut db = SqliteConnectOptions::new().filename(file).connect().await?;
                sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut db).await?;
                Ok(Outage::Locked(db))
            }
            Self::Postgres { .. } => {
                self.manage("ALTER DATABASE $ ALLOW_CONNECTIONS false").await?;
                self.manage("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '$'")
                    .await?;
                Ok(Outage::Closed)
            }
        }
    }

    /// Gives it back.
    pub(crate) async fn give_back(&self, outage: Outage) -> anyhow::Result<()> {
        match outage {
            Outage::Locked(mut db) => {
                sqlx::raw_sql("ROLLBACK").execute(&mut db).await?;
                db.close().await?;
            }
            Outage::Closed => self.manage("ALTER DATABASE $ ALLOW_CONNECTIONS true").await?,
        }
        Ok(())
    }

    /// Leaves nothing behind.
    pub(crate) async fn remove(&self) -> anyhow::Result<()> {
        self.manage("DROP DATABASE IF EXISTS $ WITH (FORCE)").await
    }

    /// Says something about the database to its server.
    async fn manage(&self, sql: &str) -> anyhow::Result<()> {
        if let Self::Postgres { name, server, .. } = self {
            let mut db = PgConnection::connect(server).await?;
            sqlx::raw_sql(AssertSqlSafe(sql.replace('$', name))).execute(&mut db).await?;
            db.close().await?;
        }
        Ok(())
    }
}
