//! The whole simulator: one listener with everything on it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::clock::SimClock;
use crate::control::Control;
use crate::courier::Courier;
use crate::handset::Handset;
use crate::lookup::TwilioLookup;
use crate::messaging::TwilioMessaging;
use crate::okta::Okta;
use crate::options::Options;
use crate::server::Server;
use crate::surroundings::Surroundings;
use crate::telesign::TelesignMessaging;
use crate::truth::Truth;
use crate::twilio::TwilioVerify;
use crate::webhook::GenericWebhook;

/// A running simulator. Dropping it closes the listener.
pub struct Sim {
    addr: SocketAddr,
    twilio: TwilioVerify,
    messaging: TwilioMessaging,
    lookup: TwilioLookup,
    telesign: TelesignMessaging,
    webhook: GenericWebhook,
    okta: Okta,
    handset: Handset,
    clock: SimClock,
    truth: Truth,
    redirects: Arc<AtomicU64>,
    stop: DropGuard,
    tasks: TaskTracker,
}

impl Sim {
    /// Binds, starts every simulator and returns once requests are accepted.
    ///
    /// Fails if the address is taken, the ledger cannot be opened or the hook header cannot be written.
    pub async fn start(options: Options) -> io::Result<Sim> {
        let server = Server::bind(options.listen).await?;
        let addr = server.addr();
        let url = format!("http://{addr}");
        let clock = SimClock::default();
        let truth = Truth::open(options.ledger.as_deref(), clock.clone())?;
        let handset = Handset::default();
        let okta = Okta::new(options.okta, &url, clock.clone(), handset.clone(), truth.clone())?;

        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let around = Surroundings {
            base: url.clone(),
            clock: clock.clone(),
            handset: handset.clone(),
            truth: truth.clone(),
            courier: Courier::new(stop.clone(), tasks.clone())?,
        };
        let twilio = TwilioVerify::new(options.twilio.clone(), around.clone());
        let messaging = TwilioMessaging::new(options.twilio.clone(), around.clone());
        let lookup = TwilioLookup::new(options.twilio, around.clone());
        let telesign = TelesignMessaging::new(options.telesign, around.clone());
        let webhook = GenericWebhook::new((), around);
        let redirects = Arc::default();
        let control = Control {
            url,
            twilio: twilio.clone(),
            messaging: messaging.clone(),
            lookup: lookup.clone(),
            telesign: telesign.clone(),
            webhook: webhook.clone(),
            okta: okta.clone(),
            handset: handset.clone(),
            clock: clock.clone(),
            truth: truth.clone(),
            redirects: Arc::clone(&redirects),
        };
        let router = Router::new()
            .merge(twilio.router())
            .merge(messaging.router())
            .merge(lookup.router())
            .merge(telesign.router())
            .merge(webhook.router())
            .merge(okta.router())
            .merge(control.router());
        server.serve(router, stop.clone(), &tasks);
        Ok(Sim {
            addr,
            twilio,
            messaging,
            lookup,
            telesign,
            webhook,
            okta,
            handset,
            clock,
            truth,
            redirects,
            stop: stop.drop_guard(),
            tasks,
        })
    }

    /// `http://host:port`, the base address of all simulators.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The address that was bound.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The simulated Twilio Verify.
    pub fn twilio(&self) -> &TwilioVerify {
        &self.twilio
    }

    /// The simulated Twilio Programmable Messaging and Voice.
    pub fn messaging(&self) -> &TwilioMessaging {
        &self.messaging
    }

    /// The simulated Twilio Lookup.
    pub fn lookup(&self) -> &TwilioLookup {
        &self.lookup
    }

    /// The simulated Telesign.
    pub fn telesign(&self) -> &TelesignMessaging {
        &self.telesign
    }

    /// The simulated vendor behind `/webhook/…`.
    pub fn webhook(&self) -> &GenericWebhook {
        &self.webhook
    }

    /// The simulated Okta org.
    pub fn okta(&self) -> &Okta {
        &self.okta
    }

    /// The simulated handset.
    pub fn handset(&self) -> &Handset {
        &self.handset
    }

    /// The clock of all simulators.
    pub fn clock(&self) -> &SimClock {
        &self.clock
    }

    /// Facts that could not be written to the ledger file; anything but 0 makes the file useless as a witness.
    pub fn ledger_failures(&self) -> u64 {
        self.truth.failures()
    }

    /// How often a caller followed a [`Fault::Redirect`](crate::Fault::Redirect).
    pub fn redirects_followed(&self) -> u64 {
        self.redirects.load(Ordering::SeqCst)
    }

    /// Stops accepting, drops open connections and waits until every task has ended.
    pub async fn shutdown(self) {
        drop(self.stop);
        self.tasks.close();
        self.tasks.wait().await;
    }
}
