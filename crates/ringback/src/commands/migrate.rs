use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use ledger::{Ledger, Options};
use secrecy::ExposeSecret as _;

use super::output::line;
use super::{CommandError, load};

/// `ringback migrate`
pub(super) async fn run(file: Option<&Path>) -> Result<ExitCode, CommandError> {
    let config = load(file)?.config;
    let ledger =
        Ledger::open(config.ledger.url.expose_secret(), Options::default()).await.context("ledger.url")?;
    let migrated = ledger.migrate().await.context("the ledger's schema cannot be brought up")?;
    let analysts = ledger.open_to_analysts().await.context("the role ringback_analytics")?;
    ledger.close().await;
    for name in &migrated.ran {
        line(format_args!("ran {name}"));
    }
    line(format_args!("the schema is at version {}", migrated.version));
    if !analysts {
        line(
            "the role ringback_analytics is missing, and this role may not make it: have CREATE ROLE ringback_analytics NOLOGIN run \
            by one that may, then run this again",
        );
    }
    Ok(ExitCode::SUCCESS)
}
