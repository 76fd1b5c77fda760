use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use ledger::{Ledger, TransactionDetail, TransactionFilter, TransactionRow};
use otp::{TransactionId, TransactionStatus};

use super::output::{cell, json, line, table};
use super::{CommandError, load};
use crate::cli::{TransactionsCommand, org_name};
use crate::parts;

/// `ringback transactions …`
pub(super) async fn run(file: Option<&Path>, what: TransactionsCommand) -> Result<ExitCode, CommandError> {
    let config = load(file)?.config;
    match what {
        TransactionsCommand::List { org, status, limit, json } => {
            let filter = TransactionFilter {
                org: org_name(org.as_deref()).map_err(CommandError::Argument)?,
                status: status.as_deref().map(status_named).transpose().map_err(CommandError::Argument)?,
                limit,
                ..TransactionFilter::default()
            };
            list(&parts::open_ledger(&config).await?, &filter, json).await?;
            Ok(ExitCode::SUCCESS)
        }
        TransactionsCommand::Show { id, json } => {
            Ok(show(&parts::open_ledger(&config).await?, id, json).await?)
        }
    }
}

fn status_named(word: &str) -> Result<TransactionStatus, String> {
    use TransactionStatus::{Accepted, Ambiguous, Blocked, Failed, Received, Rejected};
    let all = [Received, Accepted, Rejected, Blocked, Ambiguous, Failed];
    all.into_iter().find(|status| status.as_str() == word).ok_or_else(|| {
        format!("--status: {word} is not one of {}", all.map(TransactionStatus::as_str).join(", "))
    })
}

async fn list(ledger: &Ledger, filter: &TransactionFilter, as_json: bool) -> anyhow::Result<()> {
    let rows = ledger.transactions(filter).await.context("the ledger cannot be read")?;
    if as_json {
        return json(&rows);
    }
    let head = ["ID", "RECEIVED", "ORG", "CHANNEL", "PHONE", "STATUS", "ANSWER", "PROVIDER", "VERIFIED"];
    table(&head, &rows.iter().map(cells).collect::<Vec<_>>());
    Ok(())
}

fn cells(row: &TransactionRow) -> Vec<String> {
    vec![
        row.id.to_string(),
        cell(row.received_at),
        cell(row.org.as_ref()),
        cell(row.channel),
        cell(row.phone.as_ref()),
        row.status.as_str().to_owned(),
        cell(row.answer.map(otp::Answer::as_str)),
        cell(row.provider.as_ref()),
        cell(row.verified_at),
    ]
}

async fn show(ledger: &Ledger, id: TransactionId, as_json: bool) -> anyhow::Result<ExitCode> {
    let Some(detail) = ledger.transaction(id).await.context("the ledger cannot be read")? else {
        anyhow::bail!("there is no transaction {id}");
    };
    if as_json {
        json(&detail)?;
    } else {
        print(&detail);
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn print(detail: &TransactionDetail) {
    let row = &detail.transaction;
    let pairs = [
        ("id", row.id.to_string()),
        ("org", cell(row.org.as_ref())),
        ("purpose", cell(row.purpose.map(otp::Purpose::as_str))),
        ("channel", cell(row.channel)),
        ("okta user", cell(row.okta_user_id.as_ref())),
        ("phone", cell(row.phone.as_ref())),
        ("country", cell(row.country.as_ref())),
        ("received", cell(row.received_at)),
        ("status", row.status.as_str().to_owned()),
        ("failure", cell(row.failure_class.map(otp::FailureClass::as_str))),
        ("answer", cell(row.answer.map(otp::Answer::as_str))),
        ("answered", cell(row.answered_at)),
        ("provider", cell(row.provider.as_ref())),
        ("reference", cell(row.provider_ref.as_ref())),
        ("verified", cell(row.verified_at)),
    ];
    for (name, value) in pairs {
        line(format_args!("{name:10} {value}"));
    }
    for attempt in &detail.attempts {
        line(format_args!(
            "attempt {}  {} {} http {} code {}",
            attempt.n,
            attempt.provider,
            cell(attempt.outcome.map(otp::AttemptOutcome::as_str)),
            cell(attempt.http_status),
            cell(attempt.provider_code.as_ref())
        ));
    }
    for receipt in &detail.receipts {
        line(format_args!(
            "receipt    {} {} code {} at {}",
            receipt.provider,
            receipt.status,
            cell(receipt.error_code.as_ref()),
            receipt.received_at
        ));
    }
    for event in &detail.events {
        line(format_args!(
            "event      {} {} {}",
            event.uuid,
            cell(event.event_type.as_ref()),
            event.state.as_str()
        ));
    }
    for report in &detail.reports {
        line(format_args!(
            "report     {} {} {} by {} at {}",
            report.provider,
            report.verdict.as_str(),
            report.result.as_str(),
            report.matched_by.as_str(),
            report.reported_at
        ));
    }
}
