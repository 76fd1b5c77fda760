use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use ledger::Retention;
use otp::{Clock as _, SystemClock};

use super::output::line;
use super::{CommandError, load};
use crate::app;

/// `ringback purge`
pub(super) async fn run(file: Option<&Path>) -> Result<ExitCode, CommandError> {
    let config = load(file)?.config;
    let ledger = app::open_ledger(&config).await?;
    let retention = Retention {
        phone: config.privacy.phone_retention,
        transactions: config.privacy.transaction_retention,
    };
    let purged = ledger.purge(SystemClock.now(), retention).await.context("the ledger cannot be purged")?;
    ledger.close().await;
    line(format_args!(
        "forgot {} sealed numbers; deleted {} transactions, {} events, {} reports",
        purged.phones, purged.transactions, purged.events, purged.reports
    ));
    Ok(ExitCode::SUCCESS)
}
