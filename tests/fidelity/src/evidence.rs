//! After the day: what is left of it everywhere, and the measure that is taken of it.

use std::collections::{HashMap, HashSet};

use ledger::{EventRow, TransactionRow};
use sim::{Engine, Sim};

use crate::measure::Measure;
use crate::session::Session;
use crate::side::{Kind, Side};
use crate::time::{Ms, ms_of};
use crate::truth::{Accepted, Truth};
use crate::verification::Verification;
use crate::world::{ORGS, World};

/// Everything there is to look at.
pub(crate) struct Evidence<'a> {
    world: &'a World,
    sessions: &'a [Session],
    truth: &'a Truth,
    sends: Vec<sim::Send>,
    reports: Vec<sim::Report>,
    /// When messages were refused with 429.
    refused: HashSet<Ms>,
    books: Option<Books>,
}

/// What the service wrote down.
struct Books {
    /// By the moment the hook came.
    transactions: HashMap<Ms, TransactionRow>,
    /// By uuid.
    events: HashMap<String, EventRow>,
}

/// What is looked up while it is measured.
struct Index<'e> {
    /// The verification's SID of every code that was sent.
    verification_of: HashMap<&'e str, &'e str>,
    verifications: HashMap<&'e str, Verification<'e>>,
    /// The code that an event tells of.
    told_by: HashMap<&'e str, &'e Accepted>,
}

impl<'a> Evidence<'a> {
    /// Collects it.
    pub(crate) async fn collect(
        world: &'a World,
        sessions: &'a [Session],
        truth: &'a Truth,
        sim: &Sim,
        side: &Side,
    ) -> Self {
        let refusal = |it: &&sim::Request| it.status == Some(429) && it.path.ends_with("/Verifications");
        let books = match side {
            Side::Ringback(ringback) => {
                let (transactions, events) = (ringback.transactions().await, ringback.events().await);
                let when = |row: TransactionRow| Some((ms_of(row.received_at?), row));
                let transactions = transactions.into_iter().filter_map(when).collect();
                let events = events.into_iter().map(|row| (row.uuid.clone(), row)).collect();
                Some(Books { transactions, events })
            }
            Side::Sample(_) => None,
        };
        Self {
            world,
            sessions,
            truth,
            sends: sim.twilio().sends(),
            reports: sim.twilio().reports(),
            refused: sim.twilio().requests().iter().filter(refusal).map(|it| ms_of(it.at)).collect(),
            books,
        }
    }

    /// Measures `kind`'s day.
    pub(crate) fn measure(&self, kind: Kind) -> Measure {
        let index = self.index();
        let mut it = Measure {
            kind,
            sent: self.sends.len(),
            verifications: index.verifications.len(),
            accepted: self.truth.accepted.len(),
            untold: self.truth.accepted.iter().filter(|it| it.events.is_empty()).count(),
            posts: self.approvals().count(),
            posts_in_vain: self.approvals().filter(|it| it.http_status == 404).count(),
            canceled: self
                .reports
                .iter()
                .filter(|it| it.status == "canceled" && it.http_status == 200)
                .count(),
            refused: self.refused.len(),
            lost: self.locked_out(),
            ..Measure::default()
        };
        for (sid, verification) in &index.verifications {
            self.approval(&mut it, &index, sid, verification);
        }
        it.lags.sort_unstable();
        if let Some(books) = &self.books {
            self.compare(&mut it, &index, books);
        }
        it.faults.sort_unstable();
        it
    }

    fn approvals(&self) -> impl Iterator<Item = &sim::Report> {
        self.reports.iter().filter(|it| it.status == "approved")
    }

