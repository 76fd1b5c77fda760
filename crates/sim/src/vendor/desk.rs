//! A vendor's handle: what it saw and did, its settings, and its faults.

use std::hash::Hash;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::response::Response;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::fault::{Fault, FaultPlan};
use crate::handset::Message;
use crate::server::Reply;
use crate::surroundings::Surroundings;
use crate::sync::{Bell, at_least, locked};
use crate::twilio::{Flights, Numbers, Range};
use crate::vendor::{Aimed, Arrival, VendorRequest};

/// What makes one vendor another than the next.
pub trait Trade: Sized + Send + Sync + 'static {
    /// Its name in the truth ledger: the `provider` of its facts.
    const NAME: &'static str;
    /// The fact that something was sent.
    const SEND_FACT: &'static str;
    /// The fact that feedback arrived.
    const REPORT_FACT: &'static str;

    /// Who its client is.
    type Account: Send + Sync;
    /// Its operations, to aim faults at.
    type Op: Copy + Eq + Hash + Send + Sync + DeserializeOwned;
    /// A message that was accepted and delivered.
    type Sent: Clone + Serialize + Send + Sync;
    /// A feedback that arrived.
    type Report: Clone + Serialize + Send + Sync;
    /// What can be set about it.
    type Settings: Clone + Default + Send + Sync;
    /// What it remembers for itself.
    #[doc(hidden)]
    type State: Default + Send + Sync;

    /// Numbers that fail on purpose.
    #[doc(hidden)]
    fn sandbox() -> &'static [Range];

    /// Adds what the vendor puts on every answer.
    #[doc(hidden)]
    fn dressed(answer: Response) -> Response {
        answer
    }
}

/// A simulated vendor. Clones are the same vendor.
pub struct Vendor<T: Trade> {
    pub(crate) inner: Arc<Inner<T>>,
}

pub(crate) struct Inner<T: Trade> {
    pub(crate) account: T::Account,
    pub(crate) around: Surroundings,
    pub(crate) state: Mutex<T::State>,
    pub(crate) flights: Flights,
    settings: Mutex<T::Settings>,
    journal: Mutex<Journal<T>>,
    /// Rings when the journal has changed.
    noted: Bell,
    faults: FaultPlan<T::Op>,
    numbers: Numbers,
}

/// All a vendor saw and did, in order of arrival.
struct Journal<T: Trade> {
    sends: Vec<T::Sent>,
    requests: Vec<VendorRequest>,
    reports: Vec<T::Report>,
}

/// A fact with the vendor's name on it.
#[derive(Serialize)]
struct Fact<'a, C> {
    provider: &'static str,
    #[serde(flatten)]
    content: &'a C,
}

