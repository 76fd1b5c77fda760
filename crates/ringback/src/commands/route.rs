use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use otp::{Channel, Clock, Country, OrgName, PhoneNumber, Purpose, SystemClock};
use serde::Serialize;
use telephony::{Destination, Explanation, Mismatch};

use super::output::{json, line};
use super::{CommandError, load};
use crate::cli::RouteCommand;
use crate::config::Config;
use crate::providers;

/// What is to be sent where.
pub(super) struct Trip {
    pub(super) org: OrgName,
    pub(super) to: PhoneNumber,
    pub(super) channel: Channel,
    pub(super) purpose: Purpose,
}

impl Trip {
    /// Reads the arguments as a hook's would be read.
    pub(super) fn read(
        config: &Config,
        org: &str,
        to: &str,
        channel: Channel,
        purpose: &str,
    ) -> Result<Self, CommandError> {
        let wrong = |what: String| CommandError::Argument(what);
        let known = config.orgs.iter().find(|known| known.name.as_str() == org);
        let known = known.ok_or_else(|| wrong(format!("--org: {org} is not one of okta.orgs")))?;
        let to = PhoneNumber::parse(to, known.default_country.as_ref())
            .map_err(|err| wrong(format!("--to: {err}")))?;
        let read = Purpose::from_okta(purpose);
        if read.as_str() != purpose {
            let all = "mfa-verification, pre-enrollment, account-unlock, password-reset, unknown";
            return Err(wrong(format!("--purpose: {purpose} is not one of {all}")));
        }
        Ok(Self { org: known.name.clone(), to, channel, purpose: read })
    }

    fn destination(&self) -> Destination<'_> {
        Destination {
            org: &self.org,
            country: self.to.country(),
            channel: self.channel,
            purpose: self.purpose,
        }
    }
}

/// `ringback route explain`: which rule and which providers, and why. Sends nothing and asks nobody.
pub(super) fn run(file: Option<&Path>, what: RouteCommand) -> Result<ExitCode, CommandError> {
    let RouteCommand::Explain { to, channel, org, purpose, json: as_json } = what;
    let config = load(file)?.config;
    let trip = Trip::read(&config, &org, &to, channel.into(), &purpose)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let dispatcher = providers::dispatcher(&config, providers::providers(&config)?, &clock)?;
    let explained = dispatcher.explain(&trip.destination());
    let report = Report::of(&trip, &explained, config.telephony.max_attempts);
    if as_json {
        json(&report)?
    } else {
        report.print(&config, &explained)
    }
    let nobody = !report.providers.iter().any(|provider| provider.used);
    Ok(if nobody { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

#[derive(Serialize)]
struct Report {
    org: String,
    to: String,
    country: Country,
    channel: &'static str,
    purpose: &'static str,
    /// The rule's place in the configuration, from 1.
    route: Option<usize>,
    /// Which rules before it do not fit, and by what.
    passed: Vec<Passed>,
    providers: Vec<Stop>,
}

#[derive(Serialize)]
struct Passed {
    route: usize,
    differs: &'static str,
}

#[derive(Serialize)]
struct Stop {
    name: String,
    kind: &'static str,
    used: bool,
    why: String,
}

impl Report {
    fn of(trip: &Trip, explained: &Explanation, max_attempts: u8) -> Self {
        let passed = |(n, mismatch): (usize, &Mismatch)| Passed { route: n, differs: mismatch.as_str() };
        let mut place = 0;
        let stop = |choice: &telephony::Choice| {
            place += u8::from(choice.carries);
            let why = match place {
                _ if !choice.carries => format!("cannot send by {}", trip.channel.as_str()),
                1 => "asked first".to_owned(),
                n if n <= max_attempts => {
                    "asked when the one before did not send, or nobody knows".to_owned()
                }
                _ => "asked when one before is skipped: its breaker is open".to_owned(),
            };
            Stop { name: choice.name.clone(), kind: choice.kind, used: choice.carries, why }
        };
        let providers = explained.providers.iter().map(stop).collect();
        Self {
            org: trip.org.as_str().to_owned(),
            to: trip.to.masked(),
            country: trip.to.country().clone(),
            channel: trip.channel.as_str(),
            purpose: trip.purpose.as_str(),
            route: explained.route.map(|n| n + 1),
            passed: (1..).zip(&explained.passed).map(passed).collect(),
            providers,
        }
    }

    fn print(&self, config: &Config, explained: &Explanation) {
        line(format_args!(
            "{} by {} to {} ({}), org {}",
            self.purpose,
            self.channel,
            self.to,
            self.country.as_str(),
            self.org
        ));
        for passed in &self.passed {
            line(format_args!("route {}: does not fit, {} differs", passed.route, passed.differs));
        }
        match self.route {
            Some(n) => {
                let rest = config.telephony.routes.len() - n;
                let rest = if rest > 0 { format!(" ({rest} more are not looked at)") } else { String::new() };
                line(format_args!("route {n}: fits{rest}"));
            }
            None if explained.without_routes => {
                line("there are no routes: every provider in order of name");
            }
            None => line("no route fits: nothing would be sent, and Okta would be told of an error"),
        }
        for (n, stop) in (1..).zip(&self.providers) {
            line(format_args!("  {n}. {} ({}): {}", stop.name, stop.kind, stop.why));
        }
    }
}
