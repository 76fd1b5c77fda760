use std::collections::BTreeMap;

use super::Wording;
use super::code::PLACE;
use super::locale::Locale;
use super::sms_length::SmsLength;
use super::speech::Speech;
use super::texts::{SMS, Texts, VOICE};
use super::voices::voice;

/// As long as a code gets: the longest text is made with it.
const LONGEST: &str = "0123456789";

/// More than a message may be billed as.
const MAX_SEGMENTS: usize = 10;

/// A deployer's wording.
#[derive(Debug, Clone, Default)]
pub struct WordingOptions {
    /// Texts by locale, with `{code}` where the code goes.
    pub texts: BTreeMap<String, String>,
    /// The same for calls.
    pub voice_texts: BTreeMap<String, String>,
    /// The host whose pages a browser may fill the code into.
    pub web_otp_domain: Option<String>,
    /// The hash by which Android's SMS Retriever knows the app that may read the message.
    pub app_hash: Option<String>,
}

/// A setting that cannot be right. Names the key, never the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key} {problem}")]
pub struct WordingProblem {
    /// The setting's key (`texts.de`).
    pub key: String,
    /// What is wrong with it.
    pub problem: &'static str,
}

impl Wording {
    /// Checks the settings.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn new(options: WordingOptions) -> Result<Self, Vec<WordingProblem>> {
        let WordingOptions { texts, voice_texts, web_otp_domain, app_hash } = options;
        let mut problems = Vec::new();
        let texts = by_locale("texts", texts, &mut problems);
        let voice_texts = by_locale("voice_texts", voice_texts, &mut problems);
        let mut say = |key: &str, problem| problems.push(WordingProblem { key: key.to_owned(), problem });
        if web_otp_domain.as_deref().is_some_and(|domain| !is_host(domain)) {
            say("web_otp_domain", "is no plain host name in lower case");
        }
        if app_hash.as_deref().is_some_and(|hash| !is_app_hash(hash)) {
            say("app_hash", "is not 11 letters, digits, + or /");
        }
        let wording = Self {
            texts: Texts::new(texts.clone(), SMS),
            voice_texts: Texts::new(voice_texts.clone(), VOICE),
            web_otp_domain,
            app_hash,
        };
        for (locale, text) in texts {
            let whole = wording.with_lines(&super::code::fill(&text, LONGEST), LONGEST);
            if SmsLength::of(&whole).segments > MAX_SEGMENTS {
                say(&format!("texts.{}", locale.as_str()), "is longer than 10 SMS segments");
            }
        }
        for (locale, text) in voice_texts {
            let key = format!("voice_texts.{}", locale.as_str());
            match voice(&locale) {
                None => say(&key, "is of a language no voice speaks"),
                Some(tag) if Speech::filled(&text, LONGEST, tag).is_none() => {
                    say(&key, "is too long to be said three times in one call");
                }
                Some(_) => {}
            }
        }
        if problems.is_empty() { Ok(wording) } else { Err(problems) }
    }
}

fn by_locale(
    key: &str,
    texts: BTreeMap<String, String>,
    problems: &mut Vec<WordingProblem>,
) -> BTreeMap<Locale, String> {
    let mut read = BTreeMap::new();
    for (name, text) in texts {
        let mut say = |problem| problems.push(WordingProblem { key: format!("{key}.{name}"), problem });
        if text.matches(PLACE).count() != 1 {
            say("does not have {code} exactly once");
        } else if let Some(locale) = Locale::read(&name) {
            if read.insert(locale, text).is_some() {
                say("is there twice, in another spelling");
            }
        } else {
            say("is no locale");
        }
    }
    read
}

/// A host as it stands in a URL's origin: labels of letters, digits and hyphens, and no address.
fn is_host(text: &str) -> bool {
    let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| letter(b) || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = text.rsplit('.').next().unwrap_or_default();
    text.len() <= 253
        && text.contains('.')
        && text.split('.').all(label)
        && last.bytes().any(|b| b.is_ascii_lowercase())
}

/// Base64 of the first bytes of a hash (Google's documentation of the SMS Retriever API).
fn is_app_hash(text: &str) -> bool {
    text.len() == 11 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/')
}

#[cfg(test)]
mod tests {
    use super::{Wording, WordingOptions};

    fn texts(pairs: &[(&str, &str)]) -> std::collections::BTreeMap<String, String> {
        pairs.iter().map(|(l, t)| ((*l).to_owned(), (*t).to_owned())).collect()
    }

    fn problems(options: WordingOptions) -> Vec<String> {
        Wording::new(options).err().unwrap_or_default().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let long = format!("{{code}}{}", "x".repeat(1_530));
        let options = WordingOptions {
            texts: texts(&[
                ("de", "Kein Code"),
                ("fr", "{code} {code}"),
                ("EN", "{code}"),
                ("en", "{code}"),
                ("english", "{code}"),
                ("it", &long),
            ]),
            voice_texts: texts(&[("th", "{code}"), ("de", &long), ("fr", "")]),
            web_otp_domain: Some("https://example.com".to_owned()),
            app_hash: Some("short".to_owned()),
        };
        assert_eq!(
            problems(options),
            [
                "texts.de does not have {code} exactly once",
                "texts.en is there twice, in another spelling",
                "texts.english is no locale",
                "texts.fr does not have {code} exactly once",
                "voice_texts.fr does not have {code} exactly once",
                "web_otp_domain is no plain host name in lower case",
                "app_hash is not 11 letters, digits, + or /",
                "texts.it is longer than 10 SMS segments",
                "voice_texts.de is too long to be said three times in one call",
                "voice_texts.th is of a language no voice speaks",
            ]
        );
    }

    #[test]
    fn hosts_and_hashes() {
        let host = |domain: &str| WordingOptions {
            web_otp_domain: Some(domain.to_owned()),
            ..WordingOptions::default()
        };
        for good in ["example.com", "login.example.co.uk", "a-b.xn--bcher-kva.example", "9.example"] {
            assert!(problems(host(good)).is_empty(), "{good}");
        }
        let long = format!("{}.com", "a.".repeat(130));
        for bad in [
            "",
            "com",
            "Example.com",
            "example.com.",
            ".example.com",
            "-a.example",
            "a_b.example",
            "a.example:443",
            "a.example/x",
            "a.example ",
            "10.0.0.1",
            "bücher.example",
            "a..example",
            &long,
        ] {
            assert_eq!(problems(host(bad)).len(), 1, "{bad}");
        }
        for (hash, fine) in
            [("FA+9qCX9VSu", true), ("FA+9qCX9VS", false), ("FA+9qCX9VS=", false), ("FA 9qCX9VSu", false)]
        {
            let options = WordingOptions { app_hash: Some(hash.to_owned()), ..WordingOptions::default() };
            assert_eq!(problems(options).is_empty(), fine, "{hash}");
        }
    }

    #[test]
    fn the_lines_we_add_count() {
        let text = format!("{{code}}{}", "x".repeat(1_500));
        let options = WordingOptions { texts: texts(&[("en", &text)]), ..WordingOptions::default() };
        assert!(problems(options.clone()).is_empty());
        let options = WordingOptions { web_otp_domain: Some("example.com".to_owned()), ..options };
        assert_eq!(problems(options), ["texts.en is longer than 10 SMS segments"]);
    }
}