impl<T: Trade> Clone for Vendor<T> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<T: Trade> Vendor<T> {
    pub(crate) fn new(account: T::Account, around: Surroundings) -> Self {
        let inner = Inner {
            account,
            around,
            state: Mutex::default(),
            flights: Flights::default(),
            settings: Mutex::default(),
            journal: Mutex::new(Journal { sends: Vec::new(), requests: Vec::new(), reports: Vec::new() }),
            noted: Bell::default(),
            faults: FaultPlan::default(),
            numbers: Numbers::new(T::sandbox()),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The account, with everything a client needs to sign in.
    pub fn account(&self) -> &T::Account {
        &self.inner.account
    }

    /// Everything that was accepted and delivered, in order.
    pub fn sends(&self) -> Vec<T::Sent> {
        locked(&self.inner.journal).sends.clone()
    }

    /// Every request, accepted or not, in order of arrival.
    pub fn requests(&self) -> Vec<VendorRequest> {
        locked(&self.inner.journal).requests.clone()
    }

    /// Every feedback that reached the vendor, in order.
    pub fn reports(&self) -> Vec<T::Report> {
        locked(&self.inner.journal).reports.clone()
    }

    /// Waits until at least `n` messages were accepted and returns all; `None` if `timeout` passed first.
    pub async fn wait_for_sends(&self, n: usize, timeout: Duration) -> Option<Vec<T::Sent>> {
        self.inner.noted.wait(timeout, || at_least(n, self.sends())).await
    }

    /// The same for requests that have arrived, answered or not.
    pub async fn wait_for_requests(&self, n: usize, timeout: Duration) -> Option<Vec<VendorRequest>> {
        self.inner.noted.wait(timeout, || at_least(n, self.requests())).await
    }

    /// The same for feedback.
    pub async fn wait_for_reports(&self, n: usize, timeout: Duration) -> Option<Vec<T::Report>> {
        self.inner.noted.wait(timeout, || at_least(n, self.reports())).await
    }

    /// The most requests that were in progress at once.
    pub fn max_concurrent(&self) -> usize {
        self.inner.flights.most()
    }

    /// The most sends to one number that were in progress at once.
    pub fn max_concurrent_sends(&self, phone: &str) -> usize {
        self.inner.flights.most_starts(phone)
    }

    /// The settings as they are.
    pub fn settings(&self) -> T::Settings {
        locked(&self.inner.settings).clone()
    }

    /// Changes settings.
    pub fn configure(&self, change: impl FnOnce(&mut T::Settings)) {
        change(&mut locked(&self.inner.settings));
    }

    /// Lets `fault` strike the next request of `op` that no earlier scripted fault strikes.
    pub fn fail_next(&self, op: T::Op, fault: Fault) {
        self.inner.faults.next(op, fault);
    }

    /// The same for the next `times` requests.
    pub fn fail_times(&self, op: T::Op, times: usize, fault: Fault) {
        (0..times).for_each(|_| self.inner.faults.next(op, fault.clone()));
    }

    /// Lets `fault` strike every request of `op` until [`heal`](Self::heal); replaces an earlier one.
    pub fn fail_always(&self, op: T::Op, fault: Fault) {
        self.inner.faults.sticky(op, 1, fault);
    }

    /// Lets `fault` strike every `n`-th request of `op` until [`heal`](Self::heal): a brown-out.
    pub fn fail_every(&self, op: T::Op, n: u64, fault: Fault) {
        self.inner.faults.sticky(op, n, fault);
    }

    /// Lets `fault` strike every send to a number that begins with `prefix`, until [`heal`](Self::heal).
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

    /// The fault for a request: scripted ones first, then by number, then sticky ones.
    pub(crate) fn fault_for(&self, aimed: &Aimed<T::Op>) -> Option<Fault> {
        let faults = &self.inner.faults;
        let by_number = || {
            let (number, channel) = aimed.send.as_ref()?;
            self.inner.numbers.fault(number, channel)
        };
        faults.take_scripted(&aimed.op).or_else(by_number).or_else(|| faults.take_sticky(&aimed.op))
    }

    pub(crate) fn note_arrival(&self, arrival: &Arrival, faulted: bool) -> usize {
        let request = arrival.noted(self.inner.around.clock.now(), faulted);
        let mut journal = locked(&self.inner.journal);
        journal.requests.push(request);
        let n = journal.requests.len() - 1;
        drop(journal);
        self.inner.noted.ring();
        n
    }

    pub(crate) fn note_answer(&self, n: usize, reply: &Reply) {
        if let Reply::Answer(answer) = reply
            && let Some(request) = locked(&self.inner.journal).requests.get_mut(n)
        {
            request.status = Some(answer.status().as_u16());
        }
    }

    /// Writes a send down and delivers its message, if there is one, to `to`.
    pub(crate) fn note_send(&self, sent: T::Sent, to: &str, message: Option<Message>) {
        self.inner.around.truth.record(T::SEND_FACT, &Fact { provider: T::NAME, content: &sent });
        // Under one lock: whoever sees the send also finds the message, and the other way round.
        let mut journal = locked(&self.inner.journal);
        journal.sends.push(sent);
        if let Some(message) = message {
            self.inner.around.handset.deliver(to, message);
        }
        drop(journal);
        self.inner.noted.ring();
    }

    pub(crate) fn note_report(&self, report: T::Report) {
        self.inner.around.truth.record(T::REPORT_FACT, &Fact { provider: T::NAME, content: &report });
        locked(&self.inner.journal).reports.push(report);
        self.inner.noted.ring();
    }

    /// Writes down that somebody was called back.
    pub(crate) fn note_callback<C: Serialize>(&self, content: &C) {
        self.inner.around.truth.record("callback", &Fact { provider: T::NAME, content });
    }
}
