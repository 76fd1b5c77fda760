use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use okta::{Credential, Scope};
use sim::{Options, ServiceApp, Sim, User};

use secrecy::{ExposeSecret as _, SecretString};

use super::CommandError;
use super::output::line;
use super::serve::Signals;
use crate::config::{Config, KindConfig, TwilioAccount};

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

/// What the simulated org grants the service's app.
const SCOPES: [Scope; 8] = [
    Scope::UsersRead,
    Scope::LogsRead,
    Scope::InlineHooksRead,
    Scope::InlineHooksManage,
    Scope::EventHooksRead,
    Scope::EventHooksManage,
    Scope::TelephonyProvidersRead,
    Scope::TelephonyProvidersManage,
];

/// The simulators take what the service presents.
fn take_credentials(options: &mut Options, service: &Config) {
    let expose = |secret: &SecretString| secret.expose_secret().to_owned();
    if let Some(org) = service.orgs.iter().find(|org| org.name.as_str() == "main") {
        org.hook_header.as_str().clone_into(&mut options.okta.hook_header);
        if let Some(secret) = org.hook_secrets.first() {
            options.okta.hook_secret = expose(secret);
        }
        match &org.credential {
            Some(Credential::Ssws(token)) => options.okta.api_token = expose(token),
            Some(Credential::ServiceApp { client_id, key }) => {
                if let Ok(key) = key.public_jwk() {
                    let (client_id, scopes) = (client_id.clone(), SCOPES.map(|it| it.to_string()).to_vec());
                    options.okta.apps.push(ServiceApp { client_id, keys: vec![key], scopes, dpop: false });
                }
            }
            None => {}
        }
    }
    for provider in &service.telephony.providers {
        match &provider.kind {
            KindConfig::Verify(settings) => {
                take_account(options, &settings.account);
                options.twilio.service_sid.clone_from(&settings.service_sid);
            }
            KindConfig::Messaging(settings) => {
                take_account(options, &settings.account);
                options.twilio.from.extend(settings.from.clone());
                if let Some(service) = &settings.messaging_service_sid {
                    options.twilio.messaging_service_sid.clone_from(service);
                }
            }
            KindConfig::Telesign(settings) => {
                options.telesign.customer_id.clone_from(&settings.customer_id);
                options.telesign.api_key = expose(&settings.api_key);
            }
            KindConfig::Webhook(_) => {}
        }
    }
}

fn take_account(options: &mut Options, account: &TwilioAccount) {
    options.twilio.account_sid.clone_from(&account.account_sid);
    if let Some(token) = &account.auth_token {
        options.twilio.auth_token = token.expose_secret().to_owned();
    }
    if let Some((key, secret)) = &account.api_key {
        options.twilio.api_key = Some(key.clone());
        options.twilio.api_secret = Some(secret.expose_secret().to_owned());
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
    let from = account.from.first().map_or("", String::as_str);
    line("[telephony.providers.sms]\nkind = \"twilio-messaging\"");
    line(format_args!("base_url = {url:?}\naccount_sid = {:?}", account.account_sid));
    line(format_args!("auth_token = {:?}\nfrom = {from:?}", account.auth_token));
    let telesign = sim.telesign().account();
    line(format_args!("[telephony.providers.telesign]\nkind = \"telesign\"\nbase_url = {url:?}"));
    line(format_args!("customer_id = {:?}\napi_key = {:?}", telesign.customer_id, telesign.api_key));
    line(format_args!("[telephony.providers.vendor]\nkind = \"webhook\"\nurl = \"{url}/webhook/messages\""));
    line("body = '{\"to\":\"{{to}}\",\"text\":\"{{text}}\"}'\nreference = \"/id\"");
    line("# First choice first; without routes it is the order of names.");
    line("[[telephony.routes]]\nproviders = [\"verify\", \"sms\", \"telesign\", \"vendor\"]");
}
