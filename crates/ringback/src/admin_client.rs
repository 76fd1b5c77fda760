//! Asking a running service, for commands.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::Context as _;
use http::{Method, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::config::Config;

/// For one question.
const PATIENCE: Duration = Duration::from_secs(2);

/// The admin listener of a service with this configuration, or at another address.
pub(crate) struct AdminClient {
    http: reqwest::Client,
    base: Url,
    token: Option<SecretString>,
}

impl AdminClient {
    /// Talks to nobody yet.
    pub(crate) fn new(config: &Config, url: Option<Url>) -> anyhow::Result<Self> {
        let base = match url {
            Some(url) => url,
            None => format!("http://{}", reachable(config.admin.listen)).parse()?,
        };
        Ok(Self { http: http()?, base, token: config.admin.token.clone() })
    }

    /// One question: the answer's status and text.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &[&str],
        body: Option<&serde_json::Value>,
    ) -> anyhow::Result<(StatusCode, String)> {
        let mut url = self.base.clone();
        match url.path_segments_mut() {
            Ok(mut segments) => _ = segments.pop_if_empty().extend(path),
            Err(()) => anyhow::bail!("--url is no http URL"),
        }
        let mut request = self.http.request(method, url);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose_secret());
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.context("nothing answers; is the service running?")?;
        let status = answer.status();
        Ok((status, answer.text().await.context("the answer broke off")?))
    }
}

/// A client for this machine's own service.
pub(crate) fn http() -> anyhow::Result<reqwest::Client> {
    let client = reqwest::Client::builder().timeout(PATIENCE).no_proxy().build();
    client.context("no HTTP client can be made")
}

/// A listener on every address is asked on the loopback one.
pub(crate) fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}
