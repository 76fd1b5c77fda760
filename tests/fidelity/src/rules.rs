//! The rules that the day depends on, each in a day of its own with one or two people in it.

use sim::{Channel, Purpose};

use crate::day::play_plan;
use crate::measure::Measure;
use crate::session::{Act, Session};
use crate::side::Kind;
use crate::time::{MINUTE, Ms, SECOND};
use crate::world::World;

/// Somebody of Identity Engine, …
const IDENTITY: usize = 0;
/// … and of Classic.
const CLASSIC: usize = 1;

const ASK: Act = Act::Ask(Channel::Sms);

fn session(person: usize, late: Ms, acts: &[(Ms, Act)]) -> Session {
    let (purpose, enrols, late) = (Purpose::MfaVerification, None, Some(late));
    Session { person, purpose, enrols, acts: acts.to_vec(), late }
}

/// Both ways to run it, and whatever is true of both.
async fn both(plan: impl Fn() -> Vec<Session>) -> Vec<Measure> {
    let mut both = Vec::new();
    for kind in [Kind::OneProcess, Kind::TwoNodes] {
        // A seed whose first minutes are without a stall of the books.
        let it = play_plan(&World::new(2, 3), plan(), kind).await;
        assert_eq!(it.faults, Vec::<String>::new(), "{kind:?}");
        both.push(it);
    }
    both
}

#[tokio::test]
async fn a_resend_on_identity_engine_leaves_the_newest_code() {
    let plan = || {
        let acts =
            [(0, ASK), (40 * SECOND, ASK), (50 * SECOND, Act::TypeFirst), (60 * SECOND, Act::TypeLast)];
        vec![session(IDENTITY, SECOND, &acts)]
    };
    for it in both(plan).await {
        assert_eq!((it.sent, it.verifications, it.accepted, it.approved, it.posts), (2, 1, 1, 1, 1));
        assert_eq!(
            (it.failures, it.failures_recorded),
            (1, 1),
            "the dead code is entered in the books, and approves nothing"
        );
        assert_eq!((it.told_exact, it.told_exact_recorded), (1, 1), "at the message that was used");
    }
}

#[tokio::test]
async fn a_resend_on_classic_leaves_every_code_and_one_verification() {
    let plan =
        || vec![session(CLASSIC, SECOND, &[(0, ASK), (40 * SECOND, ASK), (60 * SECOND, Act::TypeFirst)])];
    for it in both(plan).await {
        assert_eq!((it.sent, it.verifications, it.accepted, it.approved, it.posts), (2, 1, 1, 1, 1));
        assert_eq!((it.told, it.told_recorded), (1, 1), "as the verification's, whichever message it was");
    }
}

#[tokio::test]
async fn an_older_codes_event_never_closes_a_newer_verification() {
    let plan = || {
        vec![
            // Its event comes when the verification is over and the next one is open.
            session(IDENTITY, 11 * MINUTE, &[(0, ASK), (20 * SECOND, Act::TypeLast)]),
            session(IDENTITY, SECOND, &[(10 * MINUTE + 30 * SECOND, ASK)]),
        ]
    };
    for it in both(plan).await {
        assert_eq!((it.verifications, it.never_completed), (2, 1));
        assert_eq!((it.approved_early, it.closed_by_older, it.wrongly_recorded), (0, 0, 0));
        assert_eq!((it.too_late, it.too_late_recorded), (1, 1), "it is in the books all the same");
    }
    // The measure can fail.
    let sample = play_plan(&World::new(2, 3), plan(), Kind::Sample).await;
    assert_eq!((sample.wrongly_approved, sample.closed_by_older), (1, 1));
}

#[tokio::test]
async fn what_comes_too_late_is_in_the_books() {
    for late in [11 * MINUTE, 59 * MINUTE] {
        let plan = || vec![session(CLASSIC, late, &[(0, ASK), (20 * SECOND, Act::TypeLast)])];
        for it in both(plan).await {
            assert_eq!((it.in_time, it.posts, it.too_late, it.too_late_recorded), (0, 0, 1, 1));
        }
    }
}

#[tokio::test]
async fn wrong_codes_are_in_the_books_and_approve_nothing() {
    let plan = || {
        vec![session(IDENTITY, SECOND, &[(0, ASK), (20 * SECOND, Act::Mistype), (30 * SECOND, Act::Mistype)])]
    };
    for it in both(plan).await {
        assert_eq!((it.failures, it.failures_recorded), (2, 2));
        assert_eq!((it.never_completed, it.posts, it.wrongly_recorded), (1, 0, 0));
    }
}

#[tokio::test]
async fn an_enrolment_is_one_report_and_one_without_a_code_is_none() {
    let enrol = |acts: &[(Ms, Act)]| Session {
        purpose: Purpose::PreEnrollment,
        enrols: Some("+12125550123".to_owned()),
        ..session(IDENTITY, SECOND, acts)
    };
    for it in both(|| vec![enrol(&[(0, ASK), (20 * SECOND, Act::TypeLast)])]).await {
        assert_eq!((it.in_time, it.approved, it.posts), (1, 1, 1));
    }
    // The user has asked for a code, and has not entered it, when somebody else enrols the phone.
    for by in [Act::Administer, Act::Automate] {
        for it in both(|| vec![session(IDENTITY, SECOND, &[(0, ASK), (MINUTE, by)])]).await {
            assert_eq!((it.never_completed, it.wrongly_approved, it.posts), (1, 0, 0), "{by:?}");
        }
    }
}

#[tokio::test]
async fn two_messages_of_one_verification_are_one_report() {
    // The second code is asked for before Twilio knows of the first, so it goes out within the same verification.
    let plan = || {
        vec![
            session(IDENTITY, 90 * SECOND, &[(0, ASK), (20 * SECOND, Act::TypeLast)]),
            session(IDENTITY, SECOND, &[(MINUTE, ASK), (4 * MINUTE, Act::TypeLast)]),
        ]
    };
    for it in both(plan).await {
        assert_eq!((it.sent, it.verifications, it.accepted), (2, 1, 2));
        assert_eq!((it.approved, it.posts, it.told_exact_recorded), (1, 1, 2));
    }
}
