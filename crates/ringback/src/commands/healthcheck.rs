use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use secrecy::ExposeSecret as _;
use url::Url;

use super::{CommandError, load};

/// For the whole question.
const PATIENCE: Duration = Duration::from_secs(2);

/// `ringback healthcheck`: opens nothing but one connection.
pub(super) async fn run(file: Option<&Path>, url: Option<Url>) -> Result<ExitCode, CommandError> {
    let client = reqwest::Client::builder()
        .timeout(PATIENCE)
        .no_proxy()
        .build()
        .context("no HTTP client can be made")?;
    let request = match url {
        Some(url) => client.get(url),
        None => {
            let admin = load(file)?.config.admin;
            let request = client.get(format!("http://{}/readyz", reachable(admin.listen)));
            match admin.token {
                Some(token) => request.bearer_auth(token.expose_secret()),
                None => request,
            }
        }
    };
    Ok(ask(request).await.map(|()| ExitCode::SUCCESS)?)
}

async fn ask(request: reqwest::RequestBuilder) -> anyhow::Result<()> {
    let answer = request.send().await.context("nothing answers")?;
    let status = answer.status();
    if !status.is_success() {
        bail!("it answers {status}");
    }
    Ok(())
}

/// A listener on every address is asked on the loopback one.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}
