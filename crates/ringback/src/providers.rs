//! Providers and the ways to them, as configured.

use std::sync::Arc;

use otp::{Clock, SystemClock};
use telephony::telesign::{self, Telesign, TelesignOptions};
use telephony::twilio::Auth;
use telephony::twilio::lookup::{self, Lookup, LookupOptions};
use telephony::twilio::messaging::{self, Messaging, MessagingOptions};
use telephony::twilio::verify::{self, Verify, VerifyOptions};
use telephony::webhook::{Webhook, WebhookOptions};
use telephony::{Dispatcher, Policy, Provider, SetupError, Wording, WordingOptions};
use url::Url;

use crate::config::{
    Cancel, Config, KindConfig, LookupConfig, MessagingConfig, Problems, ProviderConfig, TelesignConfig,
    TwilioAccount, VerifyConfig, WebhookConfig,
};

/// Makes every provider, in order of name.
///
/// # Errors
/// Everything that is wrong with their settings, by full name.
pub(crate) fn providers(config: &Config) -> Result<Vec<Arc<dyn Provider>>, Problems> {
    let mut problems = Problems::default();
    let made = make(config, &mut problems);
    if problems.is_empty() { Ok(made) } else { Err(problems) }
}

/// Makes those that can be made; what is wrong with the others is noted.
fn make(config: &Config, problems: &mut Problems) -> Vec<Arc<dyn Provider>> {
    let wording = Wording::new(config.telephony.wording.clone()).or_else(|wrong| {
        for option in wrong {
            problems.add(&format!("telephony.wording.{}", option.key), option.problem);
        }
        // So that the providers are looked at too.
        Wording::new(WordingOptions::default())
    });
    let Ok(wording) = wording.map(Arc::new) else { return Vec::new() };
    let mut made: Vec<Arc<dyn Provider>> = Vec::new();
    for provider in &config.telephony.providers {
        let maker = Maker {
            name: &provider.name,
            callback: callback(config.server.public_url.as_ref(), provider),
            app_hash: config.telephony.wording.app_hash.as_deref(),
            cancel: config.feedback.cancel,
            wording: &wording,
        };
        match maker.make(&provider.kind) {
            Ok(provider) => made.push(provider),
            Err(err) => note(problems, &format!("telephony.providers.{}", provider.name), &err),
        }
    }
    made
}

