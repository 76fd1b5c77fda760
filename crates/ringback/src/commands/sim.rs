use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use sim::{Options, Sim, User};

use super::CommandError;
use super::output::line;
use super::serve::Signals;

/// `ringback sim`
pub(super) async fn run(
    listen: SocketAddr,
    org: &str,
    ledger: Option<PathBuf>,
) -> Result<ExitCode, CommandError> {
    let mut stop = Signals::listen()?;
    let options = Options { listen, ledger, ..Options::default() };
    let sim = Sim::start(options).await.with_context(|| format!("{listen} cannot be bound"))?;
    let org = org.trim_end_matches('/');
    sim.okta().point_at(&format!("{org}/telephony"), &format!("{org}/events"));
    sim.okta().add_user(User::new("00uana0000000000001", "ana@example.com").phone("+15555550101"));
    print(&sim, org);
    stop.wait().await;
    sim.shutdown().await;
    Ok(ExitCode::SUCCESS)
}

/// What a service needs to be its counterpart, as settings.
fn print(sim: &Sim, org: &str) {
    let (url, okta, account) = (sim.url(), sim.okta().org(), sim.twilio().account());
    line(format_args!(
        "# The simulators listen on {url} and call {org}. The service's settings to go with them:"
    ));
    line("[okta.orgs.main]");
    line(format_args!(
        "base_url = {url:?}\nhook_header = {:?}\nhook_secrets = [{:?}]",
        okta.hook_header, okta.hook_secret
    ));
    line(format_args!("api_token = {:?}", okta.api_token));
    line("[telephony.providers.verify]\nkind = \"twilio-verify\"");
    line(format_args!("base_url = {url:?}\naccount_sid = {:?}", account.account_sid));
    line(format_args!("auth_token = {:?}\nservice_sid = {:?}", account.auth_token, account.service_sid));
    line("# A login, its code, and the delivery of its event:");
    line(format_args!(
        "#   curl {url}/_sim/okta/login -d '{{\"user\":\"ana@example.com\",\"channel\":\"sms\"}}'"
    ));
    line(format_args!("#   curl {url}/_sim/handset/+15555550101"));
    line(format_args!("#   curl {url}/_sim/okta/code -d '{{\"user\":\"ana@example.com\",\"code\":\"…\"}}'"));
    line(format_args!("#   curl -X POST {url}/_sim/okta/flush"));
}
