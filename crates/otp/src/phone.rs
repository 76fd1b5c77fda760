use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, Region};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::phone_memo::Memo;

/// An ISO 3166-1 alpha-2 country code, upper case (`ZZ` where a number belongs to none).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Country(String);

impl Country {
    /// The two letters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The letters, packed into ten bits.
    pub(crate) fn pack(&self) -> Option<u64> {
        match self.0.as_bytes() {
            [a @ b'A'..=b'Z', b @ b'A'..=b'Z'] => Some(u64::from(a - b'A') << 5 | u64::from(b - b'A')),
            _ => None,
        }
    }

    /// What [`Country::pack`] packed.
    pub(crate) fn unpack(packed: u64) -> Self {
        let letter = |bits: u64| char::from(b'A' + (bits & 31) as u8);
        Self([letter(packed >> 5), letter(packed)].iter().collect())
    }

    fn region(&self) -> Option<Region> {
        self.0.parse().ok()
    }
}

impl std::str::FromStr for Country {
    type Err = PhoneError;
    fn from_str(code: &str) -> Result<Self, PhoneError> {
        let country = Self(code.to_ascii_uppercase());
        let known = country.region().and_then(|r| PHONE_NUMBER_UTIL.get_country_code_for_region(r)).is_some();
        if known { Ok(country) } else { Err(PhoneError::UnknownCountry) }
    }
}

static MEMO: Memo = Memo::new();

/// A phone number in E.164 form (`+` and up to 15 digits). Prints itself masked; wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct PhoneNumber {
    e164: Zeroizing<String>,
    country: Country,
    calling_code_digits: usize,
}

/// Why a text is no phone number. Never carries the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PhoneError {
    /// There is nothing in it.
    #[error("the phone number is missing")]
    Missing,
    /// No `+`, and no default country to read it in.
    #[error("the phone number has no country code, and the org has no default_country")]
    NoCountry,
    /// Not a number anybody could have.
    #[error("this is not a possible phone number")]
    Impossible,
    /// Not an ISO 3166 country with phones.
    #[error("this is not an ISO 3166 country code")]
    UnknownCountry,
}

impl PhoneNumber {
    /// Reads a number as people and directories write it: E.164, with spaces or dashes, with `00`, with full-width digits; without a
    /// country code only where `default_country` says how to read it. An extension is dropped.
    ///
    /// A number is taken when its length is possible: numbering plans grow faster than metadata, and the provider has the last word.
    ///
    /// # Errors
    /// [`PhoneError`] says which of the ways it failed.
    pub fn parse(text: &str, default_country: Option<&Country>) -> Result<Self, PhoneError> {
        // Most numbers are E.164 already, and begin as another did that was read before.
        if let Some((country, calling_code_digits)) = MEMO.recall(text) {
            let e164 = Zeroizing::new(text.to_owned());
            return Ok(Self { e164, country, calling_code_digits });
        }
        let number = Self::read(text, default_country)?;
        MEMO.note(text, &number.e164, &number.country, number.calling_code_digits);
        Ok(number)
    }

    /// [`PhoneNumber::parse`], by the numbering plans themselves.
    fn read(text: &str, default_country: Option<&Country>) -> Result<Self, PhoneError> {
        let text: String = text.chars().filter(|c| !is_mark(*c)).take(64).collect();
        let text = text.trim();
        if text.is_empty() {
            return Err(PhoneError::Missing);
        }
        // Letters are a vanity number to the library; in a directory field they are a mistake.
        let (digits, _extension) = split_extension(text);
        if digits.chars().any(char::is_alphabetic) {
            return Err(PhoneError::Impossible);
        }
        let international = digits.strip_prefix("00").map(|rest| format!("+{rest}"));
        let digits = international.as_deref().unwrap_or(digits);
        let has_plus = digits.starts_with(['+', '＋']);
        let region = default_country.and_then(Country::region);
        if !has_plus && region.is_none() {
            return Err(PhoneError::NoCountry);
        }
        let util = &*PHONE_NUMBER_UTIL;
        let number = util.parse(digits, region).map_err(|_| PhoneError::Impossible)?;
        if !util.is_possible_number(&number) {
            return Err(PhoneError::Impossible);
        }
        let e164 = Zeroizing::new(util.format(&number, PhoneNumberFormat::E164).into_owned());
        let calling_code = number.country_code;
        let region =
            util.get_region_for_number(&number).or_else(|| util.get_region_for_country_code(calling_code));
        let country = Country(region.map_or_else(|| "ZZ".to_owned(), |r| r.as_region_str().to_string()));
        let calling_code_digits = calling_code.to_string().len();
        Ok(Self { e164, country, calling_code_digits })
    }

    /// `+` and the digits. Only a request to a provider may hold it.
    pub fn expose_e164(&self) -> &str {
        &self.e164
    }

    /// The country it belongs to (the main one of its calling code where that is all the number tells).
    pub fn country(&self) -> &Country {
        &self.country
    }

    /// `+`, and as many leading digits as analytics may see: seven, or fewer so that four always stay hidden.
    pub fn prefix(&self) -> &str {
        let digits = self.e164.len() - 1;
        let shown = 7.min(digits.saturating_sub(4)).max(self.calling_code_digits);
        &self.e164[..=shown]
    }

