//! What a message says: Okta's own text where it sent one, else a text of the user's language, and what browsers and apps need to
//! recognise the code. For providers that leave the text to us.

mod code;
mod locale;
mod options;
mod sms_length;
mod speech;
#[cfg(test)]
mod tests;
mod texts;
mod voices;

use otp::Passcode;
use zeroize::Zeroizing;

use self::code::{fill, holds};
use self::locale::Locale;
pub use self::options::{WordingOptions, WordingProblem};
pub use self::sms_length::{SmsEncoding, SmsLength};
pub use self::speech::Speech;
use self::texts::Texts;
use self::voices::{ENGLISH, reads, voice};

/// What Twilio takes as a message's `Body` (Twilio docs: Messages resource).
const MAX_TEXT: usize = 1_600;

/// The wording of a deployment.
pub struct Wording {
    texts: Texts,
    voice_texts: Texts,
    web_otp_domain: Option<String>,
    app_hash: Option<String>,
}

impl Wording {
    /// What an SMS says: Okta's text (`msgTemplate`) as it is, unless it lacks the code or is too long; else the best text for the
    /// locale. Then the app's hash and, always last, the line that binds the code to a domain.
    pub fn text(&self, template: Option<&str>, code: &Passcode, locale: Option<&str>) -> Zeroizing<String> {
        let digits = code.expose();
        let template = template.filter(|template| holds(template, digits));
        template
            .map(|template| self.with_lines(template, digits))
            // UTF-16 units are never fewer than the characters of any other count.
            .filter(|text| text.encode_utf16().count() <= MAX_TEXT)
            .unwrap_or_else(|| {
                let text = self.texts.best(locale.and_then(Locale::read).as_ref());
                self.with_lines(&fill(text, digits), digits)
            })
    }

    /// What a call says: Okta's text with the digits apart, where it can be spoken; else the best text for the locale. English where
    /// no voice speaks the user's language, whatever language Okta's text is in: the digits matter.
    pub fn speech(&self, template: Option<&str>, code: &Passcode, locale: Option<&str>) -> Speech {
        let digits = code.expose();
        let wanted = locale.filter(|locale| !locale.trim().is_empty());
        let locale = wanted.and_then(Locale::read);
        let (language, locale) = match (locale.as_ref().and_then(voice), locale) {
            (Some(language), Some(locale)) => (language, Some(locale)),
            _ => (ENGLISH, None),
        };
        // Without any locale Okta's text is most likely English, as its own default is.
        let speakable = locale.is_some() || wanted.is_none();
        template
            .filter(|template| speakable && reads(language, template))
            .and_then(|template| Speech::of(template, digits, language))
            .or_else(|| Speech::filled(self.voice_texts.best(locale.as_ref()), digits, language))
            .unwrap_or_else(|| Speech::bare(digits, language))
    }

    /// The text with the lines it lacks. The last line is that of origin-bound one-time codes (WICG: sms-one-time-codes), which
    /// counts only there; the app's hash may be anywhere.
    fn with_lines(&self, text: &str, digits: &str) -> Zeroizing<String> {
        let bound = self.web_otp_domain.as_ref().map(|host| Zeroizing::new(format!("@{host} #{digits}")));
        let bound = bound.as_ref().map(|line| line.as_str());
        let hash = self.app_hash.as_deref().filter(|hash| !text.contains(hash));
        let is_bound = bound.is_none() || text.rsplit('\n').next() == bound;
        if hash.is_none() && is_bound {
            return Zeroizing::new(text.to_owned());
        }
        let text = text.trim_end();
        let text = bound.and_then(|line| before_last_line(text, line)).unwrap_or(text);
        let lines = [Some(text).filter(|text| !text.is_empty()), hash, bound];
        let room = lines.iter().flatten().map(|line| line.len() + 1).sum();
        let mut whole = Zeroizing::new(String::with_capacity(room));
        for line in lines.into_iter().flatten() {
            if !whole.is_empty() {
                whole.push('\n');
            }
            whole.push_str(line);
        }
        whole
    }
}

/// What comes before this line, if it is the last.
fn before_last_line<'t>(text: &'t str, line: &str) -> Option<&'t str> {
    let before = text.strip_suffix(line)?;
    (before.is_empty() || before.ends_with('\n')).then(|| before.trim_end())
}
