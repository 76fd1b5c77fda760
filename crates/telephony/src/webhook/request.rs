use reqwest::Client;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;
use zeroize::Zeroizing;

use super::template::{Encoding, Template, Values};
use crate::wire::{self, Exchange, Failure};
use crate::{Budget, OptionError};

/// One request as it is configured. URL, headers and body may hold `{{name}}`, see [`WebhookOptions`](super::WebhookOptions).
#[derive(Debug, Clone)]
pub struct RequestOptions {
    /// `GET`, `POST`, `PUT`, `PATCH`, `DELETE`.
    pub method: String,
    /// http(s).
    pub url: String,
    /// Name and value; values are secrets more often than not.
    pub headers: Vec<(String, SecretString)>,
    /// Empty for none. How values are escaped in it follows from the header `content-type`, which is JSON where it is not given.
    pub body: String,
}

/// A request that is known to make sense.
pub(super) struct Request {
    method: reqwest::Method,
    url: Template,
    headers: Vec<(HeaderName, Template)>,
    body: Option<Template>,
    content_type: Option<HeaderValue>,
}

impl Request {
    /// Checks the settings; what is wrong goes into `problems`, under these keys (of method, URL, headers and body). `names` are the
    /// values that may be named.
    pub(super) fn new(
        options: &RequestOptions,
        keys: [&'static str; 4],
        names: &'static [&'static str],
        problems: &mut Vec<OptionError>,
    ) -> Option<Self> {
        let mut say = |key, problem| problems.push(OptionError { key, problem });
        let [method_key, url_key, headers_key, body_key] = keys;
        let method = match options.method.as_str() {
            known @ ("GET" | "POST" | "PUT" | "PATCH" | "DELETE") => known.parse().ok(),
            _ => None,
        };
        if method.is_none() {
            say(method_key, "is not one of GET, POST, PUT, PATCH, DELETE");
        }
        let url = Template::parse(&options.url, Encoding::Url, names)
            .map_err(|problem| say(url_key, problem))
            .ok()
            .filter(|template| {
                let fine = template.filled_for_test().parse::<Url>().is_ok_and(|url| {
                    matches!(url.scheme(), "https" | "http") && url.has_host() && url.password().is_none()
                });
                // Whom we talk to is nobody else's to choose.
                let host = options.url.split('/').nth(2).is_some_and(|host| host.contains("{{"));
                if !fine {
                    say(url_key, "is no http(s) URL");
                } else if host {
                    say(url_key, "has a {{value}} where the host stands");
                }
                fine && !host
            });
        let mut headers = Vec::new();
        let mut content_type = None;
        for (name, value) in &options.headers {
            let value = value.expose_secret();
            match (name.parse::<HeaderName>(), Template::parse(value, Encoding::Plain, names)) {
                (Ok(reqwest::header::CONTENT_TYPE), Ok(_)) if HeaderValue::from_str(value).is_ok() => {
                    content_type = HeaderValue::from_str(value).ok();
                }
                (Ok(name), Ok(template)) if HeaderValue::from_str(&template.filled_for_test()).is_ok() => {
                    headers.push((name, template));
                }
                (_, Err(problem)) => say(headers_key, problem),
                _ => say(headers_key, "has a name or value that no HTTP header can have"),
            }
        }
        let encoding = match &content_type {
            Some(kind) => Encoding::of(kind.to_str().unwrap_or_default()),
            None => Encoding::Json,
        };
        let body = (!options.body.is_empty()).then(|| Template::parse(&options.body, encoding, names));
        let body = match body {
            None => None,
            Some(Err(problem)) => {
                say(body_key, problem);
                None
            }
            Some(Ok(body)) => {
                let json = serde_json::from_str::<serde::de::IgnoredAny>(&body.filled_for_test()).is_ok();
                if encoding == Encoding::Json && !json {
                    say(body_key, "is no JSON once its values are filled in (put them between quotes)");
                }
                content_type.get_or_insert(HeaderValue::from_static("application/json"));
                Some(body)
            }
        };
        Some(Self { method: method?, url: url?, headers, body, content_type })
    }

    /// Whether the value is said anywhere.
    pub(super) fn uses(&self, name: &str) -> bool {
        let headers = self.headers.iter().map(|(_, template)| template);
        headers.chain([&self.url]).chain(&self.body).any(|template| template.uses(name))
    }

    /// Makes the request, once.
    pub(super) async fn make(
        &self,
        http: &Client,
        values: &Values<'_>,
        budget: Budget,
    ) -> Result<Exchange, Failure> {
        // A segment of dots would lead elsewhere, escaped or not.
        let dots = |(name, value): &(&str, &str)| matches!(*value, "." | "..") && self.url.uses(name);
        if values.0.iter().any(dots) {
            return Err(Failure::NotWritten("url"));
        }
        let Ok(url) = self.url.fill(values).parse::<Url>() else {
            return Err(Failure::NotWritten("url"));
        };
        let mut headers = HeaderMap::new();
        for (name, template) in &self.headers {
            let Ok(mut value) = HeaderValue::from_str(&template.fill(values)) else {
                return Err(Failure::NotWritten("header"));
            };
            value.set_sensitive(true);
            headers.append(name, value);
        }
        if let Some(kind) = &self.content_type {
            headers.insert(reqwest::header::CONTENT_TYPE, kind.clone());
        }
        let body = match &self.body {
            Some(template) => Zeroizing::new(std::mem::take(&mut *template.fill(values)).into_bytes()),
            None => Zeroizing::default(),
        };
        let bodyless = body.is_empty();
        headers.extend(wire::empty_length(&self.method, &body));
        let answer =
            wire::exchange(http.request(self.method.clone(), url).headers(headers), body, budget).await;
        match answer {
            // Nobody saw whether a request without a body was written; only a connection that never stood is certain.
            Err(Failure::NotWritten(cause)) if bodyless && !cause.starts_with("connect") => {
                Err(Failure::Doubtful(cause))
            }
            answer => answer,
        }
    }
}
