//! One request as it arrived.

use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method};
use jiff::Timestamp;
use serde::{Serialize, Serializer};

/// A request, whatever became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VendorRequest {
    /// When it arrived.
    pub at: Timestamp,
    /// HTTP method.
    pub method: String,
    /// Percent-decoded path.
    pub path: String,
    /// The query, as it was sent.
    pub query: Option<String>,
    /// All headers that are text, in order, names in lower case.
    #[serde(serialize_with = "without_credentials")]
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
    /// Whether an injected fault struck it.
    pub faulted: bool,
    /// The HTTP status of the answer; none while there is no answer, or when the connection was reset.
    pub status: Option<u16>,
}

impl VendorRequest {
    /// The first header of this name, which is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as a form's parameters, in order.
    pub fn form(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(self.body.as_bytes()).into_owned().collect()
    }

    /// The body as JSON; null if it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// A request with everything a vendor may look at.
pub(crate) struct Arrival {
    pub(crate) method: Method,
    /// Percent-decoded.
    pub(crate) path: String,
    /// As it stands in the request line.
    pub(crate) raw_path: String,
    pub(crate) query: Option<String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Arrival {
    pub(crate) fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// What the journal keeps.
    pub(crate) fn noted(&self, at: Timestamp, faulted: bool) -> VendorRequest {
        let text = |(name, value): (&HeaderName, &http::HeaderValue)| {
            value.to_str().ok().map(|value| (name.to_string(), value.to_owned()))
        };
        VendorRequest {
            at,
            method: self.method.to_string(),
            path: self.path.clone(),
            query: self.query.clone(),
            headers: self.headers.iter().filter_map(text).collect(),
            body: String::from_utf8_lossy(&self.body).into_owned(),
            faulted,
            status: None,
        }
    }
}

impl<S: Send + Sync> FromRequest<S> for Arrival {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let (head, body) = request.into_parts();
        let raw_path = head.uri.path().to_owned();
        let query = head.uri.query().map(str::to_owned);
        let (method, headers) = (head.method.clone(), head.headers.clone());
        let request = Request::from_parts(head, body);
        let body = Bytes::from_request(request, state).await.map_err(IntoResponse::into_response)?;
        Ok(Self { method, path: decoded(&raw_path), raw_path, query, headers, body })
    }
}

/// Who looks in over HTTP learns how a caller signed in, but not with what: it may be a real staging secret.
fn without_credentials<S: Serializer>(
    headers: &[(String, String)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(headers.iter().map(|(name, value)| {
        let scheme = value.split(' ').next().unwrap_or_default();
        let shown = if name == "authorization" { format!("{scheme} …") } else { value.clone() };
        (name, shown)
    }))
}

/// A path without its percent signs; a `+` stays one.
fn decoded(path: &str) -> String {
    // Read as a form's only name, in which these three would mean something else.
    let escaped = path.replace('+', "%2B").replace('=', "%3D").replace('&', "%26");
    url::form_urlencoded::parse(escaped.as_bytes())
        .next()
        .map(|(name, _)| name.into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #[test]
    fn paths() {
        assert_eq!(super::decoded("/v2/PhoneNumbers/+12025550101"), "/v2/PhoneNumbers/+12025550101");
        assert_eq!(super::decoded("/v2/PhoneNumbers/%2B12025550101"), "/v2/PhoneNumbers/+12025550101");
        assert_eq!(super::decoded("/webhook/a=b&c/%20d"), "/webhook/a=b&c/ d");
    }
}
