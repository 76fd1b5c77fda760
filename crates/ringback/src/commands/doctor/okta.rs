//! What `ringback doctor` says of an Okta org: its API, what our credential may do there, its clock, and both hooks.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use okta::{OktaClient, OktaError, Refusal, Scope};
use otp::{Clock, Entropy, SystemClock, SystemEntropy};
use telephony::Finding;

use crate::commands::hooks::{Judged, OrgHooks, Wanted};
use crate::config::{Config, OrgConfig};
use crate::parts;

/// For one question.
const PATIENCE: Duration = Duration::from_secs(5);

/// Okta compares what we sign with its clock, and we compare its events with ours.
const CLOCK: SignedDuration = SignedDuration::from_secs(5);

/// What a credential may be good for, and whether the service cannot do without.
const SCOPES: [(Scope, &str); 4] = [
    (Scope::UsersRead, "look phones up"),
    (Scope::LogsRead, "read the System Log"),
    (Scope::InlineHooksRead, "see the telephony hook"),
    (Scope::EventHooksRead, "see the event hook"),
];

/// Everything there is to say of an org.
pub(super) async fn check(config: &Config, org: &OrgConfig) -> Vec<Finding> {
    let mut findings = Vec::new();
    let (mut may, mut may_not, mut ahead) = (Vec::new(), Vec::new(), None);
    for (scope, what) in SCOPES {
        let client = match client(org, scope) {
            Ok(Some(client)) => client,
            Ok(None) => {
                return vec![Finding::warn(
                    "no credential for its API: logins without a record of their send cannot be reported, and the hooks cannot be looked at",
                    "set base_url, and api_token or client_id and private_key",
                )];
            }
            Err(err) => {
                let advice = "correct base_url and the credential";
                return vec![Finding::fail(format!("{err:#}"), advice)];
            }
        };
        let answer = client.may(scope).await;
        ahead = client.ahead().or(ahead);
        match answer {
            Ok(true) => may.push(what),
            Ok(false) => may_not.push((scope, what)),
            Err(err) => {
                findings.push(unanswered(&err));
                return findings;
            }
        }
    }
    findings.push(permissions(&may, &may_not, org.system_log.is_some()));
    findings.extend(ahead.map(clock));
    let sees_hooks =
        !may_not.iter().any(|(scope, _)| matches!(scope, Scope::InlineHooksRead | Scope::EventHooksRead));
    if sees_hooks {
        findings.extend(hooks(config, org).await);
    }
    findings
}

fn client(org: &OrgConfig, scope: Scope) -> anyhow::Result<Option<OktaClient>> {
    let (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>) =
        (Arc::new(SystemClock), Arc::new(SystemEntropy));
    parts::okta_client(org, &[scope], PATIENCE, &clock, &entropy)
}

fn unanswered(err: &OktaError) -> Finding {
    match err {
        OktaError::RateLimited { .. } => {
            Finding::warn("the API's rate limit is used up", "try again in a minute")
        }
        OktaError::Refused { why: Refusal::Address { .. }, .. } => {
            Finding::fail(err.to_string(), "set base_url to the org's own address")
        }
        OktaError::Refused { .. } => Finding::fail(
            err.to_string(),
            "make an API token for a read-only admin, or grant the service app its scopes and an admin role",
        ),
        _ => Finding::fail(err.to_string(), "check base_url, DNS and the way out of this network"),
    }
}

fn permissions(may: &[&str], may_not: &[(Scope, &str)], reads_log: bool) -> Finding {
    let can = if may.is_empty() { "do nothing".to_owned() } else { may.join(", ") };
    if may_not.is_empty() {
        return Finding::ok(format!("the API takes our credential, which may {can}"));
    }
    let cannot: Vec<_> = may_not.iter().map(|(scope, what)| format!("{what} ({scope})")).collect();
    let what = format!("the API takes our credential, which may {can}; it may not {}", cannot.join(", "));
    if may_not.iter().any(|(scope, _)| *scope == Scope::UsersRead) {
        return Finding::fail(what, "grant okta.users.read, and an admin role that may view users");
    }
    if reads_log && may_not.iter().any(|(scope, _)| *scope == Scope::LogsRead) {
        return Finding::fail(what, "grant okta.logs.read, or take system_log.enabled out");
    }
    // What is not used need not be granted.
    Finding::ok(what)
}

fn clock(ahead: SignedDuration) -> Finding {
    let seconds = ahead.as_secs().unsigned_abs();
    let what = if ahead.is_negative() { "behind" } else { "ahead of" };
    if ahead.abs() <= CLOCK {
        return Finding::ok("its clock agrees with ours");
    }
    Finding::warn(
        format!("its clock is {seconds} s {what} ours"),
        "set this machine's clock: logins are matched with codes by time",
    )
}

async fn hooks(config: &Config, org: &OrgConfig) -> Vec<Finding> {
    let wanted = match Wanted::of(config, org) {
        Ok(wanted) => wanted,
        Err(why) => {
            let advice = "set it to have both hooks compared and registered";
            return vec![Finding::warn(format!("its hooks cannot be compared: {why}"), advice)];
        }
    };
    let hooks = match OrgHooks::ask(org).await {
        Ok(hooks) => hooks,
        Err(err) => return vec![Finding::warn(err.to_string(), "see `ringback hooks list`")],
    };
    let judged = hooks.judge(Some(&wanted));
    let say = |it: &Judged<'_>| {
        let name = it.hook.map_or_else(String::new, |hook| format!(" {}", hook.name));
        let kind = it.kind.as_str();
        match (it.wrong.is_empty(), it.ours) {
            (true, true) => Some(Finding::ok(format!("its {kind} hook{name} is as it should be"))),
            (true, false) => None,
            (false, _) => Some(Finding::warn(
                format!("its {kind} hook{name}: {}", it.wrong.join("; ")),
                "run `ringback hooks register`",
            )),
        }
    };
    judged.iter().filter_map(say).collect()
}
