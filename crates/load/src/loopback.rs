//! Nothing here leaves the machine.

use std::net::SocketAddr;

use anyhow::{Context as _, bail, ensure};
use url::{Host, Url};

/// The address in a URL, which must be a loopback one.
pub(crate) fn of_url(text: &str, default_port: u16) -> anyhow::Result<SocketAddr> {
    let url = Url::parse(text).context("not a URL")?;
    let ip = match url.host() {
        Some(Host::Ipv4(ip)) => ip.into(),
        Some(Host::Ipv6(ip)) => ip.into(),
        // For a scheme the library does not know, an address is a name too.
        Some(Host::Domain(name)) => name.parse().context("give the host as an address: 127.0.0.1")?,
        None => bail!("no host in the URL"),
    };
    only(SocketAddr::new(ip, url.port().unwrap_or(default_port)))
}

/// The address, if it is a loopback one.
pub(crate) fn only(address: SocketAddr) -> anyhow::Result<SocketAddr> {
    ensure!(address.ip().is_loopback(), "{address} is not a loopback address: load stays on this machine");
    Ok(address)
}

#[cfg(test)]
mod tests {
    use super::of_url;

    #[test]
    fn only_this_machine() {
        assert!(of_url("postgres://postgres@127.0.0.1/x", 5432).is_ok_and(|at| at.port() == 5432));
        assert!(of_url("amqp://guest:guest@[::1]:5673/%2f", 5672).is_ok_and(|at| at.port() == 5673));
        for elsewhere in ["postgres://10.0.0.1/x", "http://192.0.2.1", "amqp://localhost.example", "data:x"] {
            assert!(of_url(elsewhere, 1).is_err(), "{elsewhere}");
        }
    }
}
