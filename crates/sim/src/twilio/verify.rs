//! The simulated Verify service: its handle and its front door.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Extension, Path, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Uri};

use crate::clock::SimClock;
use crate::courier::Courier;
use crate::entropy;
use crate::fault::{self, Fault, FaultPlan};
use crate::handset::Handset;
use crate::options::TwilioAccount;
use crate::server::{Line, Reply};
use crate::surroundings::Surroundings;
use crate::sync::{Bell, at_least, locked};
use crate::truth::Truth;
use crate::twilio::call::{Aim, Call, VerifyOp};
use crate::twilio::flight::Flights;
use crate::twilio::journal::{Journal, Report, Request, Send};
use crate::twilio::numbers::{Numbers, SANDBOX};
use crate::twilio::settings::TwilioSettings;
use crate::twilio::store::Store;
use crate::twilio::verification::{Verification, VerificationStatus};

/// Simulated Twilio Verify with one account and one service. Clones are the same service.
#[derive(Clone)]
pub struct TwilioVerify {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) account: TwilioAccount,
    pub(crate) base: String,
    pub(crate) clock: SimClock,
    pub(crate) handset: Handset,
    pub(crate) truth: Truth,
    pub(crate) courier: Courier,
    pub(crate) settings: Mutex<TwilioSettings>,
    pub(crate) store: Mutex<Store>,
    pub(crate) journal: Mutex<Journal>,
    /// Rings when the journal has changed.
    pub(crate) noted: Bell,
    faults: FaultPlan<VerifyOp>,
    numbers: Numbers,
    flights: Flights,
}

