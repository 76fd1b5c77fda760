//! The JSON of Okta's API.

use serde_json::{Value, json};

use crate::okta::user::{Factor, User};

/// The User resource.
pub(crate) fn user(base: &str, it: &User) -> Value {
    json!({
        "id": it.id,
        "status": "ACTIVE",
        "created": "2024-01-02T03:04:05.000Z",
        "activated": "2024-01-02T03:04:06.000Z",
        "statusChanged": "2024-01-02T03:04:06.000Z",
        "lastLogin": null,
        "lastUpdated": "2024-01-02T03:04:06.000Z",
        "passwordChanged": "2024-01-02T03:04:06.000Z",
        "type": { "id": "oty00000000000000001" },
        "profile": {
            "firstName": it.first_name,
            "lastName": it.last_name,
            "mobilePhone": it.mobile_phone,
            "primaryPhone": null,
            "secondEmail": null,
            "login": it.login,
            "email": it.login,
            "locale": "en_US",
        },
        "credentials": { "password": {}, "provider": { "type": "OKTA", "name": "OKTA" } },
        "_links": { "self": { "href": format!("{base}/api/v1/users/{}", it.id) } },
    })
}

/// The list of a user's factors.
pub(crate) fn factors(base: &str, it: &User) -> Value {
    it.factors.iter().map(|one| factor(base, &it.id, one)).collect()
}

fn factor(base: &str, user: &str, it: &Factor) -> Value {
    let user = format!("{base}/api/v1/users/{user}");
    json!({
        "id": it.id,
        "factorType": it.factor_type,
        "provider": "OKTA",
        "vendorName": "OKTA",
        "status": it.status,
        "created": "2025-01-01T00:00:00.000Z",
        "lastUpdated": "2025-01-01T00:00:00.000Z",
        "profile": profile(it),
        "_links": {
            "self": { "href": format!("{user}/factors/{}", it.id), "hints": { "allow": ["GET", "DELETE"] } },
            "user": { "href": user, "hints": { "allow": ["GET"] } },
        },
    })
}

fn profile(it: &Factor) -> Value {
    match (&it.phone_number, it.factor_type.as_str()) {
        (Some(number), "call") => json!({ "phoneNumber": number, "phoneExtension": it.phone_extension }),
        (Some(number), _) => json!({ "phoneNumber": number }),
        (None, _) => json!({ "name": "Fake phone", "platform": "IOS", "version": "17" }),
    }
}
