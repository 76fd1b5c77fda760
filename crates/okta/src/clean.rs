//! What foreign text must go through before it may be kept or logged.

/// Marks that are not seen and change how text is laid out.
fn is_mark(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// At most `most` characters, none of them a control or layout mark.
pub(crate) fn line(text: &str, most: usize) -> String {
    text.chars().filter(|c| !is_mark(*c)).take(most).collect()
}

/// An identity: not empty, at most 255 bytes, nothing invisible in it. It is taken whole or not at all.
pub(crate) fn identity(text: &str) -> Option<&str> {
    (!text.is_empty() && text.len() <= 255 && !text.chars().any(is_mark)).then_some(text)
}

/// Like [`line`], and every run of six digits or more (spaces, dashes, dots and brackets between them do not end it) is one `#`:
/// neither a code nor a number gets into the books.
pub(crate) fn without_numbers(text: &str, most: usize) -> String {
    let mut out = String::new();
    let (mut run, mut digits, mut after_last_digit) = (String::new(), 0, 0);
    for c in text.chars().filter(|c| !is_mark(*c)).map(Some).chain([None]) {
        match c {
            Some(c) if c.is_numeric() => {
                run.push(c);
                digits += 1;
                after_last_digit = run.len();
                continue;
            }
            Some(c @ (' ' | '\u{a0}' | '-' | '\u{2010}'..='\u{2015}' | '.' | '/' | '(' | ')'))
                if digits > 0 =>
            {
                run.push(c);
                continue;
            }
            _ => {}
        }
        if digits >= 6 {
            out.push('#');
            out.push_str(&run[after_last_digit..]);
        } else {
            out.push_str(&run);
        }
        run.clear();
        (digits, after_last_digit) = (0, 0);
        out.extend(c);
    }
    line(&out, most)
}

#[cfg(test)]
mod tests {
    use super::{identity, line, without_numbers};

    #[test]
    fn no_number_and_no_code_stays_in_a_text() {
        for (text, kept) in [
            ("INVALID_CREDENTIALS", "INVALID_CREDENTIALS"),
            ("code 482913 was wrong", "code # was wrong"),
            ("sent to +1 (555) 555-0101.", "sent to +#."),
            ("+1-555-555-0101 and 12345 left", "+# and 12345 left"),
            ("tried 5 times in 10 minutes", "tried 5 times in 10 minutes"),
            ("４８２９１３ or 48\u{200b}29\u{202e}13", "# or #"),
            ("482913", "#"),
            ("12 34 5", "12 34 5"),
            ("- 12345 -", "- 12345 -"),
        ] {
            assert_eq!(without_numbers(text, 255), kept);
        }
        assert_eq!(without_numbers(&"x".repeat(300), 255).len(), 255);
    }

    #[test]
    fn g12_what_is_kept_is_one_visible_line() {
        assert_eq!(line("a\0b\nc\u{202e}d\u{2028}é😀", 255), "abcdé😀");
        assert_eq!(line("ééé", 2), "éé");
        assert_eq!(identity("a b"), Some("a b"));
        for bad in ["", "a\0", "a\nb", "\u{feff}a", &"a".repeat(256)] {
            assert_eq!(identity(bad), None);
        }
    }
}
