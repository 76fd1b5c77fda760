//! The JSON of Lookup's answer.

use serde_json::{Value, json};

use crate::country;
use crate::lookup::known::KnownNumber;
use crate::lookup::number::Number;

/// What can be asked for.
pub(crate) const PACKAGES: [&str; 10] = [
    "caller_name",
    "sim_swap",
    "call_forwarding",
    "line_status",
    "line_type_intelligence",
    "identity_match",
    "reassigned_number",
    "sms_pumping_risk",
    "phone_number_quality_score",
    "pre_fill",
];
const NOT_ENABLED: u32 = 60606;

/// The PhoneNumber resource with the packages that were asked for.
pub(crate) fn resource(base: &str, number: &Number, fields: &[String], known: &KnownNumber) -> Value {
    let valid = number.wrong.is_none();
    let country = country::of_number(&number.text).filter(|_| valid);
    let mut body = json!({
        "calling_country_code": country.map(|it| it.calling_code),
        "country_code": country.map(|it| it.iso),
        "phone_number": number.text,
        "national_format": valid.then(|| country::national(&number.text)),
        "valid": valid,
        "validation_errors": number.wrong.into_iter().collect::<Vec<_>>(),
        "url": format!("{base}/v2/PhoneNumbers/{}", number.text),
    });
    for package in PACKAGES {
        let wanted = valid && fields.iter().any(|field| field == package);
        body[package] = if wanted { content(package, known) } else { Value::Null };
    }
    body
}

fn content(package: &str, known: &KnownNumber) -> Value {
    match package {
        "line_type_intelligence" => line_type(known),
        "sms_pumping_risk" => risk(known),
        _ => json!({ "error_code": NOT_ENABLED }),
    }
}

fn line_type(known: &KnownNumber) -> Value {
    let good = known.error_code.is_none();
    json!({
        "error_code": known.error_code,
        "mobile_country_code": good.then_some("310"),
        "mobile_network_code": good.then_some("150"),
        "carrier_name": good.then_some("Example Wireless"),
        "type": good.then_some(&known.line_type),
    })
}

fn risk(known: &KnownNumber) -> Value {
    let category = match known.sms_pumping_risk_score {
        0..60 => "low",
        60..75 => "moderate",
        _ => "high",
    };
    let blocked = category == "high";
    let good = known.error_code.is_none();
    json!({
        "carrier_risk_category": good.then_some(category),
        "number_blocked": good.then_some(blocked),
        "number_blocked_date": (good && blocked).then_some("2026-11-18T00:00:00Z"),
        "number_blocked_last_3_months": (good && blocked).then_some(true),
        "sms_pumping_risk_score": good.then_some(known.sms_pumping_risk_score),
        "error_code": known.error_code,
    })
}
