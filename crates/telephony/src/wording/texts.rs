use std::collections::BTreeMap;

use super::locale::Locale;

/// Texts by locale: the deployer's before ours.
pub(super) struct Texts {
    own: BTreeMap<Locale, String>,
    built_in: BuiltIn,
}

/// Our texts: English apart, as it is what is left where nothing else fits.
#[derive(Clone, Copy)]
pub(super) struct BuiltIn {
    pub(super) english: &'static str,
    pub(super) others: &'static [(&'static str, &'static str)],
}

impl Texts {
    pub(super) fn new(own: BTreeMap<Locale, String>, built_in: BuiltIn) -> Self {
        Self { own, built_in }
    }

    /// The text of the locale, else of its language, else the English one.
    pub(super) fn best(&self, locale: Option<&Locale>) -> &str {
        locale.and_then(|l| l.lookups().find_map(|name| self.find(name))).unwrap_or_else(|| self.english())
    }

    fn english(&self) -> &str {
        self.find("en").unwrap_or(self.built_in.english)
    }

    fn find(&self, name: &str) -> Option<&str> {
        let own = self.own.iter().find(|(locale, _)| locale.as_str() == name);
        own.map(|(_, text)| text.as_str()).or_else(|| self.built_in.find(name))
    }
}

impl BuiltIn {
    fn find(self, name: &str) -> Option<&'static str> {
        if name == "en" {
            return Some(self.english);
        }
        self.others.iter().find(|(locale, _)| *locale == name).map(|(_, text)| *text)
    }
}

/// What an SMS says. All fit one segment; those whose alphabet allows it are GSM-7, some by a turn of phrase (Spanish `código` has a
/// letter GSM-7 lacks).
pub(super) const SMS: BuiltIn = BuiltIn {
    english: "Your verification code is {code}. Do not share it with anyone.",
    others: &[
        ("ar", "رمز التحقق الخاص بك هو {code}. لا تشاركه مع أحد."),
        ("ca", "El teu codi de verificació: {code}. No el comparteixis."),
        ("cs", "Váš ověřovací kód je {code}. Nikomu ho nesdělujte."),
        ("da", "Din bekræftelseskode er {code}. Del den ikke med nogen."),
        ("de", "Ihr Bestätigungscode lautet {code}. Geben Sie ihn nicht weiter."),
        ("el", "Κωδικός επαλήθευσης: {code}. Μην τον δώσετε σε κανέναν."),
        ("es", "Su clave de acceso es {code}. No la comparta con nadie."),
        ("fi", "Vahvistuskoodisi on {code}. Älä kerro sitä kenellekään."),
        ("fr", "Votre code de vérification est {code}. Ne le communiquez à personne."),
        ("he", "קוד האימות שלך הוא {code}. אין לשתף אותו עם אף אחד."),
        ("hu", "Az Ön ellenőrző kódja: {code}. Ne ossza meg senkivel."),
        ("id", "Kode verifikasi Anda adalah {code}. Jangan berikan kepada siapa pun."),
        ("it", "Il tuo codice di verifica è {code}. Non condividerlo con nessuno."),
        ("ja", "認証コードは {code} です。誰にも教えないでください。"),
        ("ko", "인증 코드는 {code}입니다. 다른 사람에게 알려주지 마세요."),
        ("ms", "Kod pengesahan anda ialah {code}. Jangan kongsi dengan sesiapa."),
        ("nb", "Bekreftelseskoden din er {code}. Ikke del den med noen."),
        ("nl", "Uw verificatiecode is {code}. Deel deze met niemand."),
        ("pl", "Twój kod weryfikacyjny: {code}. Nie podawaj go nikomu."),
        ("pt", "Use {code} para confirmar o seu acesso. Nunca o partilhe."),
        ("pt-br", "Use {code} para confirmar o seu acesso. Nunca compartilhe."),
        ("ro", "Codul dvs. de verificare este {code}. Nu îl comunicați nimănui."),
        ("ru", "Ваш код подтверждения: {code}. Никому его не сообщайте."),
        ("sv", "Din verifieringskod är {code}. Dela den inte med någon."),
        ("th", "รหัสยืนยันของคุณคือ {code} โปรดอย่าบอกผู้อื่น"),
        ("tr", "Doğrulama kodunuz: {code}. Kimseyle paylaşmayın."),
        ("uk", "Ваш код підтвердження: {code}. Нікому його не повідомляйте."),
        ("vi", "Mã xác minh của bạn là {code}. Không chia sẻ mã này với ai."),
        ("zh-cn", "您的验证码是 {code}。请勿告诉他人。"),
        ("zh-hk", "您的驗證碼是 {code}。請勿告訴他人。"),
        ("zh-tw", "您的驗證碼是 {code}。請勿告訴他人。"),
    ],
};

