use otp::{Country, OrgName, Purpose};
use telephony::Route;

use super::webhook::channels;
use crate::config::reader::Reader;

const PURPOSES: [Purpose; 5] = [
    Purpose::MfaVerification,
    Purpose::PreEnrollment,
    Purpose::AccountUnlock,
    Purpose::PasswordReset,
    Purpose::Unknown,
];

/// `[[telephony.routes]]`
pub(super) fn read(mut reader: Reader<'_>, orgs: &[OrgName], names: &[&str]) -> Option<Route> {
    let org = reader.string("org").and_then(|name| {
        let org = orgs.iter().find(|org| org.as_str() == name).cloned();
        if org.is_none() {
            reader.problem("org", "is not one of okta.orgs");
        }
        org
    });
    let mut countries: Vec<Country> = Vec::new();
    for code in reader.list("countries", &[]) {
        match code.parse() {
            Ok(country) => countries.push(country),
            Err(_) => reader.problem("countries", "holds something that is no ISO 3166 country code"),
        }
    }
    let channels = channels(&mut reader, "channels", &[]);
    let mut purposes = Vec::new();
    for word in reader.list("purposes", &[]) {
        match PURPOSES.into_iter().find(|purpose| purpose.as_str() == word) {
            Some(purpose) => purposes.push(purpose),
            None => reader.problem(
                "purposes",
                "holds something else than mfa-verification, pre-enrollment, account-unlock, password-reset, unknown",
            ),
        }
    }
    let providers = reader.list("providers", &[]);
    if providers.is_empty() {
        reader.problem("providers", "is empty: name at least one");
    }
    if providers.iter().any(|name| !names.contains(&name.as_str())) {
        reader.problem("providers", "names one that is not in telephony.providers");
    }
    if providers.iter().enumerate().any(|(n, name)| providers[..n].contains(name)) {
        reader.problem("providers", "names one twice");
    }
    reader.finish();
    Some(Route { org, countries, channels, purposes, providers })
}

/// Says what is allowed but unwise about the routes as a whole.
pub(super) fn warn(key: &str, routes: &[Route], warnings: &mut Vec<String>) {
    let catches_all = |route: &Route| {
        route.org.is_none()
            && route.countries.is_empty()
            && route.channels.is_empty()
            && route.purposes.is_empty()
    };
    match routes.iter().position(catches_all) {
        None if !routes.is_empty() => warnings.push(format!(
            "{key}: a message that none of them fits is refused; add one with nothing but providers to catch the rest"
        )),
        Some(place) if place + 1 < routes.len() => warnings
            .push(format!("{key}: number {} takes everything, so those after it are never used", place + 1)),
        _ => {}
    }
}
