use super::locale::Locale;

/// The languages Twilio's documentation lists for `<Say language>` with its basic voices.
pub(super) const VOICES: [&str; 26] = [
    "da-DK", "de-DE", "en-AU", "en-CA", "en-GB", "en-IN", "en-US", "ca-ES", "es-ES", "es-MX", "fi-FI",
    "fr-CA", "fr-FR", "it-IT", "ja-JP", "ko-KR", "nb-NO", "nl-NL", "pl-PL", "pt-BR", "pt-PT", "ru-RU",
    "sv-SE", "zh-CN", "zh-HK", "zh-TW",
];

/// What reads where nobody speaks the user's language: the digits matter.
pub(super) const ENGLISH: &str = "en-US";

/// The voice of a locale: its own, else one of its language.
pub(super) fn voice(locale: &Locale) -> Option<&'static str> {
    let find = |name: &str| VOICES.into_iter().find(|tag| tag.eq_ignore_ascii_case(name));
    if let Some(tag) = locale.chinese().or(Some(locale.as_str())).and_then(find) {
        return Some(tag);
    }
    match locale.language() {
        "en" => Some(ENGLISH),
        "fr" => Some("fr-FR"),
        "pt" => Some("pt-PT"),
        // Whoever names a region other than Spain is in America.
        "es" if locale.as_str() == "es" => Some("es-ES"),
        "es" => Some("es-MX"),
        language => {
            VOICES.into_iter().find(|tag| tag.split_once('-').is_some_and(|(own, _)| own == language))
        }
    }
}

/// Whether this voice can read the text: a voice of a language in Latin script leaves letters of others out, or spells their names.
pub(super) fn reads(voice: &str, text: &str) -> bool {
    let latin = |c: char| !c.is_alphabetic() || matches!(c, '\0'..='\u{24f}' | '\u{1e00}'..='\u{1eff}');
    // The voices of these read Latin letters as well.
    let others = ["ja", "ko", "ru", "zh"];
    others.iter().any(|language| voice.starts_with(language)) || text.chars().all(latin)
}

#[cfg(test)]
mod tests {
    use super::{Locale, reads, voice};

    #[test]
    fn a_voice_speaks_the_locale_or_its_language_or_there_is_none() {
        for (locale, expected) in [
            ("EN-US", Some("en-US")),
            ("en", Some("en-US")),
            ("en_GB", Some("en-GB")),
            ("en-NZ", Some("en-US")),
            ("fr", Some("fr-FR")),
            ("fr-CA", Some("fr-CA")),
            ("fr-BE", Some("fr-FR")),
            ("es", Some("es-ES")),
            ("es-ES", Some("es-ES")),
            ("es-419", Some("es-MX")),
            ("es_AR", Some("es-MX")),
            ("pt", Some("pt-PT")),
            ("pt-BR", Some("pt-BR")),
            ("pt-AO", Some("pt-PT")),
            ("de-AT", Some("de-DE")),
            ("no", Some("nb-NO")),
            ("ca", Some("ca-ES")),
            ("zh", Some("zh-CN")),
            ("zh-Hant", Some("zh-TW")),
            ("zh-Hant-HK", Some("zh-HK")),
            ("th-TH", None),
            ("ar", None),
            ("uk", None),
            ("he", None),
        ] {
            assert_eq!(voice(&Locale::read(locale).unwrap()), expected, "{locale}");
        }
    }

    #[test]
    fn g12_a_voice_is_not_asked_to_read_letters_it_lacks() {
        for (voice, text, expected) in [
            ("en-US", "Your code is 1, 2 😀", true),
            ("fr-FR", "Votre code, s’il vous plaît, « ça »: 1", true),
            ("en-US", "รหัสของคุณคือ 1", false),
            ("de-DE", "Ваш код 1", false),
            ("ru-RU", "Ваш код 1", true),
            ("ja-JP", "コード 1", true),
        ] {
            assert_eq!(reads(voice, text), expected, "{voice} {text}");
        }
    }
}
