//! The simulated org: its handle.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use reqwest::RequestBuilder;
use serde_json::Value;

use crate::clock::SimClock;
use crate::fault::{Fault, FaultPlan};
use crate::handset::Handset;
use crate::okta::api::{ApiRequest, OktaOp};
use crate::okta::challenge::Challenges;
use crate::okta::directory::Directory;
use crate::okta::issuer::Issuer;
use crate::okta::limit::RateLimits;
use crate::okta::management::Management;
use crate::okta::settings::OktaSettings;
use crate::okta::token::Tokens;
use crate::okta::user::User;
use crate::options::OktaOrg;
use crate::sync::{Bell, at_least, locked};
use crate::truth::Truth;

/// A simulated Okta org. Clones are the same org.
#[derive(Clone)]
pub struct Okta {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) org: OktaOrg,
    /// The org's own address in payloads.
    pub(crate) base: String,
    pub(crate) clock: SimClock,
    pub(crate) handset: Handset,
    pub(crate) truth: Truth,
    pub(crate) client: reqwest::Client,
    pub(crate) settings: Mutex<OktaSettings>,
    pub(crate) directory: Mutex<Directory>,
    pub(crate) challenges: Mutex<Challenges>,
    pub(crate) queue: Mutex<Vec<Value>>,
    /// The System Log.
    pub(crate) log: Mutex<Vec<Value>>,
    pub(crate) requests: Mutex<Vec<ApiRequest>>,
    /// Rings when a request has arrived.
    pub(crate) arrived: Bell,
    pub(crate) faults: FaultPlan<OktaOp>,
    pub(crate) limits: RateLimits,
    pub(crate) tokens: Tokens,
    pub(crate) management: Management,
    pub(crate) issuer: Issuer,
    hooks: Mutex<Hooks>,
    credentials: (HeaderName, HeaderValue),
}

/// Where a hook is called, and with what.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) url: String,
    pub(crate) header: HeaderName,
    pub(crate) secret: HeaderValue,
}

/// Where the org's hooks are.
struct Hooks {
    telephony: Option<String>,
    events: Option<String>,
}

