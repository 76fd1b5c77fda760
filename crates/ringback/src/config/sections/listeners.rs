use std::net::SocketAddr;
use std::time::Duration;

use secrecy::SecretString;

use super::outbound;
use crate::config::reader::Reader;

/// `[server]`
#[derive(Debug)]
pub(crate) struct ServerConfig {
    /// The public listener.
    pub(crate) listen: SocketAddr,
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

impl ServerConfig {
    pub(super) fn read(mut reader: Reader<'_>) -> Self {
        let listen = address(&mut reader, "127.0.0.1:8080");
        // Checked, for the provider callbacks that will be signed for it.
        let _ = outbound(&mut reader, "public_url");
        let shutdown_delay = reader.duration("shutdown_delay", "0s");
        reader.finish();
        Self { listen, shutdown_delay }
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
