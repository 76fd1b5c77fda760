//! How values from outside become text of the books: the one place that decides it, for every database.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;

const MOMENT: DateTimePrinter = DateTimePrinter::new().precision(Some(6));

/// `0001-01-01T00:00:00Z`: years before it would not sort as text.
const FIRST_SECOND: i64 = -62_135_596_800;

/// Without U+0000, which Postgres refuses in any text. Everything else is kept as it is.
pub(crate) fn text(raw: &str) -> Cow<'_, str> {
    if raw.contains('\0') { Cow::Owned(raw.replace('\0', "")) } else { Cow::Borrowed(raw) }
}

/// The same for what may be missing. An empty text is a missing one, so that comparisons need not tell them apart.
pub(crate) fn optional(raw: Option<&str>) -> Option<Cow<'_, str>> {
    raw.map(text).filter(|text| !text.is_empty())
}

/// What is not empty.
pub(crate) fn present(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// A moment in UTC with six decimals, always of one width: as text it sorts by time.
pub(crate) fn moment(at: Timestamp) -> String {
    let first = Timestamp::from_second(FIRST_SECOND).unwrap_or(Timestamp::UNIX_EPOCH);
    MOMENT.timestamp_to_string(&at.max(first))
}

/// A moment as a database keeps it that has a type for it: the same moment that [`moment`] writes.
pub(crate) fn instant(at: Timestamp) -> Timestamp {
    let first = Timestamp::from_second(FIRST_SECOND).unwrap_or(Timestamp::UNIX_EPOCH);
    let micros = i64::try_from(at.max(first).as_nanosecond().div_euclid(1_000));
    micros.ok().and_then(|micros| Timestamp::from_microsecond(micros).ok()).unwrap_or(first)
}

/// A number as both databases keep it: what does not fit becomes the largest.
pub(crate) fn number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::{instant, moment, optional, text};

    #[test]
    fn a11_nul_is_dropped_and_nothing_else() {
        assert_eq!(text("a\0b\0"), "ab");
        assert_eq!(text("🂡 \u{202e}\u{feff}é"), "🂡 \u{202e}\u{feff}é");
        assert_eq!(optional(Some("\0")), None);
        assert_eq!(optional(None), None);
    }

    #[test]
    fn a_moment_has_one_width() {
        let read = |s: &str| moment(s.parse().unwrap());
        assert_eq!(read("2026-11-20T10:15:30.412Z"), "2026-11-20T10:15:30.412000Z");
        assert_eq!(read("2026-11-20T10:15:30+02:00"), "2026-11-20T08:15:30.000000Z");
        assert_eq!(moment(Timestamp::MIN), "0001-01-01T00:00:00.000000Z");
        assert_eq!(moment(Timestamp::MAX).len(), 27);
    }

    const MOMENTS: std::ops::Range<i64> = -62_135_596_800_000_000..253_402_207_000_000_000;

    proptest! {
        #[test]
        fn moments_sort_as_text(a in MOMENTS, b in MOMENTS) {
            let (a, b) = (Timestamp::from_microsecond(a).unwrap(), Timestamp::from_microsecond(b).unwrap());
            prop_assert_eq!(moment(a).cmp(&moment(b)), a.cmp(&b));
            prop_assert_eq!(moment(a).parse::<Timestamp>().unwrap(), a);
        }

        #[test]
        fn a9_both_kinds_of_moment_are_the_same(
            nanos in Timestamp::MIN.as_nanosecond()..Timestamp::MAX.as_nanosecond(),
        ) {
            let at = Timestamp::from_nanosecond(nanos).unwrap();
            prop_assert_eq!(moment(at), moment(instant(at)));
            prop_assert_eq!(instant(at), moment(at).parse::<Timestamp>().unwrap());
        }
    }
}
