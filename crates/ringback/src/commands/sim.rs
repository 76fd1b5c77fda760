use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use sim::{Options, Sim, User};

use secrecy::{ExposeSecret as _, SecretString};

use super::CommandError;
use super::output::line;
use super::serve::Signals;
use crate::config::Config;

/// `ringback sim`
pub(super) async fn run(
    listen: SocketAddr,
    org: &str,
    ledger: Option<PathBuf>,
    service: Option<&Config>,
    public_url: Option<String>,
) -> Result<ExitCode, CommandError> {
    let mut stop = Signals::listen()?;
    let mut options = Options { listen, ledger, ..Options::default() };
    if let Some(service) = service {
        take_credentials(&mut options, service);
    }
    options.okta.base_url.clone_from(&public_url);
    let sim = Sim::start(options).await.with_context(|| format!("{listen} cannot be bound"))?;
    let org = org.trim_end_matches('/');
    sim.okta().point_at(&format!("{org}/telephony"), &format!("{org}/events"));
    sim.okta().add_user(User::new("00uana0000000000001", "ana@example.com").phone("+15555550101"));
    print(&sim, &public_url.unwrap_or_else(|| sim.url()), org, service.is_some());
    stop.wait().await;
    sim.shutdown().await;
    Ok(ExitCode::SUCCESS)
}

/// The simulators take what the service presents.
fn take_credentials(options: &mut Options, service: &Config) {
    let expose = |secret: &SecretString| secret.expose_secret().to_owned();
    if let Some(org) = service.orgs.iter().find(|org| org.name.as_str() == "main") {
        org.hook_header.as_str().clone_into(&mut options.okta.hook_header);
        if let Some(secret) = org.hook_secrets.first() {
            options.okta.hook_secret = expose(secret);
        }
        if let Some(token) = &org.api_token {
            options.okta.api_token = expose(token);
        }
    }
    if let Some(provider) = service.telephony.providers.first() {
        let verify = &provider.verify;
        options.twilio.account_sid.clone_from(&verify.account_sid);
        options.twilio.service_sid.clone_from(&verify.service_sid);
        if let Some(token) = &verify.auth_token {
            options.twilio.auth_token = expose(token);
        }
        if let Some((key, secret)) = &verify.api_key {
            options.twilio.api_key = Some(key.clone());
            options.twilio.api_secret = Some(expose(secret));
        }
    }
}

/// What a service needs to be its counterpart, as settings, where it does not have them already; and what to do then.
fn print(sim: &Sim, url: &str, org: &str, configured: bool) {
    line(format_args!("# The simulators listen on {} and call {org}.", sim.url()));
    if !configured {
        print_settings(sim, url);
    }
    line("# A login, its code, and the delivery of its event:");
    line(format_args!(
        "#   curl {url}/_sim/okta/login -d '{{\"user\":\"ana@example.com\",\"channel\":\"sms\"}}'"
    ));
    line(format_args!("#   curl {url}/_sim/handset/+15555550101"));
    line(format_args!("#   curl {url}/_sim/okta/code -d '{{\"user\":\"ana@example.com\",\"code\":\"…\"}}'"));
    line(format_args!("#   curl -X POST {url}/_sim/okta/flush"));
}

fn print_settings(sim: &Sim, url: &str) {
    let (okta, account) = (sim.okta().org(), sim.twilio().account());
    line("# The service's settings to go with them:");
    line("[okta.orgs.main]");
    line(format_args!(
        "base_url = {url:?}\nhook_header = {:?}\nhook_secrets = [{:?}]",
        okta.hook_header, okta.hook_secret
    ));
    line(format_args!("api_token = {:?}", okta.api_token));
    line("[telephony.providers.verify]\nkind = \"twilio-verify\"");
    line(format_args!("base_url = {url:?}\naccount_sid = {:?}", account.account_sid));
    line(format_args!("auth_token = {:?}\nservice_sid = {:?}", account.auth_token, account.service_sid));
}
