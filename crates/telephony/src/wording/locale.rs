/// A user's or a setting's locale in one spelling: lower case, `-` between the parts, the languages that have two names under one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Locale(String);

impl Locale {
    /// Reads `EN-US`, `fr_CA` or `zh-Hant-HK`: a language of two or three letters, then parts of letters and digits (BCP 47).
    pub(super) fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.len() > 35 {
            return None;
        }
        let text = text.replace('_', "-").to_ascii_lowercase();
        let (language, rest) = text.split_once('-').map_or((&*text, None), |(head, rest)| (head, Some(rest)));
        let is_language =
            (2..=3).contains(&language.len()) && language.bytes().all(|b| b.is_ascii_lowercase());
        let is_part =
            |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
        if !is_language || !rest.is_none_or(|rest| rest.split('-').all(is_part)) {
            return None;
        }
        // Norwegian as such is Bokmål here; the others are the codes Java and Okta's older parts still use.
        let language = match language {
            "no" | "nn" => "nb",
            "iw" => "he",
            "in" => "id",
            other => other,
        };
        Some(Self(rest.map_or_else(|| language.to_owned(), |rest| format!("{language}-{rest}"))))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// `fr` of `fr-ca`.
    pub(super) fn language(&self) -> &str {
        self.0.split('-').next().unwrap_or_default()
    }

    /// Whether it names this script or region.
    pub(super) fn names(&self, part: &str) -> bool {
        self.0.split('-').skip(1).any(|own| own == part)
    }

    /// What to look a text up under, best first: itself, then shorter and shorter to the language alone; Chinese at last under the
    /// region whose script it is written in.
    pub(super) fn lookups(&self) -> impl Iterator<Item = &str> {
        let shorter = |name: &&str| self.0[..name.len()].rfind('-').map(|end| &self.0[..end]);
        std::iter::successors(Some(self.as_str()), shorter).chain(self.chinese())
    }

    /// The region a Chinese locale is written like.
    pub(super) fn chinese(&self) -> Option<&'static str> {
        if self.language() != "zh" {
            return None;
        }
        let any = |parts: &[&str]| parts.iter().any(|part| self.names(part));
        Some(match () {
            () if any(&["hans", "cn", "sg"]) => "zh-cn",
            () if any(&["hk", "mo"]) => "zh-hk",
            () if any(&["tw", "hant"]) => "zh-tw",
            () => "zh-cn",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Locale;

    fn lookups(text: &str) -> Vec<String> {
        Locale::read(text).map_or_else(Vec::new, |l| l.lookups().map(str::to_owned).collect())
    }

    #[test]
    fn every_spelling_is_looked_up_from_the_best_to_the_language() {
        for (text, expected) in [
            ("EN-US", &["en-us", "en"][..]),
            (" fr_CA ", &["fr-ca", "fr"]),
            ("de", &["de"]),
            ("no", &["nb"]),
            ("nn-NO", &["nb-no", "nb"]),
            ("iw_IL", &["he-il", "he"]),
            ("es-419", &["es-419", "es"]),
            ("zh", &["zh", "zh-cn"]),
            ("zh_HK", &["zh-hk", "zh", "zh-hk"]),
            ("zh-Hant", &["zh-hant", "zh", "zh-tw"]),
            ("zh-Hans-HK", &["zh-hans-hk", "zh-hans", "zh", "zh-cn"]),
        ] {
            assert_eq!(lookups(text), expected, "{text}");
        }
    }

    #[test]
    fn g12_what_is_no_locale_is_none() {
        for bad in
            ["", "-", "e", "english", "en--GB", "en-", "en GB", "../en", "日本", "en-toolongpart", "12"]
        {
            assert_eq!(Locale::read(bad), None, "{bad}");
        }
    }
}