    fn index(&self) -> Index<'_> {
        let verification_of: HashMap<_, _> =
            self.sends.iter().map(|it| (it.code.as_str(), it.verification_sid.as_str())).collect();
        let mut verifications: HashMap<&str, Verification<'_>> = HashMap::new();
        for send in &self.sends {
            let began = ms_of(send.at);
            let fresh = || Verification { began, ..Verification::default() };
            verifications.entry(&send.verification_sid).or_insert_with(fresh);
        }
        for accepted in &self.truth.accepted {
            let sid = verification_of[accepted.code.as_str()];
            verifications.get_mut(sid).unwrap().accepted.push(accepted);
        }
        for report in self.approvals() {
            if let Some(sid) = &report.verification_sid {
                verifications.get_mut(sid.as_str()).unwrap().approved = Some(ms_of(report.at));
            }
        }
        let events = |it: &'a Accepted| it.events.iter().map(move |uuid| (uuid.as_str(), it));
        Index {
            verification_of,
            verifications,
            told_by: self.truth.accepted.iter().flat_map(events).collect(),
        }
    }

    /// Users who had no code to type, because it was refused.
    fn locked_out(&self) -> usize {
        let asked = self.truth.asked.iter().filter(|it| self.refused.contains(&it.at));
        let refused: HashSet<usize> = asked.map(|it| it.session).collect();
        self.truth.lost.iter().filter(|it| refused.contains(it)).count()
    }

    /// One verification: was it approved, and should it have been?
    fn approval(&self, it: &mut Measure, index: &Index<'_>, sid: &str, verification: &Verification<'_>) {
        let Verification { began, approved, .. } = *verification;
        let first = verification.first();
        it.never_completed += usize::from(first.is_none());
        if let Some(at) = verification.approved_early() {
            it.approved_early += 1;
            it.wrongly_approved += usize::from(first.is_none());
            let event = self.truth.handled.get(&at).map_or("", String::as_str);
            let by = index.told_by.get(event).filter(|by| index.verification_of[by.code.as_str()] != sid);
            it.closed_by_older += usize::from(by.is_some());
            it.faults.push(format!(
                "{began}: approved at {at}, before its code was entered ({first:?}), by {}",
                self.about([event])
            ));
        }
        let Some(told) = verification.tellable(self.truth) else { return };
        it.in_time += 1;
        if let Some(at) = approved {
            it.approved += 1;
            it.lags.push((at - told).max(0));
        } else {
            let events = verification.accepted.iter().flat_map(|it| &it.events).map(String::as_str);
            it.faults.push(format!(
                "{began}: not approved, entered at {first:?}, told at {told}: {}",
                self.about(events)
            ));
        }
    }

    /// The books against the truth.
    fn compare(&self, it: &mut Measure, index: &Index<'_>, books: &Books) {
        let mut recorded: HashSet<(&str, &str)> = HashSet::new();
        for (at, row) in books.transactions.iter().filter(|(_, row)| row.verified_at.is_some()) {
            let (Some(sid), Some(user)) = (&row.provider_ref, &row.okta_user_id) else { continue };
            recorded.insert((sid, user));
            if index.verifications[sid.as_str()].accepted.is_empty() {
                it.wrongly_recorded += 1;
                it.faults.push(format!("{at}: in the books as verified, and never was"));
            }
        }
        let asked: HashMap<&str, _> = self.truth.asked.iter().map(|it| (it.code.as_str(), it)).collect();
        for accepted in &self.truth.accepted {
            let Some(told) = accepted.told(self.truth) else { continue };
            let sid = index.verification_of[accepted.code.as_str()];
            let asked = asked[accepted.code.as_str()];
            let user = self.world.people[self.sessions[asked.session].person].id.as_str();
            let found = recorded.contains(&(sid, user));
            it.told += 1;
            it.told_recorded += usize::from(found);
            let ends = index.verifications[sid].ends();
            if told >= ends || accepted.at >= ends {
                it.too_late += 1;
                it.too_late_recorded += usize::from(found);
            }
            let exact = books.transactions.get(&asked.at).is_some_and(|row| row.verified_at.is_some());
            if ORGS[asked.org].1 == Engine::Identity {
                it.told_exact += 1;
                it.told_exact_recorded += usize::from(exact);
            }
            if !found || (!exact && ORGS[asked.org].1 == Engine::Identity) {
                it.faults.push(format!(
                    "{}: entered at {}, told at {told}, not in the books as verified: {}",
                    asked.at,
                    accepted.at,
                    self.about(accepted.events.iter().map(String::as_str))
                ));
            }
        }
        it.failures = self.truth.failures.len();
        it.failures_recorded =
            self.truth.failures.iter().filter(|uuid| books.events.contains_key(*uuid)).count();
    }

    /// What the books say of events.
    fn about<'b>(&self, uuids: impl IntoIterator<Item = &'b str>) -> String {
        let Some(books) = &self.books else { return String::new() };
        let words = uuids.into_iter().filter_map(|uuid| books.events.get(uuid)).map(|row| {
            let kind = row.event_type.as_deref().unwrap_or_default();
            let note = row.note.as_deref().unwrap_or_default();
            let at = row.settled_at.map(ms_of);
            format!("{kind} {:?}: {} ({note}) at {at:?}", row.channel, row.state.as_str())
        });
        words.collect::<Vec<_>>().join("; ")
    }
}
