//! Facts of before an erasure are entered without the erased person.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use jiff::Timestamp;
use otp::{ErasureMark, EventReceived, Fact, FeedbackReported, HookReceived, OrgName, SendNoted};

use crate::text::text;

/// A report about an event of before the erasure may come after it: as long as an event may be worked on.
const UNDER_WAY: Duration = Duration::from_secs(3_600);

/// What the books know of those who were erased, of all that a batch asked about.
pub(crate) type Erasures = HashMap<String, Timestamp>;

/// The marks that the people in `facts` would have, each once and in order.
pub(crate) fn marks(facts: &[Fact]) -> Vec<String> {
    let mut marks = BTreeSet::new();
    for fact in facts {
        match fact {
            Fact::HookReceived(hook) => marks.extend(of_hook(hook)),
            Fact::EventReceived(received) => marks.extend(of_event(received)),
            Fact::FeedbackReported(report) => marks.extend(of_report(report)),
            Fact::SendNoted(noted) => marks.extend(of_send(noted)),
            _ => {}
        }
    }
    marks.into_iter().map(|mark| mark.as_str().to_owned()).collect()
}

fn of_hook(hook: &HookReceived) -> Vec<ErasureMark> {
    let user = hook.okta_user_id.as_deref();
    let user = user.into_iter().flat_map(|user| of_user(Some(&hook.org), user));
    user.chain(hook.phone.as_ref().map(|phone| ErasureMark::phone(phone.hmac.as_str()))).collect()
}

fn of_event(received: &EventReceived) -> Vec<ErasureMark> {
    let event = &received.event;
    let Some(user) = &event.okta_user_id else { return Vec::new() };
    of_user(Some(&event.id.org), user)
        .into_iter()
        .chain([ErasureMark::event(event.id.org.as_str(), &text(&event.id.uuid))])
        .collect()
}

fn of_send(noted: &SendNoted) -> Vec<ErasureMark> {
    let user = noted.event.okta_user_id.as_deref();
    user.map_or_else(Vec::new, |user| of_user(Some(&noted.event.id.org), user).to_vec())
}

fn of_report(report: &FeedbackReported) -> Vec<ErasureMark> {
    let hmac = report.phone_hmac.as_ref();
    hmac.map_or_else(Vec::new, |hmac| {
        vec![ErasureMark::phone(hmac.as_str()), ErasureMark::report(hmac.as_str())]
    })
}

fn of_user(org: Option<&otp::OrgName>, user: &str) -> [ErasureMark; 2] {
    // As the books would have it.
    let user = text(user);
    [ErasureMark::user(org, &user), ErasureMark::user(None, &user)]
}

/// What else has to be known again of somebody whose rows are erased: reports about the numbers they had, users who are known by their
/// number alone (org, id), and events that belonged to transactions with their number.
pub(crate) fn further_marks(
    hmacs: Vec<String>,
    owners: &[(String, String)],
    events: impl Iterator<Item = (String, String)>,
) -> Vec<String> {
    let users =
        owners.iter().filter_map(|(org, user)| Some(ErasureMark::user(Some(&OrgName::new(org).ok()?), user)));
    let marks: BTreeSet<_> = hmacs
        .iter()
        .map(|hmac| ErasureMark::report(hmac))
        .chain(users)
        .chain(events.map(|(org, uuid)| ErasureMark::event(&org, &uuid)))
        .collect();
    marks.into_iter().map(|mark| mark.as_str().to_owned()).collect()
}

/// `facts` without those who were erased after what the fact tells of.
pub(crate) fn without<'f>(facts: &'f [Fact], erasures: &Erasures) -> Cow<'f, [Fact]> {
    if erasures.is_empty() {
        return Cow::Borrowed(facts);
    }
    let gone = |marks: Vec<ErasureMark>, at: Timestamp| {
        marks.iter().any(|mark| erasures.get(mark.as_str()).is_some_and(|erased| at <= *erased))
    };
    let strip = |fact: &Fact| match fact {
        Fact::HookReceived(hook) if gone(of_hook(hook), hook.received_at) => {
            let phone = hook.phone.clone().map(otp::SealedPhone::erased);
            Fact::HookReceived(HookReceived { okta_user_id: None, phone, ..hook.clone() })
        }
        Fact::EventReceived(received) if gone(of_event(received), received.received_at) => {
            let mut received = received.clone();
            received.event.okta_user_id = None;
            Fact::EventReceived(received)
        }
        Fact::SendNoted(noted) if gone(of_send(noted), noted.published()) => {
            let mut noted = noted.clone();
            noted.event.okta_user_id = None;
            Fact::SendNoted(noted)
        }
        Fact::FeedbackReported(report)
            if gone(
                of_report(report),
                report.reported_at.saturating_sub(UNDER_WAY).unwrap_or(Timestamp::MIN),
            ) =>
        {
            Fact::FeedbackReported(FeedbackReported { phone_hmac: None, ..report.clone() })
        }
        other => other.clone(),
    };
    Cow::Owned(facts.iter().map(strip).collect())
}
