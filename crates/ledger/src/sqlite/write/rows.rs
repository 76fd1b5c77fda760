//! One statement for many rows: a trip to SQLite's thread costs more than what it does there for a row.

use std::sync::{Arc, OnceLock};

use sqlx::encode::Encode;
use sqlx::error::BoxDynError;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments as _, AssertSqlSafe, Sqlite, SqliteConnection, Type};

/// How many rows a statement may have: few numbers, so that every statement stays prepared.
const SIZES: [usize; 4] = [64, 16, 4, 1];

/// A statement around rows of values.
pub(super) struct Rows {
    before: &'static str,
    columns: usize,
    after: &'static str,
    texts: [OnceLock<Arc<str>>; SIZES.len()],
}

/// The values of a statement.
pub(super) struct Values {
    arguments: SqliteArguments,
    refused: Option<BoxDynError>,
}

impl Values {
    /// The next value.
    pub(super) fn add<'v>(&mut self, value: impl Encode<'v, Sqlite> + Type<Sqlite>) -> &mut Self {
        if let Err(error) = self.arguments.add(value) {
            self.refused = Some(error);
        }
        self
    }
}

impl Rows {
    /// `before (values), (values), … after`, with so many columns.
    pub(super) const fn new(before: &'static str, columns: usize, after: &'static str) -> Self {
        Self { before, columns, after, texts: [const { OnceLock::new() }; SIZES.len()] }
    }

    /// Writes every row, in order.
    pub(super) async fn write<R>(
        &self,
        connection: &mut SqliteConnection,
        rows: &[R],
        bind: impl Fn(&mut Values, &R),
    ) -> Result<(), sqlx::Error> {
        for (text, values) in self.statements(rows, bind) {
            sqlx::query_with(AssertSqlSafe(text), values?).execute(&mut *connection).await?;
        }
        Ok(())
    }

    /// Whether the statement says 1 for any of the rows.
    pub(super) async fn ask<R>(
        &self,
        connection: &mut SqliteConnection,
        rows: &[R],
        bind: impl Fn(&mut Values, &R),
    ) -> Result<bool, sqlx::Error> {
        for (text, values) in self.statements(rows, bind) {
            let any: i64 =
                sqlx::query_scalar_with(AssertSqlSafe(text), values?).fetch_one(&mut *connection).await?;
            if any != 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The rows as statements of the largest sizes that they fill.
    fn statements<R>(
        &self,
        mut rows: &[R],
        bind: impl Fn(&mut Values, &R),
    ) -> impl Iterator<Item = (Arc<str>, Result<SqliteArguments, sqlx::Error>)> {
        std::iter::from_fn(move || {
            let place = SIZES.iter().position(|size| *size <= rows.len())?;
            let (now, later) = rows.split_at(SIZES[place]);
            rows = later;
            let mut values = Values { arguments: SqliteArguments::default(), refused: None };
            values.arguments.reserve(now.len() * self.columns, 0);
            now.iter().for_each(|row| bind(&mut values, row));
            let arguments =
                values.refused.map_or(Ok(values.arguments), |error| Err(sqlx::Error::Encode(error)));
            Some((self.text(place), arguments))
        })
    }

    fn text(&self, place: usize) -> Arc<str> {
        let text = self.texts[place].get_or_init(|| {
            let row = format!("({})", vec!["?"; self.columns].join(","));
            format!("{} {} {}", self.before, vec![row; SIZES[place]].join(","), self.after).into()
        });
        Arc::clone(text)
    }
}
