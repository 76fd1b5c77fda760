//! The day itself: what is due next happens, on a clock that stands meanwhile.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use sim::{CodeCheck, Engine, Okta, Options, Outcome, Purpose, Sim};

use crate::dice::Dice;
use crate::evidence::Evidence;
use crate::measure::Measure;
use crate::outbox::{Outbox, Slot};
use crate::ringback::Work;
use crate::session::{Act, Session, plan};
use crate::side::{Kind, Side};
use crate::time::{MINUTE, Ms, VirtualClock};
use crate::truth::{Accepted, Asked, Truth};
use crate::world::{ADMIN, ORGS, World};

/// The events that Classic has for recovery by phone; none of them says by which factor (Okta: event types catalog).
const CLASSIC_RECOVERY: &str = "user.account.reset_password";
/// No request is given up because the machine is slow.
const PATIENCE: Duration = Duration::from_secs(120);

/// Plays the world's day once for every side, each in a world of its own, at the same time.
pub async fn play_all(world: &World) -> Vec<Measure> {
    futures_util::future::join_all(Kind::ALL.map(|kind| play(world, kind))).await
}

/// Plays the world's day with `kind` between Okta and Twilio, and measures what came of it.
pub async fn play(world: &World, kind: Kind) -> Measure {
    play_plan(world, plan(world), kind).await
}

/// The same for a day of which it is known what happens in it.
pub(crate) async fn play_plan(world: &World, sessions: Vec<Session>, kind: Kind) -> Measure {
    let mut sims = Vec::new();
    for (_, engine) in ORGS {
        let sim = Sim::start(Options::default()).await.unwrap();
        sim.okta().configure(|it| {
            it.engine = engine;
            (it.hook_timeout, it.delivery_timeout) = (PATIENCE, PATIENCE);
        });
        sims.push(sim);
    }
    for person in &world.people {
        sims[person.org].okta().add_user(person.user());
    }
    for sim in &sims {
        sim.okta().add_user(sim::User::new(ADMIN, "admin@example.com").phone("+12125550100"));
    }
    let clock = VirtualClock::new(sims.iter().map(|sim| sim.clock().clone()).collect());
    let side = Side::start(kind, world, &sims, &clock).await;
    let mut day = Day {
        seed: world.seed,
        people: world.people.iter().map(|it| (it.id.clone(), it.org)).collect(),
        codes: vec![Vec::new(); sessions.len()],
        over: vec![false; sessions.len()],
        sessions,
        okta: sims.iter().map(|sim| sim.okta().clone()).collect(),
        side,
        clock,
        agenda: BTreeMap::new(),
        entered: 0,
        outbox: Outbox::default(),
        truth: Truth::default(),
    };
    for session in 0..day.sessions.len() {
        for act in 0..day.sessions[session].acts.len() {
            day.enter(day.sessions[session].acts[act].0, Step::Act { session, act });
        }
    }
    day.run().await;
    let measured =
        Evidence::collect(world, &day.sessions, &day.truth, &sims[0], &day.side).await.measure(kind);
    drop(day);
    for sim in sims {
        sim.shutdown().await;
    }
    measured
}

enum Step {
    Act {
        session: usize,
        act: usize,
    },
    /// An event hook's delivery.
    Deliver(Slot),
    /// This delivery, once more as a rule.
    Repeat {
        org: usize,
        envelope: Value,
    },
    Work(Work),
}

struct Day {
    seed: u64,
    /// Id and org.
    people: Vec<(String, usize)>,
    sessions: Vec<Session>,
    /// Codes that came, by session.
    codes: Vec<Vec<String>>,
    /// Sessions that reached what they were for.
    over: Vec<bool>,
    okta: Vec<Okta>,
    side: Side,
    clock: VirtualClock,
    /// By time, then by when it was entered.
    agenda: BTreeMap<(Ms, u64), Step>,
    entered: u64,
    outbox: Outbox,
    truth: Truth,
}

impl Day {
    fn enter(&mut self, at: Ms, step: Step) {
        self.entered += 1;
        self.agenda.insert((at, self.entered), step);
    }

    async fn run(&mut self) {
        while let Some(((due, _), step)) = self.agenda.pop_first() {
            // No two steps share a moment, so that a moment says what happened.
            let now = due.max(self.clock.at() + 1);
            self.clock.set(now);
            let next = match step {
                Step::Act { session, act } => {
                    self.act(now, session, act).await;
                    self.side.next(now).await
                }
                Step::Deliver(slot) => {
                    self.deliver(now, slot).await;
                    self.side.next(now).await
                }
                Step::Repeat { org, envelope } => {
                    self.post(now, org, &envelope).await;
                    self.side.next(now).await
                }
                Step::Work(work) => {
                    if let Work::Event(message) = &work {
                        let (_, uuid) = message.key.split_once('/').unwrap();
                        self.truth.handled.insert(now, uuid.to_owned());
                    }
                    self.side.work(now, work).await
                }
            };
            for (at, work) in next {
                self.enter(at, Step::Work(work));
            }
        }
    }

