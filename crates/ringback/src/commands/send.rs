use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use otp::{
    AttemptEnded, AttemptOutcome, AttemptStarted, Clock, Deadline, Entropy, Passcode, SystemClock,
    SystemEntropy,
};
use telephony::{AttemptLog, BoxFuture, LogError, Outgoing, Route};

use super::output::line;
use super::route::Trip;
use super::{CommandError, load};
use crate::cli::SendArguments;
use crate::providers;

/// How long a test code is said to be valid.
const CODE_LIFE: Duration = Duration::from_secs(300);

/// `ringback send`: a real message with a code that opens nothing. It is not in the books: no hook asked for it.
pub(super) async fn run(file: Option<&Path>, arguments: SendArguments) -> Result<ExitCode, CommandError> {
    let mut config = load(file)?.config;
    let SendArguments { to, channel, provider, org, purpose, locale } = arguments;
    let trip = Trip::read(&config, &org, &to, channel.into(), &purpose)?;
    if let Some(name) = provider {
        if !config.telephony.providers.iter().any(|known| known.name == name) {
            return Err(CommandError::Argument(format!("--provider: there is no provider {name}")));
        }
        // One route, and nothing that could lead elsewhere.
        config.telephony.routes = vec![Route { providers: vec![name], ..Route::default() }];
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let dispatcher = providers::dispatcher(&config, providers::providers(&config)?, &clock)?;
    let mut random = [0u8; 8];
    entropy.fill(&mut random);
    let code = format!("{:06}", u64::from_le_bytes(random) % 1_000_000);
    let message = Outgoing {
        transaction: entropy.transaction_id(clock.as_ref()),
        org: trip.org,
        user: None,
        purpose: trip.purpose,
        to: trip.to,
        code: Passcode::new(code.clone()).map_err(anyhow::Error::from)?,
        channel: trip.channel,
        locale,
        template: None,
        valid_for: Some(CODE_LIFE),
    };
    if let Some(class) = dispatcher.vet(&message).await {
        line(format_args!("not sent: {}", class.as_str()));
        return Ok(ExitCode::from(1));
    }
    let Some(plan) = dispatcher.plan(&message) else {
        line("not sent: no provider for it (see `ringback route explain`)");
        return Ok(ExitCode::from(1));
    };
    let deadline = Deadline::after(clock.monotonic(), config.telephony.deadline);
    let ended = plan.dispatch(&message, deadline, &Printed, clock.as_ref(), entropy.as_ref()).await;
    print(&ended.last);
    let accepted = ended.outcome == AttemptOutcome::Accepted;
    if accepted {
        let reference = ended.report.provider_ref.as_deref().unwrap_or("no reference");
        line(format_args!(
            "{} has taken code {code} for {} ({reference})",
            ended.provider,
            message.to.masked()
        ));
    } else {
        line(format_args!("not accepted: {}", ended.outcome.as_str()));
    }
    Ok(if accepted { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// The log of attempts is what the person reads.
struct Printed;

impl AttemptLog for Printed {
    fn next_attempt(
        &self,
        ended: AttemptEnded,
        _started: AttemptStarted,
    ) -> BoxFuture<'_, Result<(), LogError>> {
        print(&ended);
        Box::pin(std::future::ready(Ok(())))
    }
}

fn print(ended: &AttemptEnded) {
    let http = ended.http_status.map_or_else(|| "no answer".to_owned(), |status| format!("HTTP {status}"));
    let code = ended.provider_code.as_deref().map_or_else(String::new, |code| format!(", code {code}"));
    let took = ended.ended_at.duration_since(ended.started_at).as_millis();
    line(format_args!(
        "attempt {} through {}: {} ({http}{code}, {took} ms)",
        ended.n,
        ended.provider,
        ended.outcome.as_str()
    ));
}
