use std::ops::{Deref, DerefMut};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnection, PgPool};
use sqlx::{Error, Postgres};

/// A connection on loan from a pool. Unless it is given back, it is cut: something may still be under way on it.
pub(super) struct Loan {
    connection: Option<PoolConnection<Postgres>>,
}

/// For the answer of a connection that comes back.
const STILL_THERE: Duration = Duration::from_secs(1);

impl Loan {
    pub(super) async fn from(pool: &PgPool) -> Result<Self, Error> {
        // On the heap: connecting is large, and most calls do not.
        Ok(Self { connection: Some(Box::pin(pool.acquire()).await?) })
    }

    /// All that was asked on it was answered: others may have it, if it still answers.
    pub(super) fn give_back(mut self) {
        if let Some(mut connection) = self.connection.take() {
            // The driver asks it once more and would wait for ever, its place in the pool with it (sqlx 0.9.0).
            tokio::spawn(tokio::time::timeout(STILL_THERE, connection.return_to_pool()));
        }
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            // Closes the socket at once, without a word to a server that may not listen, and leaves its place in the pool free.
            drop(connection.detach());
        }
    }
}

impl Deref for Loan {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        self.connection.as_ref().expect("it is taken only by what ends the loan")
    }
}

impl DerefMut for Loan {
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.connection.as_mut().expect("it is taken only by what ends the loan")
    }
}
