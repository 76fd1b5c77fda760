//! `filter` of the System Log: `eventType eq "a" or (eventType eq "b" and outcome.result eq "SUCCESS")`.

use serde_json::Value;

/// What an event must be like.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Filter {
    Any(Vec<Filter>),
    All(Vec<Filter>),
    Term { attribute: String, operator: Operator, value: String },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Is,
    IsNot,
    BeginsWith,
}

impl Filter {
    /// Reads a filter; `None` where it is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let words = words(text)?;
        let mut rest = words.as_slice();
        let filter = any(&mut rest)?;
        rest.is_empty().then_some(filter)
    }

    /// Whether an event is like that.
    pub(crate) fn fits(&self, event: &Value) -> bool {
        match self {
            Self::Any(filters) => filters.iter().any(|filter| filter.fits(event)),
            Self::All(filters) => filters.iter().all(|filter| filter.fits(event)),
            Self::Term { attribute, operator, value } => {
                let found = attribute.split('.').fold(event, |it, name| &it[name]);
                let found = found.as_str().unwrap_or_default();
                match operator {
                    Operator::Is => found == value,
                    Operator::IsNot => found != value,
                    Operator::BeginsWith => found.starts_with(value.as_str()),
                }
            }
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Word {
    Open,
    Close,
    Name(String),
    Text(String),
}

fn words(text: &str) -> Option<Vec<Word>> {
    let (mut words, mut rest) = (Vec::new(), text.trim_start());
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '(' | ')' => {
                words.push(if first == '(' { Word::Open } else { Word::Close });
                1
            }
            '"' => {
                let end = rest[1..].find('"')?;
                words.push(Word::Text(rest[1..=end].to_owned()));
                end + 2
            }
            _ => {
                let end = rest.find(|c: char| c.is_whitespace() || "()\"".contains(c)).unwrap_or(rest.len());
                words.push(Word::Name(rest[..end].to_owned()));
                end
            }
        };
        rest = rest[length..].trim_start();
    }
    Some(words)
}

fn any(rest: &mut &[Word]) -> Option<Filter> {
    let mut filters = vec![all(rest)?];
    while took(rest, "or") {
        filters.push(all(rest)?);
    }
    Some(if filters.len() == 1 { filters.remove(0) } else { Filter::Any(filters) })
}

fn all(rest: &mut &[Word]) -> Option<Filter> {
    let mut filters = vec![one(rest)?];
    while took(rest, "and") {
        filters.push(one(rest)?);
    }
    Some(if filters.len() == 1 { filters.remove(0) } else { Filter::All(filters) })
}

fn one(rest: &mut &[Word]) -> Option<Filter> {
    match *rest {
        [Word::Open, inside @ ..] => {
            *rest = inside;
            let filter = any(rest)?;
            let [Word::Close, after @ ..] = *rest else { return None };
            *rest = after;
            Some(filter)
        }
        [Word::Name(attribute), Word::Name(operator), Word::Text(value), after @ ..] => {
            let operator = match operator.as_str() {
                "eq" => Operator::Is,
                "ne" => Operator::IsNot,
                "sw" => Operator::BeginsWith,
                _ => return None,
            };
            *rest = after;
            Some(Filter::Term { attribute: attribute.clone(), operator, value: value.clone() })
        }
        _ => None,
    }
}

fn took(rest: &mut &[Word], word: &str) -> bool {
    match *rest {
        [Word::Name(name), after @ ..] if name == word => {
            *rest = after;
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Filter;

    #[test]
    fn and_binds_before_or() {
        let filter = r#"eventType eq "a" or (eventType eq "b" and outcome.result ne "FAILURE") or eventType sw "system.""#;
        let filter = Filter::parse(filter).unwrap();
        let fits = |kind: &str, result: &str| {
            filter.fits(&json!({ "eventType": kind, "outcome": { "result": result } }))
        };
        assert!(fits("a", "FAILURE") && fits("b", "SUCCESS") && fits("system.x", ""));
        assert!(!fits("b", "FAILURE") && !fits("c", "SUCCESS"));
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        for bad in [
            "",
            "eventType",
            "eventType eq a",
            r#"eventType is "a""#,
            r#"(eventType eq "a""#,
            r#"a eq "b" or"#,
            r#"a eq "b" c"#,
            r#"a eq "b"#,
        ] {
            assert_eq!(Filter::parse(bad), None, "{bad}");
        }
    }
}