/// What a call says, for every language a voice speaks.
pub(super) const VOICE: BuiltIn = BuiltIn {
    english: "Your verification code is {code}.",
    others: &[
        ("ca", "El teu codi de verificació és {code}."),
        ("da", "Din bekræftelseskode er {code}."),
        ("de", "Ihr Bestätigungscode lautet {code}."),
        ("es", "Su código de verificación es {code}."),
        ("fi", "Vahvistuskoodisi on {code}."),
        ("fr", "Votre code de vérification est {code}."),
        ("it", "Il tuo codice di verifica è {code}."),
        ("ja", "認証コードは、{code}、です。"),
        ("ko", "인증 코드는 {code} 입니다."),
        ("nb", "Bekreftelseskoden din er {code}."),
        ("nl", "Uw verificatiecode is {code}."),
        ("pl", "Twój kod weryfikacyjny to {code}."),
        ("pt", "O seu código de verificação é {code}."),
        ("pt-br", "Seu código de verificação é {code}."),
        ("ru", "Ваш код подтверждения: {code}."),
        ("sv", "Din verifieringskod är {code}."),
        ("zh-cn", "您的验证码是 {code}。"),
        ("zh-hk", "您的驗證碼是 {code}。"),
        ("zh-tw", "您的驗證碼是 {code}。"),
    ],
};

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{BuiltIn, SMS, Texts, VOICE};
    use crate::wording::code::PLACE;
    use crate::wording::locale::Locale;
    use crate::wording::sms_length::{SmsEncoding, SmsLength};
    use crate::wording::voices::{VOICES, voice};

    fn texts(own: &[(&str, &str)]) -> Texts {
        let own = own.iter().map(|(l, t)| (Locale::read(l).unwrap(), (*t).to_owned()));
        Texts::new(own.collect::<BTreeMap<_, _>>(), SMS)
    }

    fn all(built_in: BuiltIn) -> impl Iterator<Item = (&'static str, &'static str)> {
        std::iter::once(("en", built_in.english)).chain(built_in.others.iter().copied())
    }

    #[test]
    fn g12_every_built_in_text_is_one_segment_with_the_longest_code() {
        let gsm7 = ["en", "de", "fr", "es", "it", "pt", "pt-br", "nl", "sv", "da", "nb", "fi", "id", "ms"];
        for (locale, text) in all(SMS) {
            assert_eq!(text.matches(PLACE).count(), 1, "{locale}");
            let length = SmsLength::of(&text.replace(PLACE, "0123456789"));
            assert_eq!(length.segments, 1, "{locale} {length:?}");
            assert_eq!(length.encoding == SmsEncoding::Gsm7, gsm7.contains(&locale), "{locale} {length:?}");
        }
    }

    #[test]
    fn every_voice_has_a_text_of_its_own_language() {
        for (locale, text) in all(VOICE) {
            assert_eq!(text.matches(PLACE).count(), 1, "{locale}");
            assert!(voice(&Locale::read(locale).unwrap()).is_some(), "{locale}");
        }
        let texts = Texts::new(BTreeMap::new(), VOICE);
        for tag in VOICES {
            let locale = Locale::read(tag).unwrap();
            let english = texts.best(Some(&locale)) == VOICE.english;
            assert_eq!(english, locale.language() == "en", "{tag}");
        }
    }

    #[test]
    fn locales_are_known_by_their_normal_name_and_once() {
        for built_in in [SMS, VOICE] {
            for (locale, text) in all(built_in) {
                assert_eq!(Locale::read(locale).unwrap().as_str(), locale);
                assert_eq!(built_in.find(locale), Some(text), "{locale}");
            }
        }
    }

    #[test]
    fn the_locale_comes_before_its_language_and_english_is_last() {
        let own =
            texts(&[("de-AT", "AT {code}"), ("fr", "FR {code}"), ("EN", "EN {code}"), ("zh", "ZH {code}")]);
        for (locale, begins) in [
            ("de-AT", "AT"),
            ("de_DE", "Ihr"),
            ("FR-CA", "FR"),
            ("en-GB", "EN"),
            ("sw-KE", "EN"),
            ("zh-SG", "ZH"),
            ("zh-TW", "您的驗"),
            ("pt-BR", "Use"),
        ] {
            let best = own.best(Locale::read(locale).as_ref());
            assert!(best.starts_with(begins), "{locale}: {best}");
        }
        assert_eq!(own.best(None), "EN {code}");
        assert_eq!(texts(&[]).best(None), SMS.english);
    }
}
