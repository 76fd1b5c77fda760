//! Finding the code in what a handset was told.

/// The first run of 4 to 10 digits that is not `phone`; an empty string if there is none.
pub(crate) fn in_text(text: &str, phone: &str) -> String {
    let phone = phone.trim_start_matches('+');
    let mut runs = text.split(|it: char| !it.is_ascii_digit());
    runs.find(|run| (4..=10).contains(&run.len()) && *run != phone).unwrap_or_default().to_owned()
}

/// The same in speech, where single digits between commas and blanks belong together: `1, 2, 3, 4. Again: 1, …`.
///
/// Digits that are said one by one come before a run that stands in the text.
pub(crate) fn in_speech(text: &str, phone: &str) -> String {
    let mut joined = vec![String::new()];
    for word in text.split([' ', ',', '\n', '\t']).filter(|word| !word.is_empty()) {
        let mut letters = word.chars();
        let first = letters.next().filter(char::is_ascii_digit);
        let alone = first.filter(|_| !letters.any(|it| it.is_ascii_digit()));
        if let (Some(digit), Some(last)) = (alone, joined.last_mut()) {
            last.push(digit);
        }
        // A full stop behind a digit ends the run, as every word does.
        if alone.is_none() || word.len() > 1 {
            joined.push(String::new());
        }
    }
    let said = joined.into_iter().find(|run| (4..=10).contains(&run.len()));
    said.unwrap_or_else(|| in_text(text, phone))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        assert_eq!(in_text("Your Example code is 012345.", "+12025550101"), "012345");
        assert_eq!(in_text("To 2025550101: use 4711", "+2025550101"), "4711");
        assert_eq!(in_text("Call 123 or 12025550101234", "+1"), "");
    }

    #[test]
    fn speech() {
        for words in
            ["1, 2, 3, 4, 5, 6", "1 2 3 4 5 6. 1 2 3 4 5 6.", "It is 1,2,3,4,5,6. Again: 1, 2, 3, 4, 5, 6"]
        {
            assert_eq!(in_speech(words, ""), "123456", "{words}");
        }
        assert_eq!(in_speech("1, 2, 3, 4, 5, 6 … 1, 2, 3, 4, 5, 6", ""), "123456");
        assert_eq!(in_speech("Example 2024: your code is 1, 2, 3, 4.", ""), "1234");
        assert_eq!(in_speech("your code is 4711", ""), "4711");
        assert_eq!(in_speech("dial 9 to hear nothing", ""), "");
    }
}