impl Okta {
    pub(crate) fn new(
        org: OktaOrg,
        base: &str,
        clock: SimClock,
        handset: Handset,
        truth: Truth,
    ) -> io::Result<Self> {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .http1_only()
            .build()
            .map_err(io::Error::other)?;
        let name = HeaderName::try_from(&org.hook_header).map_err(io::Error::other)?;
        let secret = HeaderValue::try_from(&org.hook_secret).map_err(io::Error::other)?;
        let base = org.base_url.clone().unwrap_or_else(|| base.to_owned());
        let hooks = Hooks { telephony: org.hook_url.clone(), events: org.events_url.clone() };
        let tokens = Tokens::of(&org.apps);
        let inner = Inner {
            org,
            base,
            clock,
            handset,
            truth,
            client,
            settings: Mutex::default(),
            directory: Mutex::default(),
            challenges: Mutex::default(),
            queue: Mutex::default(),
            log: Mutex::default(),
            requests: Mutex::default(),
            arrived: Bell::default(),
            faults: FaultPlan::default(),
            limits: RateLimits::default(),
            tokens,
            management: Management::default(),
            issuer: Issuer::default(),
            hooks: Mutex::new(hooks),
            credentials: (name, secret),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The org, with everything its hooks and API clients need.
    pub fn org(&self) -> &OktaOrg {
        &self.inner.org
    }

    /// Registers both hooks.
    pub fn point_at(&self, telephony_hook: &str, event_hook: &str) {
        let mut hooks = locked(&self.inner.hooks);
        hooks.telephony = Some(telephony_hook.to_owned());
        hooks.events = Some(event_hook.to_owned());
    }

    /// Where the telephony hook is called.
    pub fn hook_url(&self) -> Option<String> {
        locked(&self.inner.hooks).telephony.clone()
    }

    /// Where events are delivered.
    pub fn events_url(&self) -> Option<String> {
        locked(&self.inner.hooks).events.clone()
    }

    /// Adds a user, or replaces the one with the same id.
    pub fn add_user(&self, user: User) {
        locked(&self.inner.directory).put(user);
    }

    /// A user by id or login.
    pub fn user(&self, id_or_login: &str) -> Option<User> {
        locked(&self.inner.directory).get(id_or_login).cloned()
    }

    /// All users, by login.
    pub fn users(&self) -> Vec<User> {
        locked(&self.inner.directory).all()
    }

    /// Every API request, in order of arrival.
    pub fn requests(&self) -> Vec<ApiRequest> {
        locked(&self.inner.requests).clone()
    }

    /// Waits until at least `n` API requests have arrived and returns all; `None` if `timeout` passed first.
    pub async fn wait_for_requests(&self, n: usize, timeout: Duration) -> Option<Vec<ApiRequest>> {
        self.inner.arrived.wait(timeout, || at_least(n, self.requests())).await
    }

    /// The settings as they are.
    pub fn settings(&self) -> OktaSettings {
        locked(&self.inner.settings).clone()
    }

    /// Changes settings.
    pub fn configure(&self, change: impl FnOnce(&mut OktaSettings)) {
        change(&mut locked(&self.inner.settings));
    }

    /// Lets `fault` strike the next request of `op` that no earlier scripted fault strikes.
    pub fn fail_next(&self, op: OktaOp, fault: Fault) {
        self.inner.faults.next(op, fault);
    }

    /// The same for the next `times` requests.
    pub fn fail_times(&self, op: OktaOp, times: usize, fault: Fault) {
        (0..times).for_each(|_| self.inner.faults.next(op, fault.clone()));
    }

    /// Lets `fault` strike every request of `op` until [`heal`](Self::heal); replaces an earlier one.
    pub fn fail_always(&self, op: OktaOp, fault: Fault) {
        self.inner.faults.sticky(op, 1, fault);
    }

    /// Lets `fault` strike every `n`-th request of `op` until [`heal`](Self::heal).
    pub fn fail_every(&self, op: OktaOp, n: u64, fault: Fault) {
        self.inner.faults.sticky(op, n, fault);
    }

    /// Forgets all faults.
    pub fn heal(&self) {
        self.inner.faults.heal();
    }

    /// How many scripted faults have not struck yet: 0 at the end of a test that meant them all.
    pub fn faults_waiting(&self) -> usize {
        self.inner.faults.waiting()
    }

    /// What is called for a code: the registered hook, or the address that was pointed at.
    pub(crate) fn telephony_target(&self) -> Option<Target> {
        let mut target = self.registered_telephony().or_else(|| self.pointed(self.hook_url()?))?;
        if let Some(oauth) = &self.settings().hook_oauth {
            let token = self.mint(&self.hook_claims(oauth));
            target.header = http::header::AUTHORIZATION;
            target.secret = HeaderValue::try_from(format!("Bearer {token}")).ok()?;
        }
        Some(target)
    }

    /// Where events go.
    pub(crate) fn events_target(&self) -> Option<Target> {
        self.registered_events().or_else(|| self.pointed(self.events_url()?))
    }

    fn pointed(&self, url: String) -> Option<Target> {
        let (header, secret) = self.inner.credentials.clone();
        Some(Target { url, header, secret })
    }

    /// A request to a hook, with what authenticates Okta.
    pub(crate) fn call(&self, method: http::Method, target: &Target) -> RequestBuilder {
        let url = match &self.settings().tls_ends_at {
            Some((from, to)) => {
                target.url.strip_prefix(from).map_or_else(|| target.url.clone(), |rest| format!("{to}{rest}"))
            }
            None => target.url.clone(),
        };
        let request = self.inner.client.request(method, url);
        request.header(http::header::ACCEPT, "application/json").header(&target.header, &target.secret)
    }
}
