use secrecy::SecretString;
use telephony::telesign::Product;
use telephony::twilio::verify::DEFAULT_LOCALES;
use url::Url;

use super::webhook::WebhookConfig;
use crate::config::reader::Reader;
use crate::config::sections::outbound;

/// `[telephony.providers.NAME]`
#[derive(Debug)]
pub(crate) struct ProviderConfig {
    /// NAME.
    pub(crate) name: String,
    /// By `kind`.
    pub(crate) kind: KindConfig,
}

/// A provider's own settings.
#[derive(Debug)]
pub(crate) enum KindConfig {
    /// `twilio-verify`
    Verify(VerifyConfig),
    /// `twilio-messaging`
    Messaging(MessagingConfig),
    /// `telesign`
    Telesign(TelesignConfig),
    /// `webhook`
    Webhook(Box<WebhookConfig>),
}

/// What every Twilio product is reached with.
#[derive(Debug)]
pub(crate) struct TwilioAccount {
    /// `AC…`
    pub(crate) account_sid: String,
    /// The account's token.
    pub(crate) auth_token: Option<SecretString>,
    /// An API key (`SK…`) and its secret; used where it is given.
    pub(crate) api_key: Option<(String, SecretString)>,
    /// Twilio's, unless a test says otherwise.
    pub(crate) base_url: Option<Url>,
}

/// `kind = "twilio-verify"`
#[derive(Debug)]
pub(crate) struct VerifyConfig {
    pub(crate) account: TwilioAccount,
    /// `VA…`
    pub(crate) service_sid: String,
    /// Locales that Verify is known to take; none is sent where there are none.
    pub(crate) locales: Vec<String>,
}

/// `kind = "twilio-messaging"`
#[derive(Debug)]
pub(crate) struct MessagingConfig {
    pub(crate) account: TwilioAccount,
    /// Our number.
    pub(crate) from: Option<String>,
    /// `MG…`
    pub(crate) messaging_service_sid: Option<String>,
    /// Twilio is asked to post what becomes of messages.
    pub(crate) status_callbacks: bool,
}

/// `kind = "telesign"`
#[derive(Debug)]
pub(crate) struct TelesignConfig {
    pub(crate) customer_id: String,
    pub(crate) api_key: SecretString,
    pub(crate) product: Product,
    pub(crate) sender_id: Option<String>,
    pub(crate) base_url: Option<Url>,
    /// Telesign is asked to post what becomes of messages; the account must have that enabled.
    pub(crate) status_callbacks: bool,
}

/// What a `kind` says before the rest is read.
#[derive(Clone, Copy)]
enum Kind {
    Verify,
    Messaging,
    Telesign,
    Webhook,
}

impl ProviderConfig {
    /// `None` where not even the kind is known.
    pub(super) fn read(name: String, mut reader: Reader<'_>, warnings: &mut Vec<String>) -> Option<Self> {
        let kinds = [
            ("twilio-verify", Kind::Verify),
            ("twilio-messaging", Kind::Messaging),
            ("telesign", Kind::Telesign),
            ("webhook", Kind::Webhook),
        ];
        let kind = match reader.choice("kind", "", &kinds)? {
            Kind::Verify => KindConfig::Verify(VerifyConfig::read(&mut reader)),
            Kind::Messaging => KindConfig::Messaging(MessagingConfig::read(&mut reader)),
            Kind::Telesign => KindConfig::Telesign(TelesignConfig::read(&mut reader)),
            Kind::Webhook => KindConfig::Webhook(Box::new(WebhookConfig::read(&mut reader, warnings))),
        };
        reader.finish();
        Some(Self { name, kind })
    }
}

impl TwilioAccount {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let account_sid = reader.required("account_sid");
        let auth_token = reader.secret("auth_token");
        let api_key = reader.string("api_key");
        let api_secret = reader.secret("api_secret");
        let api_key = match (api_key, api_secret) {
            (Some(key), Some(secret)) => Some((key, secret)),
            (None, None) => None,
            (Some(_), None) => {
                reader.problem("api_secret", "is missing: api_key needs it");
                None
            }
            (None, Some(_)) => {
                reader.problem("api_key", "is missing: api_secret needs it");
                None
            }
        };
        if auth_token.is_none() && api_key.is_none() {
            reader.problem("auth_token", "is missing: give auth_token, or api_key and api_secret");
        }
        let base_url = outbound(reader, "base_url");
        Self { account_sid, auth_token, api_key, base_url }
    }
}

impl VerifyConfig {
    fn read(reader: &mut Reader<'_>) -> Self {
        let account = TwilioAccount::read(reader);
        let service_sid = reader.required("service_sid");
        // An empty list is a choice: none is sent.
        let locales = reader.list("locales", &DEFAULT_LOCALES);
        Self { account, service_sid, locales }
    }
}

impl MessagingConfig {
    fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            account: TwilioAccount::read(reader),
            from: reader.string("from"),
            messaging_service_sid: reader.string("messaging_service_sid"),
            status_callbacks: reader.truth("status_callbacks", true),
        }
    }
}

impl TelesignConfig {
    fn read(reader: &mut Reader<'_>) -> Self {
        let products = [
            ("omnichannel", Product::Omnichannel),
            ("sms-verify", Product::SmsVerify),
            ("messaging", Product::Messaging),
        ];
        let api_key = reader.secret("api_key");
        if api_key.is_none() {
            reader.problem("api_key", "is missing");
        }
        Self {
            customer_id: reader.required("customer_id"),
            api_key: api_key.unwrap_or_default(),
            product: reader.choice("product", "omnichannel", &products).unwrap_or(Product::Omnichannel),
            sender_id: reader.string("sender_id"),
            base_url: outbound(reader, "base_url"),
            status_callbacks: reader.truth("status_callbacks", false),
        }
    }
}
