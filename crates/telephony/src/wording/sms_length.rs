/// How an SMS is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmsEncoding {
    /// GSM 03.38, seven bits a character; those of its extension table take two.
    Gsm7,
    /// UTF-16 code units, for a text with any character GSM-7 lacks.
    Ucs2,
}

/// How long a text is as SMS, and what it is billed as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SmsLength {
    /// The encoding it needs.
    pub encoding: SmsEncoding,
    /// Its septets or code units.
    pub units: usize,
    /// The parts it is sent as.
    pub segments: usize,
}

/// The default alphabet (3GPP TS 23.038 §6.2.1) without the escape.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
    ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

/// Its extension table (§6.2.1.1): an escape and a second septet.
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

impl SmsEncoding {
    /// What fits a single message, and what fits each part of a longer one after its six bytes of header.
    fn room(self) -> (usize, usize) {
        match self {
            Self::Gsm7 => (160, 153),
            Self::Ucs2 => (70, 67),
        }
    }
}

fn septets(c: char) -> Option<usize> {
    match c {
        c if c.is_ascii_alphanumeric() || c == ' ' || BASIC.contains(c) => Some(1),
        c if EXTENSION.contains(c) => Some(2),
        _ => None,
    }
}

impl SmsLength {
    /// Measures a text. A pair of units that make one character is never split between two segments, so the first may stay one short.
    pub fn of(text: &str) -> Self {
        let gsm7 = text.chars().map(septets).collect::<Option<Vec<_>>>();
        let (encoding, widths) = match gsm7 {
            Some(widths) => (SmsEncoding::Gsm7, widths),
            None => (SmsEncoding::Ucs2, text.chars().map(char::len_utf16).collect()),
        };
        let units = widths.iter().sum();
        let (single, part) = encoding.room();
        if units <= single {
            return Self { encoding, units, segments: usize::from(units > 0) };
        }
        let (segments, _) = widths.iter().fold((1, 0), |(segments, used), width| {
            if used + width <= part { (segments, used + width) } else { (segments + 1, *width) }
        });
        Self { encoding, units, segments }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::SmsEncoding::{self, Gsm7, Ucs2};
    use super::{BASIC, EXTENSION, SmsLength};

    fn of(text: &str) -> (SmsEncoding, usize, usize) {
        let length = SmsLength::of(text);
        (length.encoding, length.units, length.segments)
    }

    #[test]
    fn g12_a_text_is_measured_in_units_of_its_encoding() {
        for (id, text, expected) in [
            ("nothing", String::new(), (Gsm7, 0, 0)),
            ("ascii", "Your code is 123456".into(), (Gsm7, 19, 1)),
            ("one segment", "a".repeat(160), (Gsm7, 160, 1)),
            ("two", "a".repeat(161), (Gsm7, 161, 2)),
            ("two, full", "a".repeat(306), (Gsm7, 306, 2)),
            ("three", "a".repeat(307), (Gsm7, 307, 3)),
            ("the euro sign takes two", "€".repeat(80), (Gsm7, 160, 1)),
            ("and is not split", "€".repeat(153), (Gsm7, 306, 3)),
            ("lines", "a\r\nb\u{c}".into(), (Gsm7, 6, 1)),
            ("ç is not Ç", "ç".into(), (Ucs2, 1, 1)),
            ("a backtick is not in it", "`".into(), (Ucs2, 1, 1)),
            ("nor is a tab", "\t".into(), (Ucs2, 1, 1)),
            ("nor is the escape itself", "\u{1b}".into(), (Ucs2, 1, 1)),
            ("a typographic quote costs ninety characters", "don’t".into(), (Ucs2, 5, 1)),
            ("one segment", "日".repeat(70), (Ucs2, 70, 1)),
            ("two", "日".repeat(71), (Ucs2, 71, 2)),
            ("an emoji takes two", "😀".repeat(35), (Ucs2, 70, 1)),
            ("and is not split", "😀".repeat(67), (Ucs2, 134, 3)),
            ("a combining mark is one more", "e\u{301}".into(), (Ucs2, 2, 1)),
        ] {
            assert_eq!(of(&text), expected, "{id}");
        }
        assert_eq!((BASIC.chars().count(), EXTENSION.chars().count()), (127, 10));
    }

    /// The same, unit by unit: true starts a character.
    fn reference(text: &str) -> (SmsEncoding, usize, usize) {
        let gsm7 = text.chars().all(|c| BASIC.contains(c) || EXTENSION.contains(c));
        let mut starts = Vec::new();
        for c in text.chars() {
            starts.push(true);
            if (gsm7 && EXTENSION.contains(c)) || (!gsm7 && u32::from(c) > 0xffff) {
                starts.push(false);
            }
        }
        let (encoding, single, part) = if gsm7 { (Gsm7, 160, 153) } else { (Ucs2, 70, 67) };
        let mut segments = usize::from(!starts.is_empty());
        if starts.len() > single {
            let mut at = 0;
            while at + part < starts.len() {
                at += part;
                while !starts[at] {
                    at -= 1;
                }
                segments += 1;
            }
        }
        (encoding, starts.len(), segments)
    }

    proptest! {
        #[test]
        fn g12_no_text_is_measured_wrong(text in prop_oneof![
            ".{0,400}",
            "[a-z€{}|]{0,500}",
            "[日😀a]{0,250}",
            "[aé\r\n€]{150,170}",
        ]) {
            prop_assert_eq!(of(&text), reference(&text));
        }
    }
}
