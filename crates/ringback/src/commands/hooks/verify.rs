use std::process::ExitCode;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use ledger::TransactionFilter;
use okta::{ErrorKind, Hook, HookKind, OktaClient, OktaError, Scope};
use otp::{Clock as _, Entropy, SystemClock, SystemEntropy};
use serde_json::{Value, json};

use super::state::{self, Wanted};
use crate::commands::CommandError;
use crate::commands::output::line;
use crate::config::{Config, OrgConfig};
use crate::parts;

/// The hook was reached, and answered with an error (Okta: error codes).
const HOOK_ERROR: &str = "E0000135";

/// `ringback hooks verify`
pub(super) async fn run(config: &Config, org: &OrgConfig) -> Result<ExitCode, CommandError> {
    let wanted = Wanted::of(config, org).map_err(CommandError::Argument)?;
    let scopes =
        [Scope::InlineHooksRead, Scope::InlineHooksManage, Scope::EventHooksRead, Scope::EventHooksManage];
    let client = state::client(org, &scopes)?;
    let mut well = true;
    for &kind in wanted.kinds {
        let said = match client.hooks(kind).await {
            Ok(hooks) => match wanted.ours(kind, &hooks) {
                Some(hook) if !hook.active => {
                    Err("it is not active: run `ringback hooks register`".to_owned())
                }
                Some(hook) => tried(&client, hook, config, org).await,
                None => Err(format!("there is none for {}: run `ringback hooks register`", wanted.url(kind))),
            },
            Err(err) => Err(err.to_string()),
        };
        well &= said.is_ok();
        match said {
            Ok(what) => line(format_args!("ok   {} {}: {what}", org.name, kind.as_str())),
            Err(what) => line(format_args!("fail {} {}: {what}", org.name, kind.as_str())),
        }
    }
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

async fn tried(
    client: &OktaClient,
    hook: &Hook,
    config: &Config,
    org: &OrgConfig,
) -> Result<&'static str, String> {
    match hook.kind {
        HookKind::Events => {
            let verified = client.verify_hook(hook).await.map_err(|err| err.to_string())?;
            match verified.verified {
                Some(true) => Ok("Okta asked for its verification, and it was right"),
                _ => Err("Okta asked for its verification and does not take it as verified".to_owned()),
            }
        }
        HookKind::Telephony => {
            let entropy: &dyn Entropy = &SystemEntropy;
            let nobody = format!("ringback-verify-{}", entropy.id(&SystemClock).simple());
            match understood(client.execute_hook(hook, expired_code(&nobody)).await) {
                Answer::Ours => {
                    Ok("Okta called it with a code that has expired, and it answered so; nothing was sent")
                }
                Answer::Refused => refused_by_us(config, org, nobody).await,
                Answer::Wrong(why) => Err(why),
            }
        }
    }
}

/// What Okta says of the hook's answer.
enum Answer {
    /// It is this service's.
    Ours,
    /// Some error, of whoever answered.
    Refused,
    /// It is not this service's, or there is none.
    Wrong(String),
}

/// The answer to a code that was over before it was asked for is our own, and sends nothing: whoever gives it has let Okta in, has
/// read the hook, and is in time.
fn understood(answer: Result<Value, OktaError>) -> Answer {
    let sentence = ErrorKind::CodeExpired.sentence();
    match answer {
        Ok(answer) if answer["error"]["errorSummary"] == sentence => Answer::Ours,
        // An error of the hook's may come back as Okta's own.
        Err(OktaError::Rejected { summary, .. }) if summary.contains(sentence) => Answer::Ours,
        // Or as nothing but that: E0000135, "the hook returned an error".
        Err(OktaError::Rejected { code, .. }) if code == HOOK_ERROR => Answer::Refused,
        Ok(_) => Answer::Wrong("Okta called it, and what answered is not this service".to_owned()),
        Err(err) => Answer::Wrong(err.to_string()),
    }
}

/// For the hook to get into the books.
const BOOKS: Duration = Duration::from_secs(10);

/// Okta says no more than that the hook returned an error: a wrong secret does so too. What this service has refused for its expired code is
/// in the books.
async fn refused_by_us(config: &Config, org: &OrgConfig, nobody: String) -> Result<&'static str, String> {
    let filter = TransactionFilter {
        org: Some(org.name.clone()),
        okta_user_id: Some(nobody),
        limit: 1,
        ..TransactionFilter::default()
    };
    let unknown = |err: &dyn std::fmt::Display| {
        format!("Okta called it and got an error; whether it was this service's the books cannot tell: {err}")
    };
    let ledger = parts::open_ledger(config).await.map_err(|err| unknown(&format_args!("{err:#}")))?;
    let begun = SystemClock.monotonic();
    loop {
        if !ledger.transactions(&filter).await.map_err(|err| unknown(&err))?.is_empty() {
            return Ok("Okta called it with a code that has expired, and it refused that; nothing was sent");
        }
        if SystemClock.monotonic() >= begun + BOOKS {
            return Err("Okta called it and got an error, and no such hook came in here: is the secret the right one, and the service running?".to_owned());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A hook as Okta writes it (Okta: telephony inline hook reference), about nobody, with a code that ended a minute ago.
fn expired_code(nobody: &str) -> Value {
    let now = SystemClock.now();
    let moment = |at: Timestamp| format!("{at:.3}");
    let entropy: &dyn Entropy = &SystemEntropy;
    let ended = now.saturating_sub(SignedDuration::from_mins(1)).unwrap_or(now);
    let context = json!({ "request": {
        "id": "ringback-verify", "method": "POST", "ipAddress": "192.0.2.1",
        "url": { "value": "/ringback/hooks/verify" },
    } });
    json!({
        "eventId": entropy.id(&SystemClock).to_string(),
        "eventTime": moment(now),
        "eventType": "com.okta.telephony.provider",
        "eventTypeVersion": "1.0",
        "contentType": "application/json",
        "cloudEventVersion": "0.1",
        "source": "ringback hooks verify",
        "requestType": "com.okta.user.telephony.mfa-verification",
        "data": {
            "context": context,
            "userProfile": { "firstName": "Ringback", "lastName": "Verify", "login": "ringback-verify", "userId": nobody },
            "messageProfile": {
                "msgTemplate": "Your code is 000000",
                "phoneNumber": "+15555550100",
                "otpExpires": moment(ended),
                "deliveryChannel": "SMS",
                "otpCode": "000000",
                "locale": "en",
            },
        },
    })
}
