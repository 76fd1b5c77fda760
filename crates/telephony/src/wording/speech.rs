use zeroize::Zeroizing;

use super::code::{PLACE, around};

/// What Twilio takes as a call's `Twiml` (Twilio docs: Calls resource).
const MAX_TWIML: usize = 4_000;

/// How often it is said: who does not have a pen at hand misses the first time.
const ROUNDS: usize = 3;

const PAUSE: &str = r#"<Pause length="1"/>"#;

/// What a call says, in a language that can be spoken.
pub struct Speech {
    /// The language, as TwiML's `<Say language>` takes it.
    pub language: &'static str,
    /// The words before, between and after the code: one more than the code is said in a round. They are fit for XML.
    words: Vec<Zeroizing<String>>,
    /// The digits, apart from each other.
    digits: Zeroizing<String>,
}

impl Speech {
    /// Of a text that holds the code; `None` where it does not, or is too long to be said three times.
    pub(super) fn of(text: &str, digits: &str, language: &'static str) -> Option<Self> {
        let text = speakable(text);
        let text = without_bound_line(&text, digits);
        let words: Vec<_> = around(text, digits).into_iter().map(escaped).collect();
        let speech = Self { language, words, digits: apart(digits) };
        (speech.words.len() > 1 && speech.length() <= MAX_TWIML).then_some(speech)
    }

    /// Of a text with a place for the code.
    pub(super) fn filled(text: &str, digits: &str, language: &'static str) -> Option<Self> {
        // Only the place itself: a number in the text that happens to be the code stays one.
        let (before, after) = text.split_once(PLACE)?;
        let words = [before, after].map(|words| escaped(&speakable(words))).into();
        let speech = Self { language, words, digits: apart(digits) };
        (speech.length() <= MAX_TWIML).then_some(speech)
    }

    /// The code alone, where nothing else can be said.
    pub(super) fn bare(digits: &str, language: &'static str) -> Self {
        Self { language, words: vec![Zeroizing::default(), Zeroizing::default()], digits: apart(digits) }
    }

    /// The TwiML document: a pause while the phone goes to the ear, then the text three times with pauses between. Never longer than
    /// Twilio takes.
    pub fn twiml(&self) -> Zeroizing<String> {
        let mut twiml = Zeroizing::new(String::with_capacity(self.pieces().map(str::len).sum()));
        self.pieces().for_each(|piece| twiml.push_str(piece));
        twiml
    }

    /// Its length in UTF-16 units, which are never fewer than the characters of any other count.
    fn length(&self) -> usize {
        self.pieces().map(|piece| piece.encode_utf16().count()).sum()
    }

    fn pieces(&self) -> impl Iterator<Item = &str> {
        let rounds = (0..ROUNDS).flat_map(|_| {
            let say = [PAUSE, r#"<Say language=""#, self.language, r#"">"#];
            say.into_iter().chain(self.said()).chain(["</Say>"])
        });
        std::iter::once("<Response>").chain(rounds).chain(["</Response>"])
    }

    fn said(&self) -> impl Iterator<Item = &str> {
        let words = self.words.iter().enumerate();
        words.flat_map(|(n, words)| [if n == 0 { "" } else { &**self.digits }, &**words])
    }
}

/// `1, 2, 3`: said as digits, not as a number, and with a breath after each.
fn apart(digits: &str) -> Zeroizing<String> {
    let mut apart = Zeroizing::new(String::with_capacity(3 * digits.len()));
    for digit in digits.chars() {
        if !apart.is_empty() {
            apart.push_str(", ");
        }
        apart.push(digit);
    }
    apart
}

/// The text on one line without what XML 1.0 has no place for (§2.2) and without control characters, which no voice reads.
fn speakable(text: &str) -> Zeroizing<String> {
    let mut kept = Zeroizing::new(String::with_capacity(text.len()));
    for c in text.chars() {
        match c {
            // Kept apart from the rest, so that the last line can still be told.
            '\n' => kept.push('\n'),
            '\t' | '\r' => kept.push(' '),
            '\u{fffe}' | '\u{ffff}' => {}
            c if c.is_control() => {}
            c => kept.push(c),
        }
    }
    kept
}

/// The text without a domain-bound last line (`@example.com #123456`), which is for browsers.
fn without_bound_line<'t>(text: &'t str, digits: &str) -> &'t str {
    let text = text.trim_end();
    let (before, last) = text.rsplit_once('\n').unwrap_or(("", text));
    let line = last.strip_prefix('@').and_then(|line| line.strip_suffix(digits));
    if line.is_some_and(|host| host.ends_with(" #")) { before } else { text }
}

fn escaped(text: &str) -> Zeroizing<String> {
    let longest = text.len() + 4 * text.bytes().filter(|b| matches!(b, b'&' | b'<' | b'>')).count();
    let mut escaped = Zeroizing::new(String::with_capacity(longest));
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\n' => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::Speech;

    fn twiml(text: &str) -> Option<String> {
        Speech::of(text, "019", "en-US").map(|speech| speech.twiml().to_string())
    }

    #[test]
    fn a_call_says_the_text_three_times_digit_by_digit() {
        let say = r#"<Pause length="1"/><Say language="en-US">Your code is 0, 1, 9.</Say>"#;
        let expected = format!("<Response>{say}{say}{say}</Response>");
        assert_eq!(twiml("Your code is 019.").as_deref(), Some(&*expected));
        let filled = Speech::filled("Your code is {code}.", "019", "en-US").unwrap();
        assert_eq!(*filled.twiml(), expected);
    }

    #[test]
    fn g12_markup_and_control_characters_are_only_text() {
        let shown = twiml("<Dial>019</Dial> & \"co\"\u{0}\u{8}\u{fffe}\u{85}\t\r\nx ]]>").unwrap();
        assert!(shown.contains(">&lt;Dial&gt;0, 1, 9&lt;/Dial&gt; &amp; \"co\"   x ]]&gt;</Say>"), "{shown}");
    }

    #[test]
    fn what_is_for_browsers_is_not_said() {
        for text in ["Code 019\n\n@example.com #019", "Code 019\n@example.com #019\r\n"] {
            let shown = twiml(text).unwrap();
            assert!(shown.contains("Code 0, 1, 9") && !shown.contains("example"), "{shown}");
        }
        assert!(twiml("@example.com #019").is_none());
        assert!(twiml("Mail me @home #019").unwrap().contains("@home"));
    }

    #[test]
    fn g12_a_dropped_character_does_not_make_a_longer_number() {
        assert!(twiml("5\u{0}019").is_none());
    }

    #[test]
    fn only_what_fits_is_said() {
        assert!(twiml(&format!("{} 019", "a".repeat(1_200))).is_some());
        assert!(twiml(&format!("{} 019", "a".repeat(1_300))).is_none());
        assert!(twiml(&format!("{} 019", "&".repeat(300))).is_none());
        assert!(twiml("no code").is_none());
        assert_eq!(Speech::bare("019", "en-US").twiml().matches(">0, 1, 9<").count(), 3);
    }
}
