//! A telephony hook request, as Okta writes it.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use crate::clock::{iso_millis, later};
use crate::entropy;
use crate::okta::org::Okta;
use crate::okta::user::{Channel, Purpose, User, dialable};

/// A code to be sent. Firing the same request twice keeps `eventId` and code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HookRequest {
    /// `eventId`
    pub event_id: String,
    /// `data.userProfile.userId`
    pub user_id: String,
    /// `data.userProfile.login`
    pub login: String,
    /// `data.userProfile.firstName`
    pub first_name: String,
    /// `data.userProfile.lastName`
    pub last_name: String,
    /// `data.messageProfile.phoneNumber`
    pub phone: String,
    /// What the channel means to Okta.
    pub channel: Channel,
    /// `data.messageProfile.deliveryChannel`; the org's usual spelling if not set.
    pub channel_spelling: Option<String>,
    /// `data.messageProfile.otpCode`
    pub code: String,
    /// `data.messageProfile.locale`; the org's usual one if not set.
    pub locale: Option<String>,
    /// Why; names the flow.
    pub purpose: Purpose,
    /// `requestType`; the purpose's if not set.
    pub request_type: Option<String>,
    /// How long the code is valid; the org's usual time if not set.
    pub expires_in: Option<Duration>,
}

impl HookRequest {
    /// A sign-in code for `user`, unlike any other, to the number enrolled for the channel.
    pub fn new(user: &User, channel: Channel) -> Self {
        let enrolled =
            user.active_factor(channel.factor_type()).and_then(|factor| factor.phone_number.as_deref());
        let phone = enrolled.or(user.mobile_phone.as_deref()).unwrap_or_default();
        Self {
            event_id: entropy::opaque_id(),
            user_id: user.id.clone(),
            login: user.login.clone(),
            first_name: user.first_name.clone(),
            last_name: user.last_name.clone(),
            phone: dialable(phone),
            channel,
            channel_spelling: None,
            code: entropy::unique_code(6),
            locale: None,
            purpose: Purpose::MfaVerification,
            request_type: None,
            expires_in: None,
        }
    }

    /// Another number, exactly as written.
    #[must_use]
    pub fn phone(mut self, phone: &str) -> Self {
        phone.clone_into(&mut self.phone);
        self
    }

    /// Another spelling of the channel.
    #[must_use]
    pub fn channel_spelling(mut self, spelling: &str) -> Self {
        self.channel_spelling = Some(spelling.to_owned());
        self
    }

    /// Another code.
    #[must_use]
    pub fn code(mut self, code: &str) -> Self {
        code.clone_into(&mut self.code);
        self
    }

    /// Another locale.
    #[must_use]
    pub fn locale(mut self, locale: &str) -> Self {
        self.locale = Some(locale.to_owned());
        self
    }

    /// Another purpose.
    #[must_use]
    pub fn purpose(mut self, purpose: Purpose) -> Self {
        self.purpose = purpose;
        self
    }

    /// A `requestType` as no purpose has it.
    #[must_use]
    pub fn request_type(mut self, request_type: &str) -> Self {
        self.request_type = Some(request_type.to_owned());
        self
    }

    /// Another lifetime of the code.
    #[must_use]
    pub fn expires_in(mut self, time: Duration) -> Self {
        self.expires_in = Some(time);
        self
    }

    /// Another `eventId`.
    #[must_use]
    pub fn event_id(mut self, event_id: &str) -> Self {
        event_id.clone_into(&mut self.event_id);
        self
    }
}

impl Okta {
    /// A request for a user (by id or login) that may be changed before it is fired.
    pub fn hook_request(&self, user: &str, channel: Channel) -> Option<HookRequest> {
        self.user(user).map(|user| HookRequest::new(&user, channel))
    }

    /// The full body of a hook request, for a test to change and [`fire_body`](Self::fire_body).
    pub fn hook_body(&self, request: &HookRequest) -> Value {
        let settings = self.settings();
        let now = self.inner.clock.now();
        let expires = later(now, request.expires_in.unwrap_or(settings.code_lifetime));
        let spelling = match (&request.channel_spelling, request.channel) {
            (Some(spelling), _) => spelling,
            (None, Channel::Sms) => "SMS",
            (None, Channel::Voice) => &settings.voice_spelling,
        };
        json!({
            "eventId": request.event_id,
            "eventTime": iso_millis(now),
            "eventType": "com.okta.telephony.provider",
            "eventTypeVersion": "1.0",
            "contentType": "application/json",
            "cloudEventVersion": "0.1",
            "source": format!("{}/api/v1/inlineHooks/cal00000000000000001", self.inner.base),
            "requestType": request.request_type.as_deref().unwrap_or(request.purpose.request_type()),
            "data": {
                "context": {
                    "request": {
                        "id": entropy::okta_id("req"),
                        "method": "POST",
                        "url": { "value": request.purpose.request_path() },
                        "ipAddress": "203.0.113.24",
                    }
                },
                "userProfile": {
                    "firstName": request.first_name,
                    "lastName": request.last_name,
                    "login": request.login,
                    "userId": request.user_id,
                },
                "messageProfile": {
                    "msgTemplate": format!("Your code is {}", request.code),
                    "phoneNumber": request.phone,
                    "otpExpires": iso_millis(expires),
                    "deliveryChannel": spelling,
                    "otpCode": request.code,
                    "locale": request.locale.as_ref().unwrap_or(&settings.locale),
                },
            },
        })
    }
}
