use std::net::SocketAddr;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use crate::config::reader::Reader;

/// `[server]`
#[derive(Debug)]
pub(crate) struct ServerConfig {
    /// The public listener.
    pub(crate) listen: SocketAddr,
    /// As providers call back; what they sign is this.
    pub(crate) public_url: Option<Url>,
    /// Between the word to stop and the end of accepting, so that a balancer sees it coming.
    pub(crate) shutdown_delay: Duration,
}

/// `[admin]`
#[derive(Debug)]
pub(crate) struct AdminConfig {
    /// The admin listener.
    pub(crate) listen: SocketAddr,
    /// Its bearer token.
    pub(crate) token: Option<SecretString>,
}

const ADDRESS: &str = "an address like 127.0.0.1:8080";

fn address(reader: &mut Reader<'_>, default: &str) -> SocketAddr {
    let address: Option<SocketAddr> = reader.parsed("listen", default, ADDRESS);
    address.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 0)))
}

/// Nothing is sent there. Okta calls https only, and `hooks` says so; providers sign whatever they were given.
fn public(reader: &mut Reader<'_>) -> Option<Url> {
    let Ok(url) = reader.string("public_url")?.parse::<Url>() else {
        reader.problem("public_url", "is not a URL like https://otp.example.com");
        return None;
    };
    if !matches!(url.scheme(), "https" | "http") || !url.has_host() {
        reader.problem("public_url", "is not an https:// URL");
    }
    if !url.username().is_empty() || url.password().is_some() {
        reader.problem("public_url", "holds a password, and nobody is to sign in there");
    }
    Some(url)
}

impl ServerConfig {
    pub(super) fn read(mut reader: Reader<'_>) -> Self {
        let listen = address(&mut reader, "127.0.0.1:8080");
        let public_url = public(&mut reader);
        if public_url.as_ref().is_some_and(|url| url.query().is_some() || url.fragment().is_some()) {
            reader.problem("public_url", "has more than scheme, host, port and path");
        }
        let shutdown_delay = reader.duration("shutdown_delay", "0s");
        reader.finish();
        Self { listen, public_url, shutdown_delay }
    }
}

impl AdminConfig {
    pub(super) fn read(mut reader: Reader<'_>) -> Self {
        let listen = address(&mut reader, "127.0.0.1:9090");
        let token = reader.secret("token");
        if token.is_none() && !listen.ip().is_loopback() {
            reader.problem("token", "is missing: required when admin.listen is not a loopback address");
        }
        reader.finish();
        Self { listen, token }
    }
}
