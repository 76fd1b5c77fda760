//! A provider that a test configures.

use sim::Sim;

/// What kind of provider it is, and the product where there are several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `twilio-verify`
    Verify,
    /// `twilio-messaging` with a number of ours.
    Messaging,
    /// `twilio-messaging` with a messaging service, which makes no calls.
    MessagingService,
    /// `telesign`, product `omnichannel`.
    Omnichannel,
    /// `telesign`, product `sms-verify`.
    SmsVerify,
    /// `telesign`, product `messaging`.
    TelesignMessaging,
    /// `webhook`: SMS, with a reference.
    Webhook,
}

/// A section `[telephony.providers.NAME]`.
#[derive(Debug, Clone)]
pub struct Provider {
    name: String,
    kind: Kind,
    url: Option<String>,
    more: String,
}

impl Provider {
    /// At the simulator.
    pub fn new(name: &str, kind: Kind) -> Self {
        Self { name: name.to_owned(), kind, url: None, more: String::new() }
    }

    /// At another address.
    #[must_use]
    pub fn at(mut self, url: &str) -> Self {
        self.url = Some(url.to_owned());
        self
    }

    /// With more settings; `{sim}` is the simulator's address.
    #[must_use]
    pub fn with(mut self, more: &str) -> Self {
        self.more.push_str(more);
        self.more.push('\n');
        self
    }

    /// The section's name and lines.
    pub(crate) fn section(&self, sim: &Sim) -> (String, Vec<String>) {
        let url = self.url.clone().unwrap_or_else(|| sim.url());
        let (twilio, telesign) = (sim.twilio().account(), sim.telesign().account());
        let text = |name: &str, value: &str| format!("{name} = '{value}'");
        let by_twilio = |kind: &str| {
            let (sid, token) = (&twilio.account_sid, &twilio.auth_token);
            vec![
                text("kind", kind),
                text("account_sid", sid),
                text("auth_token", token),
                text("base_url", &url),
            ]
        };
        let by_telesign = |product: &str| {
            let (id, key) = (&telesign.customer_id, &telesign.api_key);
            let lines = [("kind", "telesign"), ("customer_id", id), ("api_key", key), ("product", product)];
            lines.map(|(name, value)| text(name, value)).into_iter().chain([text("base_url", &url)]).collect()
        };
        let mut lines: Vec<String> = match self.kind {
            Kind::Verify => {
                let service = text("service_sid", &twilio.service_sid);
                by_twilio("twilio-verify").into_iter().chain([service]).collect()
            }
            Kind::Messaging => {
                by_twilio("twilio-messaging").into_iter().chain([text("from", &twilio.from[0])]).collect()
            }
            Kind::MessagingService => {
                let service = text("messaging_service_sid", &twilio.messaging_service_sid);
                by_twilio("twilio-messaging").into_iter().chain([service]).collect()
            }
            Kind::Omnichannel => by_telesign("omnichannel"),
            Kind::SmsVerify => by_telesign("sms-verify"),
            Kind::TelesignMessaging => by_telesign("messaging"),
            Kind::Webhook => vec![
                text("kind", "webhook"),
                text("url", &format!("{url}/webhook/messages")),
                text("body", r#"{"to":"{{to}}","text":"{{text}}","channel":"{{channel}}"}"#),
                text("reference", "/id"),
            ],
        };
        lines.push(self.more.replace("{sim}", &sim.url()));
        (format!("telephony.providers.{}", self.name), lines)
    }
}
