//! Is it a number?

use crate::country;

/// A number as Lookup reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Number {
    /// In E.164, or what comes nearest.
    pub(crate) text: String,
    /// `TOO_LONG` or `TOO_SHORT`; none if it is valid.
    pub(crate) wrong: Option<&'static str>,
}

impl Number {
    /// Reads an international number, or a national one of `country`; `None` where Twilio answers 404.
    pub(crate) fn read(text: &str, country: Option<&str>) -> Option<Self> {
        let text = match (text.starts_with('+'), country) {
            (true, _) => text.to_owned(),
            (false, Some(iso)) => {
                let code = country::of_letters(iso)?.calling_code;
                format!("+{code}{}", text.trim_start_matches('0'))
            }
            (false, None) => return None,
        };
        let digits = &text[1..];
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let lengths = if digits.starts_with('1') { 11..=11 } else { 8..=15 };
        let wrong = match digits.len() {
            n if n < *lengths.start() => Some("TOO_SHORT"),
            n if n > *lengths.end() => Some("TOO_LONG"),
            _ => None,
        };
        Some(Self { text, wrong })
    }
}

#[cfg(test)]
mod tests {
    use super::Number;

    #[test]
    fn numbers() {
        let read = |text, country| Number::read(text, country).map(|it| (it.text, it.wrong));
        assert_eq!(read("+15555550100", None), Some(("+15555550100".to_owned(), None)));
        assert_eq!(read("+155555501000", None), Some(("+155555501000".to_owned(), Some("TOO_LONG"))));
        assert_eq!(read("+1555", None), Some(("+1555".to_owned(), Some("TOO_SHORT"))));
        assert_eq!(read("01632960001", Some("GB")), Some(("+441632960001".to_owned(), None)));
        for (text, country) in
            [("notanumber", None), ("+", None), ("+1x", None), ("555", None), ("555", Some("XX"))]
        {
            assert_eq!(read(text, country), None);
        }
    }
}
