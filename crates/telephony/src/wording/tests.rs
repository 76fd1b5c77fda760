use otp::Passcode;
use proptest::prelude::*;

use super::{MAX_TEXT, Wording, WordingOptions};

const HASH: &str = "FA+9qCX9VSu";

fn code(digits: &str) -> Passcode {
    Passcode::new(digits.to_owned()).unwrap()
}

fn wording(domain: Option<&str>, hash: Option<&str>) -> Wording {
    let options = WordingOptions {
        web_otp_domain: domain.map(str::to_owned),
        app_hash: hash.map(str::to_owned),
        ..WordingOptions::default()
    };
    Wording::new(options).unwrap()
}

fn text(wording: &Wording, template: &str, locale: &str) -> String {
    wording.text(Some(template), &code("019284"), Some(locale)).to_string()
}

#[test]
fn oktas_text_goes_out_as_it_is() {
    let plain = wording(None, None);
    for template in
        ["Your code is 019284", "  019284\r\n ", "Ihr Code für Müller & Söhne: 019284.", "รหัส 019284"]
    {
        assert_eq!(text(&plain, template, "en"), template);
    }
}

#[test]
fn g12_a_text_without_the_code_or_too_long_gives_way_to_ours() {
    let plain = wording(None, None);
    let ours = "Ihr Bestätigungscode lautet 019284. Geben Sie ihn nicht weiter.";
    let long = format!("{} 019284", "x".repeat(MAX_TEXT));
    let emoji = format!("{} 019284", "😀".repeat(MAX_TEXT / 2));
    for template in ["", " ", "Your code is", "Your code is 0192840", "019 284", &long, &emoji] {
        assert_eq!(text(&plain, template, "de-AT"), ours, "{template}");
    }
    assert_eq!(*plain.text(None, &code("019284"), Some("de")), ours);
    assert!(plain.text(None, &code("019284"), None).starts_with("Your verification code is 019284."));
    assert!(text(&plain, "", "\u{0}\u{202e}").starts_with("Your verification"));
}

#[test]
fn the_lines_for_apps_and_browsers_are_added_once_and_the_browsers_is_last() {
    let domain = Some("example.com");
    for (id, domain, hash, template, expected) in [
        ("a domain", domain, None, "Code 019284", "Code 019284\n@example.com #019284"),
        ("a hash", None, Some(HASH), "Code 019284", "Code 019284\nFA+9qCX9VSu"),
        ("both", domain, Some(HASH), "Code 019284\n", "Code 019284\nFA+9qCX9VSu\n@example.com #019284"),
        (
            "bound already",
            domain,
            None,
            "Code 019284\n\n@example.com #019284",
            "Code 019284\n\n@example.com #019284",
        ),
        (
            "bound, but not at the end",
            domain,
            None,
            "@example.com #019284\nBye",
            "@example.com #019284\nBye\n@example.com #019284",
        ),
        (
            "an empty line after it",
            domain,
            None,
            "Code 019284\n@example.com #019284\n",
            "Code 019284\n@example.com #019284",
        ),
        (
            "the hash goes before it",
            domain,
            Some(HASH),
            "Code 019284\n@example.com #019284",
            "Code 019284\nFA+9qCX9VSu\n@example.com #019284",
        ),
        ("the hash is there", None, Some(HASH), "<#> 019284 FA+9qCX9VSu", "<#> 019284 FA+9qCX9VSu"),
        ("nothing but the line", domain, None, "@example.com #019284", "@example.com #019284"),
        (
            "of another host",
            domain,
            None,
            "019284\n@other.example #019284",
            "019284\n@other.example #019284\n@example.com #019284",
        ),
        (
            "our host ends another's",
            domain,
            None,
            "019284\n@my@example.com #019284",
            "019284\n@my@example.com #019284\n@example.com #019284",
        ),
    ] {
        assert_eq!(text(&wording(domain, hash), template, "en"), expected, "{id}");
    }
}

#[test]
fn what_is_added_counts() {
    let template = format!("{} 019284", "x".repeat(MAX_TEXT - 7));
    assert_eq!(text(&wording(None, None), &template, "en"), template);
    let shorter = text(&wording(Some("example.com"), None), &template, "en");
    assert!(
        shorter.starts_with("Your verification code") && shorter.ends_with("\n@example.com #019284"),
        "{shorter}"
    );
}