    async fn act(&mut self, now: Ms, session: usize, act: usize) {
        let (_, doing) = self.sessions[session].acts[act];
        let (user, org) = self.people[self.sessions[session].person].clone();
        let okta = self.okta[org].clone();
        match doing {
            Act::Ask(_) | Act::Mistype | Act::TypeFirst | Act::TypeLast if self.over[session] => {}
            Act::Ask(channel) => {
                let (hook, events) = self.side.urls(org);
                okta.point_at(&hook, &events);
                let Session { purpose, enrols, .. } = &self.sessions[session];
                let asked = match enrols {
                    Some(phone) => okta.enrol(&user, phone, channel).await,
                    None => okta.ask_for_code(&user, channel, *purpose).await,
                };
                let asked = asked.unwrap();
                let code = asked.code().to_owned();
                if asked.is_sent() {
                    self.codes[session].push(code.clone());
                }
                self.truth.asked.push(Asked { at: now, session, org, code });
            }
            Act::Mistype => self.type_in(now, session, act, "0").await,
            Act::TypeFirst | Act::TypeLast => {
                let codes = &self.codes[session];
                let code = if doing == Act::TypeFirst { codes.first() } else { codes.last() };
                match code.cloned() {
                    Some(code) => self.type_in(now, session, act, &code).await,
                    None if doing == Act::TypeLast => self.truth.lost.push(session),
                    None => {}
                }
            }
            // Classic tells of second factors only.
            Act::Other("PASSWORD_AS_FACTOR") if ORGS[org].1 == Engine::Classic => {}
            Act::Other(factor) => {
                let known = okta.user(&user).unwrap();
                let event = okta.event_mfa(&known, factor, Outcome::Success, self.clock_now());
                self.send_out(now, org, vec![event], &[session as u64, act as u64]);
            }
            Act::Administer | Act::Automate => {
                let known = okta.user(&user).unwrap();
                let factors: &[&str] = match ORGS[org].1 {
                    Engine::Identity => &["SMS_FACTOR", "CALL_FACTOR"],
                    Engine::Classic => &["SMS_FACTOR"],
                };
                let by_admin = |factor: &&str| {
                    let mut event = okta.event_activate(&known, factor, self.clock_now());
                    event["actor"]["id"] = json!(ADMIN);
                    if doing == Act::Automate {
                        event["transaction"]["detail"]["requestApiTokenId"] = json!("00T00000000000000001");
                    }
                    event
                };
                let events = factors.iter().map(by_admin).collect();
                self.send_out(now, org, events, &[session as u64, act as u64]);
            }
        }
    }

    async fn type_in(&mut self, now: Ms, session: usize, act: usize, code: &str) {
        let (user, org) = self.people[self.sessions[session].person].clone();
        let check = self.okta[org].enter_code(&user, code).await.unwrap();
        let mut events = self.okta[org].take_events();
        let purpose = self.sessions[session].purpose;
        let recovery = matches!(purpose, Purpose::AccountUnlock | Purpose::PasswordReset);
        let silent = recovery && ORGS[org].1 == Engine::Classic;
        if silent {
            events.iter_mut().for_each(|event| event["eventType"] = json!(CLASSIC_RECOVERY));
        }
        let uuids = || events.iter().map(|event| event["uuid"].as_str().unwrap().to_owned());
        match check {
            CodeCheck::Accepted(it) => {
                self.over[session] = true;
                let events = if silent { Vec::new() } else { uuids().collect() };
                self.truth.accepted.push(Accepted { at: now, code: it.code, events });
            }
            CodeCheck::Rejected(_) if !silent => self.truth.failures.extend(uuids()),
            CodeCheck::Rejected(_) | CodeCheck::NothingOpen => {}
        }
        self.send_out(now, org, events, &[session as u64, act as u64]);
    }

    fn send_out(&mut self, now: Ms, org: usize, events: Vec<Value>, name: &[u64; 2]) {
        let session = usize::try_from(name[0]).unwrap();
        if let Some(late) = self.sessions[session].late {
            if !events.is_empty() {
                let envelope = self.okta[org].envelope(&events);
                self.enter(now + late, Step::Repeat { org, envelope });
            }
            return;
        }
        let mut dice = Dice::of(self.seed, &[3, name[0], name[1]]);
        for slot in self.outbox.put(org, now, events, &mut dice) {
            self.enter(slot.0, Step::Deliver(slot));
        }
    }

    async fn deliver(&mut self, now: Ms, slot: Slot) {
        let (at, org) = slot;
        let mut dice = Dice::of(self.seed, &[4, at.unsigned_abs(), org as u64]);
        let events = self.outbox.take(slot, &mut dice);
        let envelope = self.okta[org].envelope(&events);
        self.post(now, org, &envelope).await;
        if dice.chance(0.05) {
            self.enter(now + dice.skewed(100, 2 * MINUTE), Step::Repeat { org, envelope });
        }
        if dice.chance(0.04) {
            for slot in self.outbox.again(org, now, events, &mut dice) {
                self.enter(slot.0, Step::Deliver(slot));
            }
        }
    }

    async fn post(&mut self, now: Ms, org: usize, envelope: &Value) {
        let (hook, events) = self.side.urls(org);
        self.okta[org].point_at(&hook, &events);
        assert!(self.okta[org].deliver_body(envelope).await.is_received());
        let uuids = envelope["data"]["events"].as_array().unwrap().iter();
        let uuids = uuids.map(|event| event["uuid"].as_str().unwrap().to_owned());
        for (n, uuid) in uuids.enumerate() {
            if n == 0 && self.side.works_at_delivery() {
                self.truth.handled.insert(now, uuid.clone());
            }
            self.truth.delivered.entry(uuid).or_insert(now);
        }
    }

    fn clock_now(&self) -> jiff::Timestamp {
        crate::time::moment(self.clock.at())
    }
}
