use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use http::{Method, StatusCode};
use url::Url;

use super::{CommandError, load};
use crate::admin_client::{self, AdminClient};

/// `ringback healthcheck`: opens nothing but one connection.
pub(super) async fn run(file: Option<&Path>, url: Option<Url>) -> Result<ExitCode, CommandError> {
    let status = match url {
        Some(url) => elsewhere(url).await?,
        None => {
            let client = AdminClient::new(&load(file)?.config, None)?;
            client.ask(Method::GET, &["readyz"], None).await?.0
        }
    };
    Ok(judge(status).map(|()| ExitCode::SUCCESS)?)
}

async fn elsewhere(url: Url) -> anyhow::Result<StatusCode> {
    let answer = admin_client::http()?.get(url).send().await;
    Ok(answer.context("nothing answers")?.status())
}

fn judge(status: StatusCode) -> anyhow::Result<()> {
    if !status.is_success() {
        bail!("it answers {status}");
    }
    Ok(())
}
