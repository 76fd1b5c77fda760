use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use ledger::Retention;
use otp::{Clock as _, SystemClock};

use super::output::line;
use super::{CommandError, load};
use crate::parts;

/// `ringback purge`
pub(super) async fn run(file: Option<&Path>) -> Result<ExitCode, CommandError> {
    let config = load(file)?.config;
    let ledger = parts::open_ledger(&config).await?;
    let retention = Retention {
        phone: config.privacy.phone_retention,
        transactions: config.privacy.transaction_retention,
    };
    let purged = ledger.purge(SystemClock.now(), retention).await.context("the ledger cannot be purged")?;
    ledger.close().await;
    line(format_args!(
        "forgot {} sealed numbers; deleted {} transactions, {} attempts, {} events, {} reports, {} receipts, {} dead letters, \
        {} quarantined bodies",
        purged.phones,
        purged.transactions,
        purged.attempts,
        purged.events,
        purged.reports,
        purged.receipts,
        purged.dead_letters,
        purged.quarantined
    ));
    Ok(ExitCode::SUCCESS)
}
