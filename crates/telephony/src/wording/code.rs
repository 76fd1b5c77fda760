use zeroize::Zeroizing;

/// Where the code goes in a text of ours or the deployer's.
pub(super) const PLACE: &str = "{code}";

/// A text of ours or the deployer's with the digits in the code's place.
pub(super) fn fill(text: &str, digits: &str) -> Zeroizing<String> {
    // Allocated once, so that no half-grown copy is left behind unwiped.
    let mut filled = Zeroizing::new(String::with_capacity(text.len() + digits.len()));
    let (before, after) = text.split_once(PLACE).unwrap_or((text, ""));
    for part in [before, digits, after] {
        filled.push_str(part);
    }
    filled
}

/// What is around the code in a text that was rendered elsewhere: one part more than there are codes in it. As part of a longer number
/// the digits are not the code.
pub(super) fn around<'t>(text: &'t str, digits: &str) -> Vec<&'t str> {
    let mut parts = Vec::new();
    let mut from = 0;
    for (at, found) in text.match_indices(digits) {
        let end = at + found.len();
        let longer = text[..at].ends_with(|c: char| c.is_ascii_digit())
            || text[end..].starts_with(|c: char| c.is_ascii_digit());
        if !longer {
            parts.push(&text[from..at]);
            from = end;
        }
    }
    parts.push(&text[from..]);
    parts
}

/// Whether a text that was rendered elsewhere holds the code.
pub(super) fn holds(text: &str, digits: &str) -> bool {
    around(text, digits).len() > 1
}

#[cfg(test)]
mod tests {
    use super::{around, fill, holds};

    #[test]
    fn the_digits_take_the_codes_place() {
        for (text, filled) in [("{code}", "0123"), ("a {code} b", "a 0123 b"), ("{{code}}", "{0123}")] {
            assert_eq!(*fill(text, "0123"), filled);
        }
    }

    #[test]
    fn only_the_whole_number_is_the_code() {
        for (text, parts) in [
            ("Your code is 11111", &["Your code is ", ""][..]),
            ("11111", &["", ""]),
            ("コードは11111です", &["コードは", "です"]),
            ("11111, again 11111.", &["", ", again ", "."]),
            ("call 111112 or 211111", &["call 111112 or 211111"]),
            ("1111111111 11111", &["1111111111 ", ""]),
            ("11 111", &["11 111"]),
            ("", &[""]),
        ] {
            assert_eq!(around(text, "11111"), parts, "{text}");
            assert_eq!(holds(text, "11111"), parts.len() > 1, "{text}");
        }
    }
}
