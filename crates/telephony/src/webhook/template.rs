use url::form_urlencoded;
use zeroize::Zeroizing;

/// A text with places for values, and how values are escaped in it.
pub(super) struct Template {
    pieces: Vec<Piece>,
    encoding: Encoding,
}

enum Piece {
    Text(String),
    Value(&'static str),
}

/// What a value must not break out of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// A header: nothing.
    Plain,
    /// A part of a URL.
    Url,
    /// A JSON string.
    Json,
    /// A form field.
    Form,
    /// XML text or an attribute.
    Xml,
}

impl Encoding {
    /// By a content type.
    pub(super) fn of(content_type: &str) -> Self {
        let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match essence.as_str() {
            "application/x-www-form-urlencoded" => Self::Form,
            "text/plain" => Self::Plain,
            xml if xml.ends_with("/xml") || xml.ends_with("+xml") => Self::Xml,
            _ => Self::Json,
        }
    }

    fn escape(self, value: &str, into: &mut String) {
        match self {
            Self::Plain => into.push_str(value),
            // A `+` for a blank is only right in a query; `%20` is right everywhere.
            Self::Url | Self::Form => {
                for part in form_urlencoded::byte_serialize(value.as_bytes()) {
                    into.push_str(if part == "+" { "%20" } else { part });
                }
            }
            Self::Json => {
                for c in value.chars() {
                    match c {
                        '"' => into.push_str("\\\""),
                        '\\' => into.push_str("\\\\"),
                        '\n' => into.push_str("\\n"),
                        c if c < ' ' => into.push_str(&format!("\\u{:04x}", u32::from(c))),
                        c => into.push(c),
                    }
                }
            }
            Self::Xml => {
                for c in value.chars() {
                    match c {
                        '&' => into.push_str("&amp;"),
                        '<' => into.push_str("&lt;"),
                        '>' => into.push_str("&gt;"),
                        '"' => into.push_str("&quot;"),
                        '\'' => into.push_str("&apos;"),
                        // XML 1.0 has no place for these.
                        c if c < ' ' && !matches!(c, '\t' | '\n' | '\r') => {}
                        '\u{fffe}' | '\u{ffff}' => {}
                        c => into.push(c),
                    }
                }
            }
        }
    }
}

/// Values by name.
pub(super) struct Values<'a>(pub(super) &'a [(&'a str, &'a str)]);

impl Template {
    /// Reads a text; `names` are those that may stand in it.
    pub(super) fn parse(
        text: &str,
        encoding: Encoding,
        names: &'static [&'static str],
    ) -> Result<Self, &'static str> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, after) = after.split_once("}}").ok_or("has a {{ without its }}")?;
            let known = names.iter().find(|known| **known == name.trim());
            pieces.push(Piece::Text(before.to_owned()));
            pieces.push(Piece::Value(known.ok_or("names a {{value}} that there is not")?));
            rest = after;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        Ok(Self { pieces, encoding })
    }

    /// Whether the value stands in it.
    pub(super) fn uses(&self, name: &str) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Value(known) if *known == name))
    }

    /// The text with its values, in memory that is wiped and does not grow: a code may be among them.
    pub(super) fn fill(&self, values: &Values<'_>) -> Zeroizing<String> {
        let value =
            |name: &str| values.0.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| *value);
        let room = self.pieces.iter().map(|piece| match piece {
            Piece::Text(text) => text.len(),
            Piece::Value(name) => value(name).len() * 6,
        });
        let mut filled = Zeroizing::new(String::with_capacity(room.sum()));
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Value(name) => self.encoding.escape(value(name), &mut filled),
            }
        }
        filled
    }

    /// The text with harmless values, to see whether it is well-formed.
    pub(super) fn filled_for_test(&self) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            // Numbers may stand in JSON without quotes; whatever else does would break out.
            Piece::Value("digits" | "seconds") => "1".to_owned(),
            Piece::Value(_) => "x".to_owned(),
        };
        self.pieces.iter().map(piece).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Encoding, Template, Values};

    const NAMES: &[&str] = &["to", "text"];

    fn fill(text: &str, encoding: Encoding, value: &str) -> String {
        let template = Template::parse(text, encoding, NAMES).unwrap_or_else(|problem| panic!("{problem}"));
        template.fill(&Values(&[("to", "+15555550100"), ("text", value)])).to_string()
    }

    #[test]
    fn values_stay_where_they_stand() {
        let odd = "a\"b\\c&d<e>'f\n{{to}} ü";
        assert_eq!(fill("{{to}}|{{ text }}", Encoding::Plain, "x"), "+15555550100|x");
        assert_eq!(fill("/{{to}}?t={{text}}", Encoding::Url, "a b/&"), "/%2B15555550100?t=a%20b%2F%26");
        assert_eq!(fill("t={{text}}&n=1", Encoding::Form, "a&n=2"), "t=a%26n%3D2&n=1");
        let xml = fill("<t a='{{text}}'>{{text}}</t>", Encoding::Xml, "</t>'\u{1}\u{ffff}");
        assert_eq!(xml, "<t a='&lt;/t&gt;&apos;'>&lt;/t&gt;&apos;</t>");
        let json: serde_json::Value =
            serde_json::from_str(&fill(r#"{"t":"{{text}}"}"#, Encoding::Json, odd)).unwrap();
        assert_eq!(json["t"], odd, "and a value is not a template");
    }

    #[test]
    fn a_place_that_is_not_there_is_a_mistake() {
        assert!(Template::parse("{{too}}", Encoding::Json, NAMES).is_err());
        assert!(Template::parse("{{to", Encoding::Json, NAMES).is_err());
        assert!(Template::parse("{\"a\":{\"b\":1}}", Encoding::Json, NAMES).is_ok(), "braces are JSON's too");
    }

    proptest! {
        #[test]
        fn g12_no_value_breaks_out_of_its_string(value in any::<String>()) {
            let json: serde_json::Value =
                serde_json::from_str(&fill(r#"{"t":"{{text}}"}"#, Encoding::Json, &value)).unwrap();
            prop_assert_eq!(json["t"].as_str(), Some(value.as_str()));
            let form = fill("t={{text}}", Encoding::Form, &value);
            let read: Vec<_> = url::form_urlencoded::parse(form.as_bytes()).collect();
            prop_assert_eq!(read.len(), 1);
            prop_assert_eq!(&read[0].1, &value);
        }
    }
}
