//! What users mean to do, whatever comes of it.

use sim::{Channel, Purpose};

use crate::dice::Dice;
use crate::time::{MINUTE, Ms, SECOND};
use crate::world::{World, number};

/// How long people come and go.
pub(crate) const DAY: Ms = 10 * 60 * MINUTE;

/// One thing somebody wants: to sign in, to enrol a phone, …
#[derive(Debug, Clone)]
pub(crate) struct Session {
    /// Place among the people.
    pub(crate) person: usize,
    pub(crate) purpose: Purpose,
    /// The number to enrol.
    pub(crate) enrols: Option<String>,
    pub(crate) acts: Vec<(Ms, Act)>,
    /// Its events are delivered so much later, once and alone; by chance where nothing is said.
    pub(crate) late: Option<Ms>,
}

/// What they do, at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// Asks for a code.
    Ask(Channel),
    /// Types something that is no code.
    Mistype,
    /// Types the first code that came.
    TypeFirst,
    /// Types the last code that came.
    TypeLast,
    /// Verifies another factor, which the event hook tells of as well.
    Other(&'static str),
    /// An admin enrols the phone for them: no code is sent.
    Administer,
    /// A program does so, with an API token.
    Automate,
}

/// Everything that is meant to happen in the day.
pub(crate) fn plan(world: &World) -> Vec<Session> {
    let mut all = Vec::new();
    for person in 0..world.people.len() {
        let mut dice = Dice::of(world.seed, &[2, person as u64]);
        let mut at = dice.between(0, DAY);
        // A few open one application after the other, each with a code of its own.
        let busy = dice.chance(0.05);
        let many = if busy { 5 + dice.below(4) } else { 1 + dice.case(&[40, 30, 20, 10]) };
        for _ in 0..many {
            let session = session(&mut dice, person, at);
            let end = session.acts.last().map_or(at, |(at, _)| *at);
            all.push(session);
            at = end
                + match (busy, dice.chance(0.3)) {
                    (true, _) => dice.skewed(3 * SECOND, MINUTE),
                    (false, true) => dice.skewed(3 * SECOND, 8 * MINUTE),
                    (false, false) => dice.between(20 * MINUTE, DAY / 2),
                };
        }
    }
    all
}

fn session(dice: &mut Dice, person: usize, at: Ms) -> Session {
    let new_phone = number(500_000 + person);
    let (purpose, enrols) = match dice.case(&[80, 7, 5, 4]) {
        0 => (Purpose::MfaVerification, None),
        1 => (Purpose::PreEnrollment, Some(new_phone)),
        2 => (Purpose::PasswordReset, None),
        _ => (Purpose::AccountUnlock, None),
    };
    let acts = match dice.case(&[88, 8, 2]) {
        0 => with_codes(dice, at),
        1 => without_codes(dice, at),
        // "It does not come": a call to the help desk, which enrols the number by hand.
        _ => vec![(at, Act::Ask(Channel::Sms)), (at + dice.between(MINUTE, 6 * MINUTE), Act::Administer)],
    };
    Session { person, purpose, enrols, acts, late: None }
}

/// A sign-in by other means; now and then an admin enrols a phone out of the blue.
fn without_codes(dice: &mut Dice, at: Ms) -> Vec<(Ms, Act)> {
    let first = match dice.case(&[8, 1, 1]) {
        0 => Act::Other("PASSWORD_AS_FACTOR"),
        1 => Act::Administer,
        _ => Act::Automate,
    };
    let second = ["OKTA_VERIFY_PUSH", "SIGNED_NONCE", "FIDO_WEBAUTHN"][dice.below(3)];
    vec![(at, first), (at + dice.between(2 * SECOND, 30 * SECOND), Act::Other(second))]
}

fn with_codes(dice: &mut Dice, mut at: Ms) -> Vec<(Ms, Act)> {
    let mut acts = Vec::new();
    if dice.chance(0.6) {
        acts.push((at, Act::Other("PASSWORD_AS_FACTOR")));
        at += dice.between(300, 3 * SECOND);
    }
    let channel = if dice.chance(0.85) { Channel::Sms } else { Channel::Voice };
    acts.push((at, Act::Ask(channel)));
    let resends = match dice.case(&[80, 12, 4, 4]) {
        many @ 0..3 => many,
        // Somebody who keeps pressing the button.
        _ => 4 + dice.below(5),
    };
    for _ in 0..resends {
        // Okta: one challenge per number every 30 seconds.
        at += dice.skewed(31 * SECOND, if resends > 3 { 70 * SECOND } else { 4 * MINUTE });
        let other = if channel == Channel::Sms { Channel::Voice } else { Channel::Sms };
        acts.push((at, Act::Ask(if dice.chance(0.2) { other } else { channel })));
    }
    if dice.chance(0.10) {
        return acts;
    }
    at += if dice.chance(0.9) {
        dice.skewed(4 * SECOND, 60 * SECOND)
    } else {
        dice.between(MINUTE, 5 * MINUTE)
    };
    if dice.chance(0.1) {
        acts.push((at, Act::Mistype));
        at += dice.between(3 * SECOND, 15 * SECOND);
        if dice.chance(0.2) {
            return acts;
        }
    }
    if resends > 0 && dice.chance(0.3) {
        acts.push((at, Act::TypeFirst));
        at += dice.between(3 * SECOND, 15 * SECOND);
    }
    acts.push((at, Act::TypeLast));
    if dice.chance(0.2) {
        // Identity Engine asks for more on the same page.
        acts.push((at + dice.between(1, 1500), Act::Other("PASSWORD_AS_FACTOR")));
    }
    acts
}
