//! From a row of text to the types of the books.

use jiff::Timestamp;
use otp::TransactionId;
use serde::Deserialize;
use serde::de::IntoDeserializer as _;
use serde::de::value::{Error as Unknown, StrDeserializer};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::fault;
use crate::ReadError;

/// One row, read by column name.
pub(super) struct Columns<'r>(pub(super) &'r SqliteRow);

impl<'r> Columns<'r> {
    fn maybe(&self, column: &'static str) -> Result<Option<&'r str>, ReadError> {
        self.0.try_get(column).map_err(|error| fault::of(error).into())
    }

    pub(super) fn text(&self, column: &'static str) -> Result<Option<String>, ReadError> {
        Ok(self.maybe(column)?.map(str::to_owned))
    }

    pub(super) fn moment(&self, column: &'static str) -> Result<Option<Timestamp>, ReadError> {
        self.maybe(column)?.map(|text| text.parse().map_err(|_| ReadError::Damaged { column })).transpose()
    }

    pub(super) fn id(&self, column: &'static str) -> Result<Option<TransactionId>, ReadError> {
        self.maybe(column)?.map(|text| text.parse().map_err(|_| ReadError::Damaged { column })).transpose()
    }

    /// A word of the books: what the type's `as_str` wrote, which is also what it serialises as.
    pub(super) fn word<T: Deserialize<'r>>(&self, column: &'static str) -> Result<Option<T>, ReadError> {
        let read = |text: &'r str| {
            let word: StrDeserializer<'r, Unknown> = text.into_deserializer();
            T::deserialize(word).map_err(|_| ReadError::Damaged { column })
        };
        self.maybe(column)?.map(read).transpose()
    }

    /// What a column that is never empty gave.
    pub(super) fn must<T>(
        &self,
        column: &'static str,
        read: impl Fn(&Self, &'static str) -> Result<Option<T>, ReadError>,
    ) -> Result<T, ReadError> {
        read(self, column)?.ok_or(ReadError::Damaged { column })
    }

    pub(super) fn number<T: TryFrom<i64>>(&self, column: &'static str) -> Result<Option<T>, ReadError> {
        let number: Option<i64> = self.0.try_get(column).map_err(fault::of)?;
        number.map(|n| T::try_from(n).map_err(|_| ReadError::Damaged { column })).transpose()
    }
}
