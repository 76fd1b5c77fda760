//! The whole loop on this machine: simulated Okta, Twilio Verify and phone, real HTTP between them and the real service.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use ledger::TransactionFilter;
use sim::{Channel, CodeCheck, Options, Sim, User};

use super::CommandError;
use super::output::line;
use super::serve::Signals;
use super::transactions;
use crate::app::App;
use crate::cli::Role;
use crate::config::{LogConfig, LogFormat};
use crate::{config, telemetry};

const USER: &str = "ana@example.com";
const PHONE: &str = "+15555550101";
/// For the approval to reach Twilio; it takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// `ringback demo`
pub(super) async fn run(once: bool) -> Result<ExitCode, CommandError> {
    let mut stop = Signals::listen()?;
    let dir = tempfile::tempdir().context("a temporary directory cannot be made")?;
    let _logs = telemetry::start_logs(
        &LogConfig { format: LogFormat::Text, level: "warn".to_owned() },
        super::rust_log().as_deref(),
        None,
        Role::All.as_str(),
    )?;
    let metrics = telemetry::start_metrics()?;
    let sim = Sim::start(Options::default()).await.context("the simulators cannot be started")?;
    let file = dir.path().join("ringback.toml");
    std::fs::write(&file, settings(&sim, dir.path())).context("the demo's settings cannot be written")?;
    let loaded = config::load(Some(&file), std::iter::empty())?;
    let app = App::start(&loaded.config, Role::All, metrics).await?;
    let told = story(&sim, &app).await;
    if told.is_ok() && !once {
        line("");
        line(format_args!(
            "It stays up. Dashboard: http://{}/ - readiness: /readyz, metrics: /metrics there",
            app.admin
        ));
        line(format_args!("Simulators: {}/_sim/ - another login:", sim.url()));
        line(format_args!(
            "  curl -X POST {}/_sim/okta/login -d '{{\"user\":\"{USER}\",\"channel\":\"sms\"}}'",
            sim.url()
        ));
        line("Stop with Ctrl-C.");
        stop.wait().await;
    }
    app.stop().await;
    sim.shutdown().await;
    told?;
    Ok(ExitCode::SUCCESS)
}

fn settings(sim: &Sim, dir: &Path) -> String {
    let (url, dir, account, okta) = (sim.url(), dir.display(), sim.twilio().account(), sim.okta().org());
    format!(
        "[server]\nlisten = '127.0.0.1:0'\n[admin]\nlisten = '127.0.0.1:0'\n[journal]\ndir = '{dir}/journal'\n\
         [ledger]\nurl = 'sqlite:{dir}/ledger.db'\n\
         [okta.orgs.main]\nbase_url = '{url}'\nhook_secrets = ['{}']\nhook_header = '{}'\napi_token = '{}'\n\
         [telephony.providers.verify]\nkind = 'twilio-verify'\naccount_sid = '{}'\nauth_token = '{}'\n\
         service_sid = '{}'\nbase_url = '{url}'\n",
        okta.hook_secret,
        okta.hook_header,
        okta.api_token,
        account.account_sid,
        account.auth_token,
        account.service_sid
    )
}

async fn story(sim: &Sim, app: &App) -> anyhow::Result<()> {
    let okta = sim.okta();
    let public = app.public.context("the demo has a public listener")?;
    okta.point_at(
        &format!("http://{public}/okta/main/telephony"),
        &format!("http://{public}/okta/main/events"),
    );
    okta.add_user(User::new("00uana0000000000001", USER).phone(PHONE));
    line(
        "Ringback demo: simulated Okta, Twilio Verify and phone; the service and the HTTP between them are real.",
    );
    line("");
    ensure!(okta.verify_event_hook().await, "the event hook was not verified");
    line("1. Okta verifies the event hook (one-time challenge): ok");

    let login = okta.login(USER, Channel::Sms).await?;
    ensure!(login.is_sent(), "Okta would have sent the code itself: {:?}", login.hook.okta_says);
    line(format_args!(
        "2. Ana signs in. Okta calls the telephony hook; answered SUCCESSFUL after {} ms.",
        login.hook.elapsed.as_millis()
    ));
    let sends = sim.twilio().sends();
    let Some(send) = sends.last() else { bail!("Twilio Verify got no code") };
    line(format_args!(
        "   On disk first, then Twilio Verify took the code: verification {}.",
        send.verification_sid
    ));

    let code = sim.handset().latest_code(PHONE).context("no code came to the phone")?;
    let checked = okta.enter_code(USER, &code).await?;
    ensure!(matches!(checked, CodeCheck::Accepted(_)), "Okta did not accept the code: {checked:?}");
    line(format_args!("3. Ana reads {code} from her phone and types it in; Okta accepts it."));
    let delivered = okta.flush_events().await.context("Okta had no event to deliver")?;
    ensure!(delivered.is_received(), "the event was not taken: {delivered:?}");
    line("4. Okta delivers user.authentication.auth_via_mfa; on disk, then answered 200.");

    let sid = &send.verification_sid;
    let detail = tokio::time::timeout(PATIENCE, async {
        loop {
            let found = app.ledger().transactions(&TransactionFilter::default()).await?;
            if let Some(row) = found.iter().find(|row| row.provider_ref.as_ref() == Some(sid))
                && let Some(detail) = app.ledger().transaction(row.id).await?
                && !detail.reports.is_empty()
                && sim.twilio().approved(sid)
            {
                return Ok::<_, anyhow::Error>(detail);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .context("the approval did not come")??;
    line(format_args!("5. The worker finds the very send and tells Twilio: {sid} is approved."));
    line("");
    line(
        "The books (otp_transactions and what belongs to it; the number only as pseudonym and prefix, the code nowhere):",
    );
    line("");
    transactions::print(&detail);
    Ok(())
}
