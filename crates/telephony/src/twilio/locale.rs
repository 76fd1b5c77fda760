use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// The locales Twilio's documentation names for Verify. A service may have more, by its templates.
pub const DEFAULT_LOCALES: [&str; 9] = ["en", "en-GB", "es", "fr", "de", "pt-BR", "zh", "zh-CN", "zh-HK"];

/// Which locale to ask for. Without one Twilio goes by the number's country; with one it does not know it sends nothing (404), so only
/// listed ones are ever asked for, and none a second time that turned out to be the fault.
pub(crate) struct Locales {
    listed: Vec<String>,
    refused: Mutex<BTreeSet<String>>,
}

impl Locales {
    pub(crate) fn new(listed: Vec<String>) -> Self {
        Self { listed, refused: Mutex::default() }
    }

    /// The listed locale for a user's (`EN-US`, `fr_CA`, `pt-br`): the same one, else its language alone, else none.
    pub(crate) fn choose(&self, wanted: &str) -> Option<&str> {
        let wanted = wanted.trim().replace('_', "-");
        let language = wanted.split('-').next().unwrap_or_default();
        let find = |name: &str| self.listed.iter().find(|l| l.replace('_', "-").eq_ignore_ascii_case(name));
        let found = find(&wanted).or_else(|| find(language))?;
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        (!refused.contains(found)).then_some(found.as_str())
    }

    /// None of them was at fault.
    pub(crate) fn forgive(&self) {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// This locale may be what was refused: it is not asked for again.
    pub(crate) fn refuse(&self, wanted: &str) -> Option<String> {
        let found = self.choose(wanted)?.to_owned();
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).insert(found.clone());
        Some(found)
    }
}

/// Whether a setting looks like a locale at all: subtags of letters and digits.
pub(crate) fn is_locale(text: &str) -> bool {
    (2..=35).contains(&text.len())
        && text
            .split(['-', '_'])
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::{DEFAULT_LOCALES, Locales, is_locale};

    fn default() -> Locales {
        Locales::new(DEFAULT_LOCALES.map(str::to_owned).to_vec())
    }

    #[test]
    fn oktas_spellings_become_twilios() {
        for (okta, twilio) in [
            ("EN-US", Some("en")),
            ("en", Some("en")),
            ("EN-GB", Some("en-GB")),
            ("en_gb", Some("en-GB")),
            ("fr_CA", Some("fr")),
            ("pt-br", Some("pt-BR")),
            ("pt-PT", None),
            ("pt", None),
            ("zh_TW", Some("zh")),
            ("zh-Hant-HK", Some("zh")),
            ("ZH-HK", Some("zh-HK")),
            ("ja-JP", None),
            (" de-AT ", Some("de")),
            ("", None),
            ("-", None),
            ("english", None),
        ] {
            assert_eq!(default().choose(okta), twilio, "{okta}");
        }
        assert!(DEFAULT_LOCALES.iter().all(|l| is_locale(l)));
        for bad in ["", "e", "en--GB", "en GB", "../en", "日本"] {
            assert!(!is_locale(bad), "{bad}");
        }
    }

    #[test]
    fn a_list_may_be_spelt_either_way() {
        assert_eq!(Locales::new(vec!["pt_BR".to_owned()]).choose("PT-BR"), Some("pt_BR"));
    }

    #[test]
    fn c12_a_refused_locale_is_not_asked_for_again() {
        let locales = default();
        assert_eq!(locales.refuse("zh-hk").as_deref(), Some("zh-HK"));
        assert_eq!(locales.choose("zh-HK"), None);
        assert_eq!(locales.choose("zh-CN"), Some("zh-CN"));
    }
}