/// Everything that sends codes.
///
/// # Errors
/// Everything that is wrong with the settings of Lookup, by full name.
pub(crate) fn dispatcher(
    config: &Config,
    providers: Vec<Arc<dyn Provider>>,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<Dispatcher> {
    let telephony = &config.telephony;
    let policy = Policy { max_attempts: telephony.max_attempts, ..Policy::default() };
    let mut dispatcher =
        Dispatcher::new(providers, policy, clock.clone())?.with_routes(telephony.routes.clone())?;
    if let Some(window) = telephony.next_on_resend {
        dispatcher = dispatcher.with_next_provider_on_resend(window);
    }
    if let Some(settings) = &telephony.lookup {
        let mut problems = Problems::default();
        match lookup(settings, clock, &mut problems) {
            Some(lookup) => dispatcher = dispatcher.with_lookup(lookup),
            None => return Err(problems.into()),
        }
    }
    Ok(dispatcher)
}

/// Whether the parts themselves take their settings.
///
/// # Errors
/// Everything that is wrong with them, by full name.
pub(crate) fn check(config: &Config) -> Result<(), Problems> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let mut problems = Problems::default();
    make(config, &mut problems);
    if let Some(settings) = &config.telephony.lookup {
        lookup(settings, &clock, &mut problems);
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// `None` where something is wrong with it, which is noted.
fn lookup(settings: &LookupConfig, clock: &Arc<dyn Clock>, problems: &mut Problems) -> Option<Lookup> {
    let made = base_url(settings.account.base_url.as_ref(), lookup::BASE_URL).and_then(|base_url| {
        let options = LookupOptions {
            account_sid: settings.account.account_sid.clone(),
            auth: auth(&settings.account),
            base_url,
            budget: settings.budget,
            ttl: settings.ttl,
            refuse_landlines: settings.refuse_landlines,
            most_risk: settings.most_risk,
        };
        Lookup::new(options, clock.clone())
    });
    made.map_err(|err| note(problems, "telephony.lookup", &err)).ok()
}

fn note(problems: &mut Problems, section: &str, err: &SetupError) {
    match err {
        SetupError::Options(wrong) => {
            for option in wrong {
                problems.add(&format!("{section}.{}", option.key), option.problem);
            }
        }
        SetupError::Client(_) => problems.add(section, err),
    }
}

/// Where a provider is asked to post what becomes of messages, if it is and we have an address for it.
fn callback(public_url: Option<&Url>, provider: &ProviderConfig) -> Option<Url> {
    let wanted = match &provider.kind {
        // What cannot be checked is not asked for.
        KindConfig::Messaging(settings) => settings.status_callbacks && settings.account.auth_token.is_some(),
        KindConfig::Telesign(settings) => settings.status_callbacks,
        KindConfig::Verify(_) | KindConfig::Webhook(_) => false,
    };
    // As the ingress puts it together to check what was signed.
    let base = public_url.filter(|_| wanted)?.as_str().trim_end_matches('/');
    format!("{base}/providers/{}/status", provider.name).parse().ok()
}

fn auth(account: &TwilioAccount) -> Auth {
    match &account.api_key {
        Some((key, secret)) => Auth::ApiKey { key: key.clone(), secret: secret.clone() },
        None => Auth::Token(account.auth_token.clone().unwrap_or_default()),
    }
}

fn base_url(given: Option<&Url>, default: &str) -> Result<Url, SetupError> {
    match given {
        Some(url) => Ok(url.clone()),
        None => default.parse().map_err(|err: url::ParseError| SetupError::Client(err.into())),
    }
}

/// Makes one provider.
struct Maker<'a> {
    name: &'a str,
    callback: Option<Url>,
    app_hash: Option<&'a str>,
    cancel: Cancel,
    wording: &'a Arc<Wording>,
}

impl Maker<'_> {
    fn make(self, kind: &KindConfig) -> Result<Arc<dyn Provider>, SetupError> {
        Ok(match kind {
            KindConfig::Verify(settings) => Arc::new(self.verify(settings)?),
            KindConfig::Messaging(settings) => Arc::new(self.messaging(settings)?),
            KindConfig::Telesign(settings) => Arc::new(self.telesign(settings)?),
            KindConfig::Webhook(settings) => Arc::new(self.webhook(settings)?),
        })
    }

    fn verify(self, settings: &VerifyConfig) -> Result<Verify, SetupError> {
        Verify::new(VerifyOptions {
            name: self.name.to_owned(),
            account_sid: settings.account.account_sid.clone(),
            auth: auth(&settings.account),
            service_sid: settings.service_sid.clone(),
            base_url: base_url(settings.account.base_url.as_ref(), verify::BASE_URL)?,
            locales: settings.locales.clone(),
            signing_token: settings.account.auth_token.clone(),
            app_hash: self.app_hash.map(str::to_owned),
            cancel_at_cap: self.cancel == Cancel::OnCap,
        })
    }

    fn messaging(self, settings: &MessagingConfig) -> Result<Messaging, SetupError> {
        Messaging::new(MessagingOptions {
            name: self.name.to_owned(),
            account_sid: settings.account.account_sid.clone(),
            auth: auth(&settings.account),
            from: settings.from.clone(),
            messaging_service_sid: settings.messaging_service_sid.clone(),
            base_url: base_url(settings.account.base_url.as_ref(), messaging::BASE_URL)?,
            wording: self.wording.clone(),
            status_callback: self.callback,
            signing_token: settings.account.auth_token.clone(),
        })
    }

    fn telesign(self, settings: &TelesignConfig) -> Result<Telesign, SetupError> {
        Telesign::new(TelesignOptions {
            name: self.name.to_owned(),
            customer_id: settings.customer_id.clone(),
            api_key: settings.api_key.clone(),
            product: settings.product,
            sender_id: settings.sender_id.clone(),
            base_url: base_url(settings.base_url.as_ref(), telesign::BASE_URL)?,
            wording: self.wording.clone(),
            callback_url: self.callback,
        })
    }

    fn webhook(self, settings: &WebhookConfig) -> Result<Webhook, SetupError> {
        Webhook::new(WebhookOptions {
            name: self.name.to_owned(),
            send: settings.send.clone(),
            channels: settings.channels.clone(),
            reference: settings.reference.clone(),
            code: settings.code.clone(),
            answers: settings.answers.clone(),
            report: settings.report.clone(),
            wording: self.wording.clone(),
        })
    }
}
