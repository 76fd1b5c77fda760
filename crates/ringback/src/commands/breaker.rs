use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use http::{Method, StatusCode};
use serde_json::Value;

use super::output::{cell, json, line, table};
use super::{CommandError, load};
use crate::admin_client::AdminClient;
use crate::cli::BreakerCommand;

/// `ringback breaker …`: asks the running service, whose memory is the only place where breakers are.
pub(super) async fn run(file: Option<&Path>, what: BreakerCommand) -> Result<ExitCode, CommandError> {
    let (url, wish, as_json) = match what {
        BreakerCommand::List { url, json } => (url, None, json),
        BreakerCommand::Open { provider, url } => (url, Some((provider, Some("open"))), false),
        BreakerCommand::Close { provider, url } => (url, Some((provider, Some("closed"))), false),
        BreakerCommand::Auto { provider, url } => (url, Some((provider, None)), false),
    };
    let client = AdminClient::new(&load(file)?.config, url)?;
    Ok(ask(&client, wish, as_json).await?)
}

async fn ask(
    client: &AdminClient,
    wish: Option<(String, Option<&str>)>,
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    let (status, body) = match &wish {
        None => client.ask(Method::GET, &["api", "breakers"], None).await?,
        Some((provider, force)) => {
            let body = serde_json::json!({ "force": force });
            client.ask(Method::PUT, &["api", "breakers", provider], Some(&body)).await?
        }
    };
    match status {
        StatusCode::OK => {}
        StatusCode::NOT_FOUND => bail!("{}", body.trim()),
        status => bail!("it answers {status}"),
    }
    let breakers: Vec<Value> =
        serde_json::from_str(&body).context("it answers something else than breakers")?;
    if as_json {
        json(&breakers)?;
        return Ok(ExitCode::SUCCESS);
    }
    let text = |value: &Value, name: &str| cell(value.get(name).and_then(Value::as_str));
    let row = |it: &Value| {
        let seconds = cell(it.get("seconds").and_then(Value::as_u64).map(|s| format!("{s}s")));
        vec![text(it, "provider"), text(it, "state"), text(it, "why"), text(it, "forced"), seconds]
    };
    table(&["PROVIDER", "STATE", "WHY", "BY HAND", "SINCE"], &breakers.iter().map(row).collect::<Vec<_>>());
    if wish.is_some() {
        line("This holds for the process that was asked, until it ends or `ringback breaker auto`.");
    }
    Ok(ExitCode::SUCCESS)
}
