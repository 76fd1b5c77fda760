//! What users do: sign in, enrol a phone, type codes.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::okta::challenge::CodeCheck;
use crate::okta::event::{self, Outcome};
use crate::okta::hook::HookResult;
use crate::okta::org::Okta;
use crate::okta::request::HookRequest;
use crate::okta::settings::Engine;
use crate::okta::user::{Channel, Factor, Purpose, User, dialable};
use crate::sync::locked;

/// Why a user could not even start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FlowError {
    /// There is no such user.
    #[error("no user has the id or login {0}")]
    NoSuchUser(String),
    /// The user has no number for the channel.
    #[error("{0} has no phone number")]
    NoPhone(String),
}

/// A code was asked for.
#[derive(Clone, Debug, Serialize)]
pub struct LoginOutcome {
    /// What Okta asked the hook to send.
    pub request: HookRequest,
    /// What came of it.
    pub hook: HookResult,
}

impl LoginOutcome {
    /// The code that Okta now waits for.
    pub fn code(&self) -> &str {
        &self.request.code
    }

    /// Whether Okta takes the code as sent.
    pub fn is_sent(&self) -> bool {
        self.hook.is_sent()
    }
}

impl Okta {
    /// A user signs in and asks for a code.
    pub async fn login(&self, user: &str, channel: Channel) -> Result<LoginOutcome, FlowError> {
        self.ask_for_code(user, channel, Purpose::MfaVerification).await
    }

    /// A user asks for a code, for any purpose, at the enrolled number.
    pub async fn ask_for_code(
        &self,
        user: &str,
        channel: Channel,
        purpose: Purpose,
    ) -> Result<LoginOutcome, FlowError> {
        let user = self.known(user)?;
        let request = HookRequest::new(&user, channel).purpose(purpose);
        if request.phone.is_empty() {
            return Err(FlowError::NoPhone(user.login));
        }
        let hook = self.fire_hook(&request).await;
        Ok(LoginOutcome { request, hook })
    }

    /// A user starts to enrol `phone`; entering the code ends it.
    pub async fn enrol(&self, user: &str, phone: &str, channel: Channel) -> Result<LoginOutcome, FlowError> {
        let user = self.known(user)?;
        let request =
            HookRequest::new(&user, channel).purpose(Purpose::PreEnrollment).phone(&dialable(phone));
        let hook = self.fire_hook(&request).await;
        Ok(LoginOutcome { request, hook })
    }

    /// A user types a code. Okta checks it itself and queues what its System Log then says.
    pub async fn enter_code(&self, user: &str, code: &str) -> Result<CodeCheck, FlowError> {
        let user = self.known(user)?;
        let now = self.inner.clock.now();
        let check = locked(&self.inner.challenges).check(&user.id, code, now);
        match &check {
            CodeCheck::Accepted(it) if it.purpose == Purpose::PreEnrollment => {
                let phone = it.phone.clone();
                self.finish_enrolment(&user.id, &phone, it.channel, now);
            }
            CodeCheck::Accepted(it) => {
                let intent = it.purpose.factor_intent();
                self.queue_event(event::mfa(&user, it.channel.factor_name(), intent, Outcome::Success, now));
            }
            CodeCheck::Rejected(it) => {
                let intent = it.purpose.factor_intent();
                self.queue_event(event::mfa(&user, it.channel.factor_name(), intent, Outcome::Failure, now));
            }
            CodeCheck::NothingOpen => {}
        }
        self.inner.truth.record("code_entered", &CodeFact { user_id: &user.id, code, check: &check });
        Ok(check)
    }

    fn finish_enrolment(&self, id: &str, phone: &str, channel: Channel, now: Timestamp) {
        let engine = self.settings().engine;
        let mut directory = locked(&self.inner.directory);
        if engine == Engine::Identity || channel == Channel::Sms {
            directory.enrol(id, Factor::sms(phone));
        }
        if engine == Engine::Identity || channel == Channel::Voice {
            directory.enrol(id, Factor::call(phone));
        }
        let Some(user) = directory.get(id).cloned() else { return };
        drop(directory);
        match engine {
            Engine::Identity => {
                event::activate_twins(&user, now).into_iter().for_each(|it| self.queue_event(it))
            }
            Engine::Classic => self.queue_event(event::activate(&user, channel.factor_name(), now)),
        }
    }

    /// A `user.authentication.auth_via_mfa` event; `factor` as in `debugData` (`SMS_FACTOR`, `PASSWORD_AS_FACTOR`, …).
    pub fn event_mfa(&self, user: &User, factor: &str, outcome: Outcome, published: Timestamp) -> Value {
        event::mfa(user, factor, Purpose::MfaVerification.factor_intent(), outcome, published)
    }

    /// A `user.mfa.factor.activate` event.
    pub fn event_activate(&self, user: &User, factor: &str, published: Timestamp) -> Value {
        event::activate(user, factor, published)
    }

    fn known(&self, user: &str) -> Result<User, FlowError> {
        self.user(user).ok_or_else(|| FlowError::NoSuchUser(user.to_owned()))
    }
}

#[derive(Serialize)]
struct CodeFact<'a> {
    user_id: &'a str,
    code: &'a str,
    check: &'a CodeCheck,
}
