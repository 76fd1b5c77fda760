//! The connection that writes, and what becomes of it when the disk refuses.

use std::sync::Arc;

use sqlx::{Connection as _, SqliteConnection};

use crate::database::{self, Database};
use crate::state::State;
use crate::{Fault, Record, Seq, statements};

pub(crate) struct Store {
    /// `None` after a refusal, until a new one has been opened.
    db: Option<SqliteConnection>,
    database: Database,
    state: Arc<State>,
    last: Seq,
    /// Bytes since the size was measured.
    grown: u64,
}

impl Store {
    /// Writes over this connection, which came from [`Database::writer`].
    pub(crate) fn new(db: SqliteConnection, database: Database, state: Arc<State>) -> Self {
        let last = state.last();
        Self { db: Some(db), database, state, last, grown: 0 }
    }

    /// Commits records, all or none, and returns the first place. After a refusal there is one more try, on a connection
    /// and a log that are new: by then it is also known whether the first one had come through after all.
    pub(crate) async fn append(&mut self, at: i64, weight: u64, records: Vec<Record>) -> Result<Seq, Fault> {
        let mut db = self.connection().await?;
        let first = self.last + 1;
        if let Err(error) = statements::insert(&mut db, first, at, &records).await {
            self.give_up(db, error).await;
            db = self.connection().await?;
            if self.last + 1 == first + records.len() as Seq {
                // It had come through.
                self.last = first - 1;
            } else if let Err(error) = statements::insert(&mut db, self.last + 1, at, &records).await {
                return Err(self.give_up(db, error).await);
            }
        }
        self.db = Some(db);
        let first = self.last + 1;
        self.last += records.len() as Seq;
        self.grown += weight;
        self.state.set_size(self.state.size() + weight);
        // Before anybody is woken: who reads along finds it in memory.
        self.state.tail.push(first, weight, records);
        self.state.last.send_replace(self.last);
        self.state.wrote();
        if self.grown > self.state.max_bytes / 64 {
            self.measure().await;
        }
        Ok(first)
    }

    /// Deletes one stretch of old entries; returns how many.
    pub(crate) async fn prune(&mut self, through: Seq, before: i64, after: i64) -> Result<u64, Fault> {
        let mut db = self.connection().await?;
        match statements::prune(&mut db, through, before, after).await {
            Ok(gone) => {
                self.db = Some(db);
                if gone > 0 {
                    self.state.tail.forget();
                }
                self.measure().await;
                Ok(gone)
            }
            Err(error) => Err(self.give_up(db, error).await),
        }
    }

    /// Keeps where the cursors are.
    pub(crate) async fn keep_cursors(&mut self, cursors: &[(String, Seq)]) -> Result<(), Fault> {
        let mut db = self.connection().await?;
        match statements::keep_cursors(&mut db, cursors).await {
            Ok(()) => {
                self.db = Some(db);
                self.state.wrote();
                Ok(())
            }
            Err(error) => Err(self.give_up(db, error).await),
        }
    }

    /// Leaves an empty log behind if it can.
    pub(crate) async fn close(self) {
        let Some(mut db) = self.db else { return };
        if let Err(error) = database::checkpoint(&mut db).await {
            tracing::warn!(%error, "the journal was closed without emptying its log");
        }
        if let Err(error) = db.close().await {
            tracing::warn!(%error, "the journal did not close well");
        }
    }

    /// Counting what was written drifts from what the file takes; this sets it right.
    async fn measure(&mut self) {
        let Some(mut db) = self.db.take() else { return };
        match database::size(&mut db).await {
            Ok(size) => {
                self.resize(size);
                self.db = Some(db);
            }
            Err(error) => drop(self.give_up(db, error).await),
        }
    }

    fn resize(&mut self, size: u64) {
        self.grown = 0;
        self.state.set_size(size);
        if size < self.state.max_bytes - self.state.max_bytes / 10 {
            self.state.set_full(false);
        }
    }

    /// Takes the connection out; it is put back when its work has gone well, and a new one is opened otherwise.
    async fn connection(&mut self) -> Result<SqliteConnection, Fault> {
        if let Some(db) = self.db.take() {
            return Ok(db);
        }
        let opened = async {
            let mut db = self.database.writer().await?;
            let last = database::last(&mut db).await?;
            let size = database::size(&mut db).await?;
            Ok((db, last, size))
        };
        match opened.await {
            Ok((db, last, size)) => {
                // Larger than before if the last refused commit came through in spite of its error.
                self.last = self.last.max(last);
                self.state.last.send_replace(self.last);
                self.resize(size);
                Ok(db)
            }
            Err(error) => Err(self.refused(error)),
        }
    }

    /// A connection that has seen an error is not used again: what it believes to be on disk may not be.
    async fn give_up(&self, db: SqliteConnection, error: sqlx::Error) -> Fault {
        let fault = self.refused(error);
        if let Err(error) = db.close().await {
            tracing::debug!(%error, "the connection did not close well");
        }
        fault
    }

    fn refused(&self, error: sqlx::Error) -> Fault {
        let fault = Fault::from(error);
        self.state.refused(&fault);
        fault
    }
}