impl TwilioVerify {
    pub(crate) fn new(account: TwilioAccount, around: Surroundings) -> Self {
        let Surroundings { base, clock, handset, truth, courier } = around;
        let inner = Inner {
            account,
            base,
            clock,
            handset,
            truth,
            courier,
            settings: Mutex::default(),
            store: Mutex::default(),
            journal: Mutex::default(),
            noted: Bell::default(),
            faults: FaultPlan::default(),
            numbers: Numbers::new(&SANDBOX),
            flights: Flights::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The account, with everything a client needs to sign in.
    pub fn account(&self) -> &TwilioAccount {
        &self.inner.account
    }

    /// Every message that was accepted and delivered, in order.
    pub fn sends(&self) -> Vec<Send> {
        locked(&self.inner.journal).sends.clone()
    }

    /// Every request, accepted or not, in order of arrival.
    pub fn requests(&self) -> Vec<Request> {
        locked(&self.inner.journal).requests.clone()
    }

    /// Every feedback that reached the service, in order.
    pub fn reports(&self) -> Vec<Report> {
        locked(&self.inner.journal).reports.clone()
    }

    /// Waits until at least `n` messages were accepted and returns all; `None` if `timeout` passed first.
    pub async fn wait_for_sends(&self, n: usize, timeout: Duration) -> Option<Vec<Send>> {
        self.inner.noted.wait(timeout, || at_least(n, self.sends())).await
    }

    /// The same for requests that have arrived, answered or not.
    pub async fn wait_for_requests(&self, n: usize, timeout: Duration) -> Option<Vec<Request>> {
        self.inner.noted.wait(timeout, || at_least(n, self.requests())).await
    }

    /// The same for feedback.
    pub async fn wait_for_reports(&self, n: usize, timeout: Duration) -> Option<Vec<Report>> {
        self.inner.noted.wait(timeout, || at_least(n, self.reports())).await
    }

    /// A verification by SID, or the newest one of a number, whatever its status.
    pub fn verification(&self, sid_or_phone: &str) -> Option<Verification> {
        let settings = self.settings();
        locked(&self.inner.store).inspect(sid_or_phone, &settings, self.inner.clock.now())
    }

    /// Whether a verification (by SID or number) was approved.
    pub fn approved(&self, sid_or_phone: &str) -> bool {
        self.verification(sid_or_phone).is_some_and(|it| it.status == VerificationStatus::Approved)
    }

    /// The most requests that were in progress at once.
    pub fn max_concurrent(&self) -> usize {
        self.inner.flights.most()
    }

    /// The most starts for one number that were in progress at once.
    pub fn max_concurrent_starts(&self, phone: &str) -> usize {
        self.inner.flights.most_starts(phone)
    }

    /// The settings as they are.
    pub fn settings(&self) -> TwilioSettings {
        locked(&self.inner.settings).clone()
    }

    /// Changes settings.
    pub fn configure(&self, change: impl FnOnce(&mut TwilioSettings)) {
        change(&mut locked(&self.inner.settings));
    }

    /// Lets `fault` strike the next request of `op` that no earlier scripted fault strikes.
    pub fn fail_next(&self, op: VerifyOp, fault: Fault) {
        self.inner.faults.next(op, fault);
    }

    /// The same for the next `times` requests.
    pub fn fail_times(&self, op: VerifyOp, times: usize, fault: Fault) {
        (0..times).for_each(|_| self.inner.faults.next(op, fault.clone()));
    }

    /// Lets `fault` strike every request of `op` until [`heal`](Self::heal); replaces an earlier one.
    pub fn fail_always(&self, op: VerifyOp, fault: Fault) {
        self.inner.faults.sticky(op, 1, fault);
    }

    /// Lets `fault` strike every `n`-th request of `op` until [`heal`](Self::heal): a brown-out.
    pub fn fail_every(&self, op: VerifyOp, n: u64, fault: Fault) {
        self.inner.faults.sticky(op, n, fault);
    }

    /// Lets `fault` strike every start for a number that begins with `prefix`, until [`heal`](Self::heal).
    pub fn fail_numbers(&self, prefix: &str, fault: Fault) {
        self.inner.numbers.add(prefix, fault);
    }

    /// Forgets all faults; the built-in sandbox numbers stay.
    pub fn heal(&self) {
        self.inner.faults.heal();
        self.inner.numbers.heal();
    }

    /// How many scripted faults have not struck yet: 0 at the end of a test that meant them all.
    pub fn faults_waiting(&self) -> usize {
        self.inner.faults.waiting()
    }

    pub(crate) fn router(&self) -> Router {
        Router::new().route("/v2/{*path}", axum::routing::any(door)).with_state(self.clone())
    }

    /// The fault for a call: scripted ones first, then by number, then sticky ones.
    fn fault_for(&self, op: VerifyOp, call: &Call) -> Option<Fault> {
        let by_number = || {
            let number = call.parameter("To").filter(|_| op == VerifyOp::Create)?;
            self.inner.numbers.fault(number, call.parameter("Channel").unwrap_or_default())
        };
        self.inner.faults.take_scripted(&op).or_else(by_number).or_else(|| self.inner.faults.take_sticky(&op))
    }

    fn note_arrival(&self, call: &Call, faulted: bool) -> usize {
        let mut journal = locked(&self.inner.journal);
        journal.requests.push(Request {
            at: self.inner.clock.now(),
            method: call.method.to_string(),
            path: call.path.clone(),
            form: call.parameters.clone(),
            faulted,
            status: None,
        });
        let n = journal.requests.len() - 1;
        drop(journal);
        self.inner.noted.ring();
        n
    }

    fn note_answer(&self, n: usize, reply: &Reply) {
        if let Reply::Answer(answer) = reply
            && let Some(request) = locked(&self.inner.journal).requests.get_mut(n)
        {
            request.status = Some(answer.status().as_u16());
        }
    }
}

async fn door(
    State(verify): State<TwilioVerify>,
    Extension(line): Extension<Line>,
    method: Method,
    Path(path): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let call = Call::new(method, &format!("/v2/{path}"), uri.query(), &headers, &body);
    line.carry_on(async move {
        let aim = match Aim::read(&call.method, &path) {
            Ok(aim) => aim,
            Err(error) => {
                let n = verify.note_arrival(&call, false);
                let reply = Reply::Answer(dressed(error.into_response()));
                verify.note_answer(n, &reply);
                return reply;
            }
        };
        let fault = verify.fault_for(aim.op, &call);
        let n = verify.note_arrival(&call, fault.is_some());
        let flight = verify.inner.flights.enter(call.parameter("To").filter(|_| aim.op == VerifyOp::Create));
        let reply = match fault::run(fault, || verify.perform(&aim, &call, flight.contended)).await {
            Reply::Answer(answer) => Reply::Answer(dressed(answer)),
            Reply::Reset => Reply::Reset,
        };
        verify.note_answer(n, &reply);
        reply
    })
    .await
}

/// Adds the headers that Twilio puts on every answer.
pub(crate) fn dressed(mut answer: Response) -> Response {
    let id = HeaderValue::try_from(entropy::sid("RQ")).unwrap_or(HeaderValue::from_static("RQ"));
    answer.headers_mut().insert("twilio-request-id", id);
    answer.headers_mut().insert("twilio-request-duration", HeaderValue::from_static("0.042"));
    answer
}
