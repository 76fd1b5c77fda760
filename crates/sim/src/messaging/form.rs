//! Forms and queries, whose every name must be known.

use url::Url;

use crate::twilio::{Call, TwilioError};

/// Parameters whose names are all known, and none of which is repeated unless it may be.
pub(crate) struct Parameters<'a>(&'a Call);

impl<'a> Parameters<'a> {
    /// The form of a POST.
    pub(crate) fn form(call: &'a Call, known: &[&str], repeatable: &[&str]) -> Result<Self, TwilioError> {
        let essence = call.content_type.as_deref().and_then(|value| value.split(';').next()).map(str::trim);
        if !essence.is_some_and(|it| it.eq_ignore_ascii_case("application/x-www-form-urlencoded")) {
            return Err(invalid("Content-Type"));
        }
        Self::checked(call, known, repeatable)
    }

    /// The query of a GET.
    pub(crate) fn query(call: &'a Call, known: &[&str]) -> Result<Self, TwilioError> {
        Self::checked(call, known, &[])
    }

    fn checked(call: &'a Call, known: &[&str], repeatable: &[&str]) -> Result<Self, TwilioError> {
        for (n, (name, _)) in call.parameters.iter().enumerate() {
            let name = name.as_str();
            if repeatable.contains(&name) {
                continue;
            }
            if !known.contains(&name) {
                return Err(TwilioError::saying(20001, format!("Unknown parameters: {name}")));
            }
            if call.parameters[..n].iter().any(|(earlier, _)| earlier == name) {
                return Err(invalid(name));
            }
        }
        Ok(Self(call))
    }

    /// A parameter that is not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&'a str> {
        self.0.parameter(name).filter(|value| !value.is_empty())
    }

    /// All values of a parameter that may be repeated.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0.parameters.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A parameter that must be there; `code` if it is not.
    pub(crate) fn required(&self, name: &str, code: u32) -> Result<&'a str, TwilioError> {
        self.get(name).ok_or_else(|| TwilioError::new(code))
    }

    /// A parameter that is one of a few words, if it is there.
    pub(crate) fn one_of(&self, name: &str, words: &[&str]) -> Result<Option<&'a str>, TwilioError> {
        match self.get(name) {
            Some(value) if !words.contains(&value) => Err(invalid(name)),
            value => Ok(value),
        }
    }

    /// A whole number within bounds, if it is there.
    pub(crate) fn number(
        &self,
        name: &str,
        bounds: std::ops::RangeInclusive<u32>,
    ) -> Result<(), TwilioError> {
        match self.get(name).map(str::parse) {
            None => Ok(()),
            Some(Ok(number)) if bounds.contains(&number) => Ok(()),
            Some(_) => Err(invalid(name)),
        }
    }

    /// A flag, if it is there.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, TwilioError> {
        Ok(self.one_of(name, &["true", "false"])? == Some("true"))
    }

    /// A web address that Twilio would call, if it is there: no underscore in its host.
    pub(crate) fn address(&self, name: &str) -> Result<Option<&'a str>, TwilioError> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let callable = Url::parse(text).is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(|host| !host.contains('_'))
        });
        if callable {
            Ok(Some(text))
        } else {
            Err(TwilioError::saying(21609, format!("The '{name}' URL {text} is not a valid URL.")))
        }
    }
}

/// 20422 for one parameter.
pub(crate) fn invalid(parameter: &str) -> TwilioError {
    TwilioError::saying(20422, format!("Invalid parameter: {parameter}"))
}
