//! What Okta and its users do all day, and what they were told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use sim::{Channel, Handset, HookRequest, Okta, Outcome, User};
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::truth::Witness;
use crate::wait::PATIENCE;

/// How much of what.
#[derive(Debug, Clone)]
pub struct Pace {
    /// Codes asked for, per second.
    pub hooks_per_second: u32,
    /// Of a hundred: how many hooks come twice at once.
    pub twice: u32,
    /// Of a hundred: how many users type a wrong code first.
    pub wrong: u32,
    /// Of a hundred: how many users never type anything.
    pub silent: u32,
    /// Of a hundred: how many deliveries are made again.
    pub redelivered: u32,
    /// Events of no interest that come along with each delivery, at most.
    pub noise: usize,
    /// How long people look for their phone, at most.
    pub typing: Duration,
    /// What repeats the same choices.
    pub seed: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            hooks_per_second: 50,
            twice: 0,
            wrong: 0,
            silent: 0,
            redelivered: 0,
            noise: 0,
            typing: Duration::from_millis(300),
            seed: 1,
        }
    }
}

/// What was said to a hook.
#[derive(Debug, Clone)]
pub struct Told {
    /// Okta's id of the hook.
    pub event_id: String,
    /// When it was due to be called, since the load began.
    pub due: Duration,
    /// From then to the answer: a caller that is late counts too.
    pub took: Duration,
    /// The answer's status; none if there was none.
    pub status: Option<u16>,
    /// Whether Okta takes the code as sent.
    pub sent: bool,
}

/// The longest of the shortest so many in a hundred.
pub fn percentile(told: &[Told], of_a_hundred: usize) -> Duration {
    let mut took: Vec<_> = told.iter().map(|told| told.took).collect();
    took.sort_unstable();
    took.get(took.len() * of_a_hundred / 100).copied().unwrap_or_default()
}

struct Inner {
    okta: Okta,
    handset: Handset,
    witness: Witness,
    pace: Pace,
    people: Mutex<VecDeque<User>>,
    told: Mutex<Vec<Told>>,
    choices: Mutex<StdRng>,
    begun: Instant,
    tasks: TaskTracker,
}

/// A load that runs until it is stopped.
pub struct Load {
    inner: Arc<Inner>,
    stop: CancellationToken,
}

impl Load {
    /// Begins.
    pub fn start(okta: &Okta, handset: &Handset, witness: &Witness, pace: Pace) -> Self {
        let people = (0..pace.hooks_per_second * 60).map(|n| {
            let phone = format!("+1555{:07}", 2_000_000 + n);
            let user = User::new(&format!("00uload{n:013}"), &format!("load{n}@example.com")).phone(&phone);
            okta.add_user(user.clone());
            user
        });
        let inner = Arc::new(Inner {
            okta: okta.clone(),
            handset: handset.clone(),
            witness: witness.clone(),
            people: Mutex::new(people.collect()),
            told: Mutex::default(),
            choices: Mutex::new(StdRng::seed_from_u64(pace.seed)),
            pace,
            begun: Instant::now(),
            tasks: TaskTracker::new(),
        });
        let stop = CancellationToken::new();
        inner.tasks.spawn(stop.clone().run_until_cancelled_owned(inner.clone().call()));
        inner.tasks.spawn(stop.clone().run_until_cancelled_owned(inner.clone().deliver()));
        Self { inner, stop }
    }

    /// How long it has been running.
    pub fn elapsed(&self) -> Duration {
        self.inner.begun.elapsed()
    }

    /// What was said so far.
    pub fn told(&self) -> Vec<Told> {
        self.inner.told.lock().unwrap().clone()
    }