    /// For people: country code, dots, the last two digits.
    pub fn masked(&self) -> String {
        let hidden = self.e164.len().saturating_sub(1 + self.calling_code_digits + 2);
        let (head, tail) = (&self.e164[..=self.calling_code_digits], &self.e164[self.e164.len() - 2..]);
        format!("{head}{}{tail}", "•".repeat(hidden))
    }
}

impl std::fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.masked())
    }
}

/// Marks that change how text is laid out and hide in pasted numbers.
fn is_mark(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn split_extension(text: &str) -> (&str, Option<&str>) {
    let lower = text.to_ascii_lowercase();
    ["extension", "ext", ";ext=", "x", "#"]
        .iter()
        .filter_map(|word| lower.find(word))
        .min()
        .filter(|at| *at > 0)
        .map_or((text, None), |at| (text[..at].trim_end_matches([' ', ',', ';', '.']), Some(&text[at..])))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Country, PhoneError, PhoneNumber};

    fn us() -> Country {
        "us".parse().unwrap()
    }

    fn read(text: &str) -> Result<String, PhoneError> {
        PhoneNumber::parse(text, None).map(|p| p.expose_e164().to_owned())
    }

    #[test]
    fn g11_numbers_as_people_write_them() {
        for (text, e164) in [
            ("+15555550101", "+15555550101"),
            ("+1 555 555 0199", "+15555550199"),
            ("+1-555-555-0102", "+15555550102"),
            ("+1 (555) 555-0102 ext. 12", "+15555550102"),
            ("0033 6 12 34 56 78", "+33612345678"),
            ("＋３３６１２３４５６７８", "+33612345678"),
            ("\u{200e}+33 6 12 34 56 78\u{202c}", "+33612345678"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(e164), "{text}");
        }
        assert_eq!(
            PhoneNumber::parse("9876543210", Some(&us())).unwrap().expose_e164(),
            "+19876543210",
            "Okta's preview number, read in the org's country"
        );
    }

    #[test]
    fn g11_garbage_is_refused_and_never_sent_raw() {
        for (text, error) in [
            ("", PhoneError::Missing),
            (" \u{200f} ", PhoneError::Missing),
            ("9876543210", PhoneError::NoCountry),
            ("+1", PhoneError::Impossible),
            ("+1555", PhoneError::Impossible),
            ("+1 800 FLOWERS", PhoneError::Impossible),
            ("+1555555010155555550101555555010155555501", PhoneError::Impossible),
            ("+999123456789", PhoneError::Impossible),
            ("+", PhoneError::Impossible),
        ] {
            assert_eq!(read(text), Err(error), "{text}");
        }
    }

    #[test]
    fn what_people_and_analytics_see_hides_the_number() {
        let phone = PhoneNumber::parse("+15555550101", None).unwrap();
        assert_eq!(format!("{phone:?}"), "+1••••••••01");
        assert_eq!(phone.prefix(), "+1555555");
        assert_eq!(phone.country().as_str(), "US");
        let short = PhoneNumber::parse("+290 22158", None).unwrap();
        assert_eq!((short.prefix(), short.country().as_str()), ("+2902", "SH"));
    }

    /// Whether numbers that the memo takes for alike are read alike.
    fn same_with_and_without_memory(text: &str) {
        for _ in 0..2 {
            let (remembered, read) = (PhoneNumber::parse(text, None), PhoneNumber::read(text, None));
            assert_eq!(remembered, read, "{text}");
            if let (Ok(remembered), Ok(read)) = (remembered, read) {
                assert_eq!(remembered.calling_code_digits, read.calling_code_digits, "{text}");
            }
        }
    }

    #[test]
    fn g11_a_number_that_was_seen_begin_is_read_as_if_it_were_new() {
        // North America is many countries; the exchange decides about some numbers, and nothing behind it.
        for area in (200..1000).step_by(7).chain([204, 242, 246, 416, 441, 600, 787, 800, 867, 876, 900]) {
            for line in
                ["2000000", "2015559", "5550101", "5559999", "0123456", "1999999", "9110000", "2111111"]
            {
                same_with_and_without_memory(&format!("+1{area}{line}"));
            }
        }
    }

    proptest! {
        #[test]
        fn g11_what_begins_alike_is_read_alike(head in "[1-9][0-9]{2,9}", tails in prop::array::uniform4("[0-9]{4}")) {
            for tail in tails {
                same_with_and_without_memory(&format!("+{head}{tail}"));
            }
        }

        #[test]
        fn g11_what_begins_alike_is_read_alike_where_a_calling_code_has_several_countries(
            code in prop::sample::select(vec!["1", "7", "39", "44", "47", "61", "212", "262", "290", "358", "590", "599"]),
            head in "[1-9][0-9]{4,5}", tails in prop::array::uniform4("[0-9]{4}")
        ) {
            for tail in tails {
                same_with_and_without_memory(&format!("+{code}{head}{tail}"));
            }
        }

        #[test]
        fn g11_no_text_panics_and_what_is_read_is_stable(text in ".{0,60}") {
            if let Ok(phone) = PhoneNumber::parse(&text, Some(&us())) {
                let again = PhoneNumber::parse(phone.expose_e164(), None).unwrap();
                prop_assert_eq!(again.expose_e164(), phone.expose_e164());
                prop_assert!(phone.expose_e164().len() - phone.prefix().len() >= 4 || phone.expose_e164().len() < 9);
            }
        }
    }
}
