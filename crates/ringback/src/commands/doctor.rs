mod clock;
mod journal;
mod ledger;
mod okta;
mod queue;
mod report;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use telephony::{Finding, Level};

use self::report::Report;
use super::{CommandError, load};
use crate::providers;

/// For one question to another service.
const PATIENCE: Duration = Duration::from_secs(5);

/// `ringback doctor`: one line each, `ok`, `warn` or `fail`, with what to do.
pub(super) async fn run(file: Option<&Path>, as_json: bool) -> Result<ExitCode, CommandError> {
    let mut report = Report::new(as_json);
    let loaded = match load(file) {
        Ok(loaded) => loaded,
        Err(problems) => {
            for problem in problems.lines() {
                report.say("config", Finding::fail(problem, "see `ringback config default`"));
            }
            report.end()?;
            return Ok(ExitCode::from(2));
        }
    };
    report.say("config", Finding::ok("the configuration can be run"));
    for warning in loaded.warnings {
        report.say("config", Finding::warn(warning, "see `ringback config default`"));
    }
    let config = &loaded.config;
    report.all("journal", journal::look(config));
    let (books, database) = ledger::look(config).await;
    report.all("ledger", books);
    report.all("queue", queue::look(config).await);
    for org in &config.orgs {
        report.all(&format!("okta {}", org.name), okta::check(config, org).await);
    }
    for provider in providers::providers(config)? {
        report.all(provider.name(), provider.check(PATIENCE).await);
    }
    let said: Vec<_> = database.into_iter().chain(clock::ask_a_provider(config).await).collect();
    report.all("clock", clock::judge(&said));
    let worst = report.end()?;
    Ok(if worst == Level::Fail { ExitCode::from(1) } else { ExitCode::SUCCESS })
}
