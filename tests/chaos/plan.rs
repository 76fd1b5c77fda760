//! What happens when: the same for the same seed and length.

use std::collections::HashMap;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::action::{Action, Target, Wire};

/// Before the first action, so that there is something to disturb.
const CALM: Duration = Duration::from_secs(3);

/// One half of an action.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) at: Duration,
    /// It begins here; else it ends.
    pub(crate) begins: bool,
    pub(crate) action: Action,
}

/// Everything that happens in so many seconds: several things at once, but one at a time to each target.
pub(crate) fn plan(seconds: u64, seed: u64) -> Vec<Step> {
    let mut choices = StdRng::seed_from_u64(seed);
    let mut free_at: HashMap<Target, Duration> = HashMap::new();
    let mut steps = Vec::new();
    let mut at = CALM;
    while at < Duration::from_secs(seconds) {
        let action = action(&mut choices);
        let free = free_at.entry(action.target()).or_default();
        if *free <= at {
            let end = at + action.lasts();
            *free = end + action.target().recovers();
            steps.push(Step { at, begins: true, action: action.clone() });
            steps.push(Step { at: end, begins: false, action });
        }
        at += Duration::from_millis(choices.random_range(300..3500));
    }
    steps.retain(|step| !step.begins || step.at < Duration::from_secs(seconds));
    steps.sort_by_key(|step| step.at);
    steps
}

fn action(choices: &mut StdRng) -> Action {
    let node = choices.random_range(0..4);
    let lasts = Duration::from_millis(choices.random_range(500..6000));
    let wire = Wire::ALL[choices.random_range(0..Wire::ALL.len())];
    let n = choices.random_range(1..40);
    match choices.random_range(0..100) {
        0..14 => Action::Kill { node, away: lasts },
        14..22 => Action::Restart { node },
        22..36 => Action::CrashPoint { node, point: choices.random_range(0..100), pass: n },
        36..41 => Action::PostgresImmediate { away: lasts },
        41..46 => Action::PostgresFast { away: lasts },
        46..50 => Action::PostgresKilled { away: lasts },
        50..55 => Action::PostgresFrozen { lasts },
        55..59 => Action::RabbitKilled { away: lasts },
        59..62 => Action::RabbitStopped { away: lasts },
        62..66 => Action::RabbitFrozen { lasts: lasts * 2 },
        66..70 => Action::RabbitAlarm { lasts },
        70..76 => Action::BlackHole { wire, lasts },
        76..81 => Action::Refused { wire, lasts },
        81..86 => Action::Slow { wire, lasts, by: Duration::from_millis(choices.random_range(20..800)) },
        86..90 => Action::Reset { wire },
        90..94 => Action::Forgotten { wire },
        _ => Action::Cut { wire, n },
    }
}