#[test]
fn a_deployers_text_comes_before_ours() {
    let texts = |text: &str| std::collections::BTreeMap::from([("de_DE".to_owned(), text.to_owned())]);
    let options = WordingOptions {
        texts: texts("Acme: {code}"),
        voice_texts: texts("Hier ist Acme. {code}"),
        ..WordingOptions::default()
    };
    let wording = Wording::new(options).unwrap();
    assert_eq!(text(&wording, "", "DE-de"), "Acme: 019284");
    assert!(text(&wording, "", "de").starts_with("Ihr"));
    let speech = wording.speech(None, &code("019284"), Some("de-DE"));
    assert!(speech.twiml().contains(r#"<Say language="de-DE">Hier ist Acme. 0, 1, 9, 2, 8, 4</Say>"#));
}

#[test]
fn a_call_speaks_a_language_that_can_be_spoken() {
    let plain = wording(None, None);
    let english = "Your verification code is 0, 1, 9, 2, 8, 4.";
    for (id, template, locale, language, said) in [
        ("oktas text", Some("Votre code: 019284"), Some("fr-CA"), "fr-CA", "Votre code: 0, 1, 9, 2, 8, 4"),
        ("ours", None, Some("fr"), "fr-FR", "Votre code de vérification est 0, 1, 9, 2, 8, 4."),
        (
            "no code in it",
            Some("Votre code"),
            Some("fr"),
            "fr-FR",
            "Votre code de vérification est 0, 1, 9, 2, 8, 4.",
        ),
        ("thai", Some("รหัส 019284"), Some("th-TH"), "en-US", english),
        ("vietnamese", Some("Ma xac minh: 019284"), Some("vi"), "en-US", english),
        ("thai, but no locale", Some("รหัส 019284"), None, "en-US", english),
        ("english, and no locale", Some("Hi, 019284"), None, "en-US", "Hi, 0, 1, 9, 2, 8, 4"),
        ("no locale at all", Some("Hi, 019284"), Some("\u{0}"), "en-US", english),
        ("russian", Some("Код 019284"), Some("ru"), "ru-RU", "Код 0, 1, 9, 2, 8, 4"),
        ("hong kong", None, Some("zh_HK"), "zh-HK", "您的驗證碼是 0, 1, 9, 2, 8, 4。"),
    ] {
        let speech = plain.speech(template, &code("019284"), locale);
        assert_eq!(speech.language, language, "{id}");
        let say = format!(r#"<Say language="{language}">{said}</Say>"#);
        assert_eq!(speech.twiml().matches(&say).count(), 3, "{id}: {}", *speech.twiml());
    }
}

/// What the three rounds say, with the markup undone; `None` where the document is anything but three pauses and texts.
fn rounds(twiml: &str, language: &str) -> Option<Vec<String>> {
    let mut rest = twiml.strip_prefix("<Response>")?.strip_suffix("</Response>")?;
    let open = format!(r#"<Pause length="1"/><Say language="{language}">"#);
    let mut said = Vec::new();
    while !rest.is_empty() {
        let (text, after) = rest.strip_prefix(&open)?.split_once("</Say>")?;
        let legal = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
        if text.contains(['<', '>']) || !text.chars().all(legal) {
            return None;
        }
        let known = |entity: &str| ["amp;", "lt;", "gt;"].iter().any(|name| entity.starts_with(name));
        if !text.split('&').skip(1).all(known) {
            return None;
        }
        said.push(text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"));
        rest = after;
    }
    Some(said)
}

fn template(digits: &str) -> impl Strategy<Value = Option<String>> + use<> {
    let digits = digits.to_owned();
    let around = prop_oneof![any::<String>(), ".{0,80}", "[<>&a-z\u{0}\n ]{0,1500}", "[0-9]{0,6}"];
    (around.clone(), around, any::<bool>(), any::<bool>()).prop_map(move |(before, after, is_in, any)| {
        any.then(|| if is_in { format!("{before}{digits}{after}") } else { before })
    })
}

fn locale() -> impl Strategy<Value = Option<String>> {
    let any = prop_oneof![
        ".{0,12}",
        "[a-z]{2}[-_][A-Z]{2}",
        prop::sample::select(&["en", "DE-at", "fr_CA", "ja", "th-TH", "zh-HK", "es-419", "ru"][..])
            .prop_map(str::to_owned),
    ];
    prop::option::of(any)
}

fn case() -> impl Strategy<Value = (String, Option<String>, Option<String>)> {
    let digits = "[0-9]{4,10}";
    digits.prop_flat_map(|digits| (Just(digits.clone()), template(&digits), locale()))
}

proptest! {
    #[test]
    fn g12_every_text_holds_the_code_and_fits(
        (digits, template, locale) in case(),
        domain in prop::option::of(Just("login.example.com")),
        hash in prop::option::of(Just(HASH)),
    ) {
        let text = wording(domain, hash).text(template.as_deref(), &code(&digits), locale.as_deref());
        prop_assert!(text.encode_utf16().count() <= MAX_TEXT);
        prop_assert!(text.contains(&digits));
        prop_assert!(hash.is_none_or(|hash| text.contains(hash)));
        if let Some(domain) = domain {
            let line = format!("@{domain} #{digits}");
            prop_assert_eq!(text.rsplit('\n').next(), Some(&*line));
        }
        let holds = |text: &&str| text.split(|c: char| !c.is_ascii_digit()).any(|number| number == digits);
        if let Some(template) = template.as_deref().filter(holds).filter(|text| text.len() < MAX_TEXT - 200) {
            prop_assert!(text.starts_with(template.trim_end()));
            prop_assert!(domain.is_some() || hash.is_some() || **text == *template);
        }
        let again = wording(domain, hash).text(Some(&text), &code(&digits), locale.as_deref());
        prop_assert_eq!(&**again, &**text, "nothing is added twice");
    }

    #[test]
    fn g12_every_call_says_the_digits_in_order_three_times((digits, template, locale) in case()) {
        let speech = wording(None, None).speech(template.as_deref(), &code(&digits), locale.as_deref());
        let twiml = speech.twiml();
        prop_assert!(twiml.encode_utf16().count() <= 4_000);
        let rounds = rounds(&twiml, speech.language);
        prop_assert!(rounds.is_some(), "{}", *twiml);
        let rounds = rounds.unwrap_or_default();
        prop_assert_eq!(rounds.len(), 3);
        let apart = digits.chars().map(String::from).collect::<Vec<_>>().join(", ");
        for said in rounds {
            prop_assert!(said.contains(&apart), "{}", said);
        }
    }
}
