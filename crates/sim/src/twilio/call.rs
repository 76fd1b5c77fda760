//! One API call as it arrived.

use bytes::Bytes;
use http::{HeaderMap, Method, header};
use serde::{Deserialize, Serialize};

use crate::twilio::error::TwilioError;

/// An operation of the Verify API, to aim faults at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerifyOp {
    /// `POST …/Verifications`
    Create,
    /// `POST …/Verifications/{sid or phone}`
    Update,
    /// `GET …/Verifications/{sid or phone}`
    Fetch,
    /// `POST …/VerificationCheck`
    Check,
    /// `GET /v2/Services/{sid}`
    Service,
    /// `GET /v2/Attempts` and `GET /v2/Attempts/{sid}`
    Attempts,
}

/// Where a call goes: the operation, and what its path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Aim {
    pub(crate) op: VerifyOp,
    pub(crate) service: Option<String>,
    pub(crate) target: Option<String>,
}

impl Aim {
    /// Reads method and percent-decoded path below `/v2/`.
    pub(crate) fn read(method: &Method, path: &str) -> Result<Self, TwilioError> {
        let parts: Vec<&str> = path.trim_end_matches('/').split('/').collect();
        let (get, post) = (method == Method::GET, method == Method::POST);
        let aim = |op, service: Option<&str>, target: Option<&str>| {
            Ok(Self { op, service: service.map(str::to_owned), target: target.map(str::to_owned) })
        };
        match parts[..] {
            ["Services", service] if get => aim(VerifyOp::Service, Some(service), None),
            ["Services", service, "Verifications"] if post => aim(VerifyOp::Create, Some(service), None),
            ["Services", service, "Verifications", it] if post => {
                aim(VerifyOp::Update, Some(service), Some(it))
            }
            ["Services", service, "Verifications", it] if get => {
                aim(VerifyOp::Fetch, Some(service), Some(it))
            }
            ["Services", service, "VerificationCheck"] if post => aim(VerifyOp::Check, Some(service), None),
            ["Attempts"] if get => aim(VerifyOp::Attempts, None, None),
            ["Attempts", it] if get => aim(VerifyOp::Attempts, None, Some(it)),
            ["Services", _]
            | ["Services", _, "Verifications" | "VerificationCheck"]
            | ["Services", _, "Verifications", _]
            | ["Attempts"]
            | ["Attempts", _] => Err(TwilioError::new(20004)),
            _ => Err(TwilioError::not_found(&format!("/{path}"))),
        }
    }
}

/// A call's head and parameters.
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) authorization: Option<String>,
    pub(crate) content_type: Option<String>,
    /// Form parameters of a POST, query parameters of a GET.
    pub(crate) parameters: Vec<(String, String)>,
}

impl Call {
    pub(crate) fn new(
        method: Method,
        path: &str,
        query: Option<&str>,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let encoded = if method == Method::GET { query.unwrap_or_default().as_bytes() } else { body };
        Self {
            path: path.to_owned(),
            authorization: text(header::AUTHORIZATION),
            content_type: text(header::CONTENT_TYPE),
            parameters: url::form_urlencoded::parse(encoded).into_owned().collect(),
            method,
        }
    }

    /// The first value of a parameter.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The form of a POST; refuses other content types, unknown names and repetitions.
    pub(crate) fn form(&self, known: &[&str]) -> Result<Form<'_>, TwilioError> {
        let essence = self.content_type.as_deref().and_then(|value| value.split(';').next()).map(str::trim);
        if !essence.is_some_and(|it| it.eq_ignore_ascii_case("application/x-www-form-urlencoded")) {
            return Err(TwilioError::invalid("Content-Type"));
        }
        for (n, (name, _)) in self.parameters.iter().enumerate() {
            let repeated = self.parameters[..n].iter().any(|(earlier, _)| earlier == name);
            if repeated || !known.contains(&name.as_str()) {
                return Err(TwilioError::invalid(name));
            }
        }
        Ok(Form(self))
    }
}

/// A form whose names are all known.
pub(crate) struct Form<'a>(&'a Call);

impl<'a> Form<'a> {
    pub(crate) fn get(&self, name: &str) -> Option<&'a str> {
        self.0.parameter(name)
    }

    /// A parameter that must be there and not be empty.
    pub(crate) fn required(&self, name: &str) -> Result<&'a str, TwilioError> {
        self.get(name).filter(|value| !value.is_empty()).ok_or_else(|| TwilioError::invalid(name))
    }
}
