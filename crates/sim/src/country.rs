//! Countries, as far as the simulators know the world.

/// A country by its calling code.
pub(crate) struct Country {
    pub(crate) calling_code: &'static str,
    pub(crate) iso: &'static str,
}

const COUNTRIES: [Country; 9] = [
    Country { calling_code: "1", iso: "US" },
    Country { calling_code: "31", iso: "NL" },
    Country { calling_code: "33", iso: "FR" },
    Country { calling_code: "34", iso: "ES" },
    Country { calling_code: "39", iso: "IT" },
    Country { calling_code: "44", iso: "GB" },
    Country { calling_code: "49", iso: "DE" },
    Country { calling_code: "61", iso: "AU" },
    Country { calling_code: "81", iso: "JP" },
];

/// The country of a number.
pub(crate) fn of_number(number: &str) -> Option<&'static Country> {
    let digits = number.strip_prefix('+')?;
    COUNTRIES.iter().find(|it| digits.starts_with(it.calling_code))
}

/// A country by its two letters.
pub(crate) fn of_letters(iso: &str) -> Option<&'static Country> {
    COUNTRIES.iter().find(|it| it.iso.eq_ignore_ascii_case(iso))
}

/// A number as it is written at home: `(202) 555-0101` in North America, with a leading 0 elsewhere.
pub(crate) fn national(number: &str) -> String {
    let Some(country) = of_number(number) else { return number.to_owned() };
    let rest = &number[1 + country.calling_code.len()..];
    if country.iso == "US" && rest.len() == 10 {
        format!("({}) {}-{}", &rest[..3], &rest[3..6], &rest[6..])
    } else {
        format!("0{rest}")
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn written_at_home() {
        assert_eq!(super::national("+15555550199"), "(555) 555-0199");
        assert_eq!(super::national("+441632960001"), "01632960001");
        assert_eq!(super::national("+999"), "+999");
    }
}
