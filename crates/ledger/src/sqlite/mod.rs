//! The ledger in one SQLite file: one connection writes, a few read.

mod activity;
mod apply;
mod attention;
mod claims;
mod columns;
mod decode;
mod erase;
mod examine;
mod fault;
mod listing;
mod log_cursor;
mod matching;
mod migrate;
mod open;
mod overview;
mod purge;
mod timings;
mod unattributed;
mod unresolved;
mod untold;
mod write;

use std::pin::Pin;
use std::time::Duration;

use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{Sqlite, SqliteConnection};

use crate::ReadError;
use crate::error::Fault;

#[derive(Clone)]
pub(crate) struct SqliteLedger {
    /// One connection: SQLite has one writer at a time, and waiting here is cheaper than being told "busy" there.
    writer: SqlitePool,
    readers: SqlitePool,
    /// The most any one call may take.
    limit: Duration,
}

impl SqliteLedger {
    pub(crate) fn within(&self, limit: Duration) -> Self {
        Self { limit: limit.min(self.limit), ..self.clone() }
    }

    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// Runs `work` on the writer, in a task of its own, and waits no longer than the limit.
    ///
    /// A write is never cancelled, so a caller that gives up cannot leave half a transaction on a connection that goes back to the
    /// pool (which sqlx 0.9.0 does not clean up for every database). For the same reason a connection that failed is closed: SQLite
    /// may have ended its transaction without the driver knowing.
    async fn writing<T, E>(
        &self,
        work: impl for<'c> FnOnce(&'c mut SqliteConnection) -> Work<'c, T, E> + Send + 'static,
    ) -> Result<Result<T, E>, Fault>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        self.timed(async {
            let mut connection = self.writer.acquire().await.map_err(fault::of)?;
            let task = tokio::spawn(async move {
                let done = work(&mut connection).await;
                if done.is_err() {
                    connection.close_on_drop();
                }
                done
            });
            task.await.map_err(|panic| Fault::Failed(panic.into()))
        })
        .await
    }

    async fn timed<T>(&self, work: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        tokio::time::timeout(self.limit, work).await.unwrap_or(Err(Fault::Timeout(self.limit)))
    }

    /// Every row of a query.
    async fn rows(&self, query: Query) -> Result<Vec<SqliteRow>, ReadError> {
        let rows = self.timed(async { query.fetch_all(&self.readers).await.map_err(fault::of) }).await?;
        Ok(rows)
    }

    /// The one row of a query, if there is one.
    async fn row(&self, query: Query) -> Result<Option<SqliteRow>, ReadError> {
        let row = self.timed(async { query.fetch_optional(&self.readers).await.map_err(fault::of) }).await?;
        Ok(row)
    }
}

/// A query with its values.
type Query = sqlx::query::Query<'static, Sqlite, sqlx::sqlite::SqliteArguments>;

/// What [`SqliteLedger::writing`] runs.
type Work<'c, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>>;
