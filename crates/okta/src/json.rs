use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

/// A JSON value that borrows from its text: looking into a message copies neither its codes nor its numbers.
///
/// Everything in the text is visited, also what nobody asks for, so `serde_json`'s limit of 128 levels holds for all of it.
pub(crate) enum Json<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

/// Where a text stops being JSON. Never what stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not JSON (line {line}, column {column})")]
pub struct NotJson {
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1.
    pub column: usize,
}

/// A body as text: without a byte order mark, and with U+FFFD where it holds what cannot be text (bytes that are no UTF-8, half a
/// surrogate pair). A user name that was cut in the middle of an emoji must not cost a code or an event.
pub(crate) fn text(body: &[u8]) -> Cow<'_, str> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    match std::str::from_utf8(body) {
        Ok(text) => mend_surrogates(text),
        Err(_) => Cow::Owned(mend_surrogates(&String::from_utf8_lossy(body)).into_owned()),
    }
}

/// Replaces every `\uD800`…`\uDFFF` that is not half of a pair by `\ufffd`.
fn mend_surrogates(text: &str) -> Cow<'_, str> {
    let escape = |at: usize| -> Option<u16> {
        let hex = text.as_bytes().get(at..at + 6)?.strip_prefix(b"\\u")?;
        u16::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()
    };
    let (mut mended, mut kept, mut at) = (String::new(), 0, 0);
    while let Some(step) = text[at..].find('\\') {
        at += step;
        match escape(at) {
            Some(0xD800..=0xDBFF) if matches!(escape(at + 6), Some(0xDC00..=0xDFFF)) => at += 12,
            Some(0xD800..=0xDFFF) => {
                mended.push_str(&text[kept..at]);
                mended.push_str("\\ufffd");
                at += 6;
                kept = at;
            }
            Some(_) => at += 6,
            // The escaped character may be of any length, where this is no JSON.
            None => at += 1 + text[at + 1..].chars().next().map_or(0, char::len_utf8),
        }
    }
    if kept == 0 {
        return Cow::Borrowed(text);
    }
    mended.push_str(&text[kept..]);
    Cow::Owned(mended)
}

impl<'a> Json<'a> {
    /// Reads a whole text.
    pub(crate) fn parse(text: &'a str) -> Result<Self, NotJson> {
        // The error's own words may quote the text.
        serde_json::from_str(text).map_err(|e| NotJson { line: e.line(), column: e.column() })
    }

    /// The member of this name, the last one where there are several; null where there is none.
    pub(crate) fn get(&self, name: &str) -> &Self {
        let Self::Object(members) = self else { return &Json::Null };
        members.iter().rfind(|(n, _)| n == name).map_or(&Json::Null, |(_, value)| value)
    }

    /// The elements of a list; null is an empty one, and anything else is a list of itself.
    pub(crate) fn each(&self) -> &[Self] {
        match self {
            Self::List(elements) => elements,
            Self::Null => &[],
            other => std::slice::from_ref(other),
        }
    }

    /// The text; a number counts as its digits.
    pub(crate) fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Text(text) => Some(Cow::Borrowed(text)),
            Self::Number(number) => {
                let digits = number.to_string();
                // Some serialisers write every number with a fraction.
                Some(Cow::Owned(digits.strip_suffix(".0").map_or_else(|| digits.clone(), str::to_owned)))
            }
            _ => None,
        }
    }

    /// Whether this is an object.
    pub(crate) fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }

    /// The same value in one spelling: members sorted, no spaces.
    pub(crate) fn canonical(&self, out: &mut String) {
        // Writing to a string cannot fail.
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => _ = write!(out, "{value}"),
            Self::Number(number) => _ = write!(out, "{number}"),
            Self::Text(text) => _ = write!(out, "{}", serde_json::Value::from(text.as_ref())),
            Self::List(elements) => {
                out.push('[');
                for (n, element) in elements.iter().enumerate() {
                    out.push_str(if n == 0 { "" } else { "," });
                    element.canonical(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                let sorted: BTreeMap<&str, &Self> = members.iter().map(|(n, v)| (n.as_ref(), v)).collect();
                out.push('{');
                for (n, (name, value)) in sorted.into_iter().enumerate() {
                    out.push_str(if n == 0 { "" } else { "," });
                    _ = write!(out, "{}:", serde_json::Value::from(name));
                    value.canonical(out);
                }
                out.push('}');
            }
        }
    }
}

impl<'de> Deserialize<'de> for Json<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json<'de>, E> {
        Ok(Number::from_f64(value).map_or(Json::Null, Json::Number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json<'de>, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = list.next_element()? {
            elements.push(element);
        }
        Ok(Json::List(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Json<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some((name, value)) = object.next_entry::<Json<'de>, _>()? {
            // A name is always a text.
            if let Json::Text(name) = name {
                members.push((name, value));
            }
        }
        Ok(Json::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::{Json, NotJson, text};

    fn canonical(json: &str) -> String {
        let mut out = String::new();
        Json::parse(&text(json.as_bytes())).unwrap().canonical(&mut out);
        out
    }

    #[test]
    fn one_spelling_for_one_value() {
        assert_eq!(
            canonical(r#" {"b": [1, 2.50, null, true], "a\u0041": "x\ny", "b": {"z": 0, "y": -1}} "#),
            r#"{"aA":"x\ny","b":{"y":-1,"z":0}}"#,
            "sorted, the last of two members counts"
        );
        assert_eq!(canonical("[1,2.50,[]]"), "[1,2.5,[]]");
    }

    #[test]
    fn g12_half_a_surrogate_pair_costs_one_character() {
        assert_eq!(canonical(r#""\ud83d\ude00""#), "\"😀\"");
        assert_eq!(canonical(r#""a\ud83d""#), "\"a\u{fffd}\"");
        assert_eq!(canonical(r#""\ude00b\ud83d\u0041""#), "\"\u{fffd}b\u{fffd}A\"");
        assert_eq!(canonical(r#""\\ud83d""#), r#""\\ud83d""#, "no escape at all");
        assert_eq!(Json::parse(&text(b"\"\xff\"")).unwrap().text().as_deref(), Some("\u{fffd}"));
        for odd in ["\\", "\\u", "\\ud8", "\\é", "\\ud83d\\", "\\ud83dé"] {
            let _ = text(odd.as_bytes());
        }
    }

    #[test]
    fn g9_an_error_says_where_and_never_what() {
        let error = Json::parse("{\n  \"otpCode\": 482913x}").err().unwrap();
        assert_eq!(error, NotJson { line: 2, column: 20 });
        assert_eq!(error.to_string(), "not JSON (line 2, column 20)");
    }
}
