//! TwiML, as far as a spoken code needs it: `Response`, `Say` and `Pause`.

/// Why a document is not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NotUnderstood(pub(crate) String);

/// What a call with this document says: the words of every `Say`, and `…` for every `Pause`.
pub(crate) fn spoken(document: &str) -> Result<String, NotUnderstood> {
    let mut reader = Reader { rest: document.trim() };
    if let Some(rest) = reader.rest.strip_prefix("<?xml") {
        reader.rest = rest.split_once("?>").ok_or_else(|| wrong("the declaration does not end"))?.1;
    }
    let mut said = Vec::new();
    reader.blank()?;
    let root = reader.tag()?;
    root.is("Response", &[])?;
    if !root.empty {
        while let Some(verb) = reader.verb()? {
            said.push(verb);
        }
    }
    if !reader.rest.trim().is_empty() {
        return Err(wrong("there is something after Response"));
    }
    Ok(said.join(" "))
}

fn wrong(why: impl Into<String>) -> NotUnderstood {
    NotUnderstood(why.into())
}

struct Reader<'a> {
    rest: &'a str,
}

struct Tag<'a> {
    name: &'a str,
    attributes: Vec<(&'a str, String)>,
    empty: bool,
}

impl Tag<'_> {
    fn is(&self, name: &str, attributes: &[&str]) -> Result<(), NotUnderstood> {
        if self.name != name {
            return Err(wrong(format!("{} where {name} belongs", self.name)));
        }
        for (n, (attribute, value)) in self.attributes.iter().enumerate() {
            let again = self.attributes[..n].iter().any(|(earlier, _)| earlier == attribute);
            if again || !attributes.contains(attribute) {
                return Err(wrong(format!("{name} with {attribute}")));
            }
            let counts = matches!(*attribute, "loop" | "length");
            if counts && value.parse::<u32>().is_err() {
                return Err(wrong(format!("{attribute} is no number")));
            }
        }
        Ok(())
    }
}

impl<'a> Reader<'a> {
    /// The next verb of the response; none at its end.
    fn verb(&mut self) -> Result<Option<String>, NotUnderstood> {
        self.blank()?;
        if let Some(rest) = self.rest.strip_prefix("</Response>") {
            self.rest = rest;
            return Ok(None);
        }
        let tag = self.tag()?;
        if tag.name == "Pause" {
            tag.is("Pause", &["length"])?;
            if !tag.empty {
                self.end("Pause")?;
            }
            return Ok(Some("…".to_owned()));
        }
        tag.is("Say", &["language", "voice", "loop"])?;
        let words = if tag.empty { String::new() } else { self.end("Say")? };
        Ok(Some(words))
    }

    /// Passes white space; anything else but a tag is an error.
    fn blank(&mut self) -> Result<(), NotUnderstood> {
        self.rest = self.rest.trim_start();
        if self.rest.starts_with('<') { Ok(()) } else { Err(wrong("text where a tag belongs")) }
    }

    /// Reads an opening or empty tag.
    fn tag(&mut self) -> Result<Tag<'a>, NotUnderstood> {
        let inner = self.rest.strip_prefix('<').ok_or_else(|| wrong("no tag"))?;
        let name_end = inner.find(|it: char| !it.is_ascii_alphanumeric()).unwrap_or(inner.len());
        let (name, mut inner) = inner.split_at(name_end);
        let mut attributes = Vec::new();
        loop {
            let trimmed = inner.trim_start();
            if let Some(rest) = trimmed.strip_prefix("/>") {
                self.rest = rest;
                return Ok(Tag { name, attributes, empty: true });
            }
            if let Some(rest) = trimmed.strip_prefix('>') {
                self.rest = rest;
                return Ok(Tag { name, attributes, empty: false });
            }
            if trimmed.len() == inner.len() {
                return Err(wrong(format!("the tag {name} is malformed")));
            }
            let (attribute, rest) =
                trimmed.split_once('=').ok_or_else(|| wrong("an attribute without a value"))?;
            let quote =
                rest.chars().next().filter(|it| matches!(it, '"' | '\'')).ok_or_else(|| wrong("no quote"))?;
            let (value, rest) = rest[1..].split_once(quote).ok_or_else(|| wrong("an open quote"))?;
            if value.contains('<') {
                return Err(wrong("< in an attribute"));
            }
            attributes.push((attribute.trim_end(), unescaped(value)?));
            inner = rest;
        }
    }

    /// Reads text up to the closing tag.
    fn end(&mut self, name: &str) -> Result<String, NotUnderstood> {
        let (text, rest) = self.rest.split_once('<').ok_or_else(|| wrong(format!("{name} does not end")))?;
        let rest = rest
            .strip_prefix('/')
            .and_then(|rest| rest.strip_prefix(name))
            .and_then(|it| it.strip_prefix('>'));
        self.rest = rest.ok_or_else(|| wrong(format!("something in {name} that is no text")))?;
        Ok(unescaped(text)?.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}

fn unescaped(text: &str) -> Result<String, NotUnderstood> {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        let (entity, after) = after.split_once(';').ok_or_else(|| wrong("& without ;"))?;
        plain.push(letter(entity).ok_or_else(|| wrong(format!("the entity {entity}")))?);
        rest = after;
    }
    plain.push_str(rest);
    Ok(plain)
}

fn letter(entity: &str) -> Option<char> {
    match entity {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = entity.strip_prefix('#')?;
            let value = match number.strip_prefix('x') {
                Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16),
                None => number.parse(),
            };
            char::from_u32(value.ok()?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said() {
        let document = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response>\n <Say language=\"en-US\" voice='alice' \
                        loop=\"2\">Fish &amp; chips: 1, 2, 3, 4</Say><Pause length=\"1\"/><Pause></Pause>\
                        <Say>&#49;&#x32;</Say></Response>";
        assert_eq!(spoken(document).unwrap(), "Fish & chips: 1, 2, 3, 4 … … 12");
        assert_eq!(spoken("<Response/>").unwrap(), "");
    }

    #[test]
    fn what_is_not_understood() {
        for document in [
            "",
            "hello",
            "<Say>x</Say>",
            "<Response>",
            "<Response><Say>x</Response>",
            "<Response><Say>x</say></Response>",
            "<Response><Say>x & y</Say></Response>",
            "<Response><Say>x &nbsp; y</Say></Response>",
            "<Response><Say>x < y</Say></Response>",
            "<Response><Say pitch=\"1\">x</Say></Response>",
            "<Response><Say loop=\"often\">x</Say></Response>",
            "<Response><Say loop=2>x</Say></Response>",
            "<Response><Say language=\"en\" language=\"de\">x</Say></Response>",
            "<Response><Play>x</Play></Response>",
            "<Response>x</Response>",
            "<Response/><Response/>",
        ] {
            assert!(spoken(document).is_err(), "{document}");
        }
    }
}
