use std::collections::BTreeMap;

use serde_json::Value;

use crate::dice::Dice;
use crate::time::{MINUTE, Ms, SECOND};

/// When a delivery is due, and to which org's hook.
pub(crate) type Slot = (Ms, usize);

/// Events on their way out of Okta: late by anything from milliseconds to an hour, together with others that are ready at the same time.
#[derive(Default)]
pub(crate) struct Outbox(BTreeMap<Slot, Vec<Value>>);

/// Deliveries that wait for others leave at multiples of this.
const GRID: Ms = 2 * SECOND;

impl Outbox {
    /// Puts the events of one moment in; what is returned is to be delivered then.
    pub(crate) fn put(&mut self, org: usize, now: Ms, events: Vec<Value>, dice: &mut Dice) -> Vec<Slot> {
        let mut new = Vec::new();
        let mut slot = (0, org);
        for (n, event) in events.into_iter().enumerate() {
            // The twins of an enrolment come together as a rule.
            if n == 0 || dice.chance(0.2) {
                slot = (ready(now + delay(dice), dice), org);
            }
            new.extend(self.add(slot, event));
        }
        new
    }

    /// Takes what is due, in any order.
    pub(crate) fn take(&mut self, slot: Slot, dice: &mut Dice) -> Vec<Value> {
        let mut events = self.0.remove(&slot).unwrap_or_default();
        dice.shuffle(&mut events);
        events
    }

    /// Events that were delivered come again, among others.
    pub(crate) fn again(&mut self, org: usize, now: Ms, events: Vec<Value>, dice: &mut Dice) -> Vec<Slot> {
        let mut new = Vec::new();
        for event in events {
            let at = now + dice.skewed(SECOND, 5 * MINUTE);
            new.extend(self.add((ready(at, dice), org), event));
        }
        new
    }

    fn add(&mut self, slot: Slot, event: Value) -> Option<Slot> {
        let events = self.0.entry(slot).or_default();
        events.push(event);
        (events.len() == 1).then_some(slot)
    }
}

fn ready(at: Ms, dice: &mut Dice) -> Ms {
    if dice.chance(0.7) { (at / GRID + 1) * GRID } else { at }
}

/// Okta: no order, no longest delay; seconds as a rule, and nothing to complain about within the hour.
fn delay(dice: &mut Dice) -> Ms {
    match dice.case(&[700, 220, 60, 15, 5]) {
        0 => dice.skewed(20, 2 * SECOND),
        1 => dice.skewed(2 * SECOND, 30 * SECOND),
        2 => dice.skewed(30 * SECOND, 5 * MINUTE),
        3 => dice.between(5 * MINUTE, 12 * MINUTE),
        _ => dice.between(12 * MINUTE, 60 * MINUTE),
    }
}