    /// Ends; what users and Okta have begun, they finish. Gives what was said.
    pub async fn stop(self) -> Vec<Told> {
        self.stop.cancel();
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
        let events = self.inner.okta.take_events();
        self.inner.witness.events(&events);
        let begun = Instant::now();
        for some in events.chunks(100) {
            // The last ones are not for losing.
            while !self.inner.okta.deliver(some.to_vec()).await.is_received() {
                assert!(begun.elapsed() < PATIENCE, "the last events are not taken");
                sleep(Duration::from_millis(100)).await;
            }
        }
        self.told()
    }
}

impl Inner {
    fn chance(&self, of_a_hundred: u32) -> bool {
        self.choices.lock().unwrap().random_range(0..100) < of_a_hundred
    }

    fn up_to(&self, most: Duration) -> Duration {
        most.mul_f64(self.choices.lock().unwrap().random_range(0.0..1.0))
    }

    /// Calls the hook at a steady rate, however long the answers take.
    async fn call(self: Arc<Self>) {
        if self.pace.hooks_per_second == 0 {
            return std::future::pending().await;
        }
        let mut ticks = interval(Duration::from_secs(1) / self.pace.hooks_per_second);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        loop {
            let due = ticks.tick().await.into_std().duration_since(self.begun);
            // Where everybody waits for a code, nobody asks for one.
            let user = self.people.lock().unwrap().pop_front();
            if let Some(user) = user {
                let me = self.clone();
                self.tasks.spawn(async move {
                    me.login(&user, due).await;
                    me.people.lock().unwrap().push_back(user);
                });
            }
        }
    }

    async fn login(&self, user: &User, due: Duration) {
        let channel = if self.chance(20) { Channel::Voice } else { Channel::Sms };
        // Ten digits, so that nothing else looks like one.
        let code = format!("{:010}", self.choices.lock().unwrap().random_range(0..10_000_000_000_u64));
        let request = HookRequest::new(user, channel).code(&code);
        let (twice, wrong, silent) =
            (self.chance(self.pace.twice), self.chance(self.pace.wrong), self.chance(self.pace.silent));
        let first = self.fire(&request, due);
        if twice {
            tokio::join!(first, self.fire(&request, due));
        } else {
            first.await;
        }
        sleep(self.up_to(self.pace.typing)).await;
        // Whatever Okta was told: a code that came is typed in.
        if silent || self.handset.latest_code(&request.phone).as_deref() != Some(&request.code) {
            return;
        }
        if wrong {
            self.okta.enter_code(&user.id, "0000").await.unwrap();
            sleep(self.up_to(self.pace.typing)).await;
        }
        self.okta.enter_code(&user.id, &request.code).await.unwrap();
    }

    async fn fire(&self, request: &HookRequest, due: Duration) {
        let result = self.okta.fire_hook(request).await;
        let told = Told {
            event_id: request.event_id.clone(),
            due,
            took: self.begun.elapsed().saturating_sub(due),
            status: result.http_status,
            sent: result.is_sent(),
        };
        self.told.lock().unwrap().push(told);
    }

    /// Delivers what happened, in batches, some of them twice.
    async fn deliver(self: Arc<Self>) {
        let mut ticks = interval(Duration::from_millis(150));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let mut events = self.okta.take_events();
            if self.pace.noise > 0 {
                let nobody = User::new("00unobody000000000000", "nobody@example.com");
                let count = self.choices.lock().unwrap().random_range(0..=self.pace.noise);
                let noise =
                    || self.okta.event_mfa(&nobody, "PASSWORD_AS_FACTOR", Outcome::Success, Timestamp::now());
                events.extend((0..count).map(|_| noise()));
            }
            // On disk before anybody can have seen them.
            self.witness.events(&events);
            let size = self.choices.lock().unwrap().random_range(1..=25);
            for batch in events.chunks(size) {
                let (me, batch) = (self.clone(), batch.to_vec());
                let again = self.chance(self.pace.redelivered);
                self.tasks.spawn(async move {
                    me.okta.deliver(batch.clone()).await;
                    if again {
                        me.okta.deliver(batch).await;
                    }
                });
            }
        }
    }
}
