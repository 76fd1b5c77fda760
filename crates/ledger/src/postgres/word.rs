//! From what a column holds to the types of the books.

use serde::Deserialize;
use serde::de::IntoDeserializer as _;
use serde::de::value::{Error as Unknown, StrDeserializer};

use crate::ReadError;

/// A word of the books: what the type's `as_str` wrote, which is also what it serialises as.
pub(super) fn word<T: for<'d> Deserialize<'d>>(column: &'static str, text: &str) -> Result<T, ReadError> {
    let word: StrDeserializer<'_, Unknown> = text.into_deserializer();
    T::deserialize(word).map_err(|_| ReadError::Damaged { column })
}

/// A word that may be missing.
pub(super) fn maybe<T: for<'d> Deserialize<'d>>(
    column: &'static str,
    text: Option<&str>,
) -> Result<Option<T>, ReadError> {
    text.map(|text| word(column, text)).transpose()
}

/// What a column that is never empty gave.
pub(super) fn must<T>(column: &'static str, value: Option<T>) -> Result<T, ReadError> {
    value.ok_or(ReadError::Damaged { column })
}

/// A number of the size the books have it in.
pub(super) fn number<T, N: TryFrom<T>>(column: &'static str, number: T) -> Result<N, ReadError> {
    N::try_from(number).map_err(|_| ReadError::Damaged { column })
}
