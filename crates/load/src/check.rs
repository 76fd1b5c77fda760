//! Every id, looked up in the books.

use std::collections::HashMap;

use crate::case::Case;
use crate::provider::Created;
use crate::report;
use crate::subject::Subject;

/// Hooks with what became of them; every column as text, for both databases.
const HOOKS: &str = "SELECT t.okta_event_id, CAST(t.status AS TEXT), CAST(t.answer AS TEXT), t.provider_ref,
    CAST((SELECT count(*) FROM send_attempts a
        WHERE a.transaction_id = t.id AND CAST(a.outcome AS TEXT) = 'accepted') AS TEXT)
    FROM otp_transactions t";
/// Events with theirs.
const EVENTS: &str = "SELECT e.uuid, CAST(e.state AS TEXT), CAST((SELECT count(*) FROM feedback_reports r
        WHERE r.event_uuid = e.uuid AND CAST(r.result AS TEXT) = 'reported') AS TEXT)
    FROM okta_events e";

/// What is not as it must be.
#[derive(Default)]
struct Findings {
    checked: usize,
    problems: Vec<String>,
    more: usize,
}

impl Findings {
    fn problem(&mut self, text: String) {
        match self.problems.len() {
            0..10 => self.problems.push(text),
            _ => self.more += 1,
        }
    }
}

/// Compares the books with what the generator and the provider know; prints what is wrong.
pub(crate) async fn books(case: &Case) -> anyhow::Result<bool> {
    let mut found = Findings::default();
    hooks(case, &mut found).await?;
    events(case, &mut found).await?;
    if case.wrong > 0 {
        // A machine that is too busy, as a rule: not what the books are about.
        report::verdict(&format!("{} requests were refused", case.wrong));
    }
    for problem in &found.problems {
        report::verdict(problem);
    }
    if found.more > 0 {
        report::verdict(&format!("… and {} more", found.more));
    }
    let right = found.problems.is_empty();
    let word = if right { "the books are complete" } else { "THE BOOKS ARE WRONG" };
    report::verdict(&format!("{word}: {} hooks and events looked up", found.checked));
    Ok(right)
}

async fn hooks(case: &Case, found: &mut Findings) -> anyhow::Result<()> {
    let mut missing: HashMap<u64, ()> = case.accepted.iter().map(|subject| (*subject, ())).collect();
    let all = missing.len();
    case.deployment
        .books
        .each(HOOKS, |column| {
            let id = column(0).unwrap_or_default();
            let word = |n| column(n).unwrap_or_default();
            let known = Subject::of_event_id(&id).filter(|subject| missing.remove(&subject.0).is_some());
            let Some(subject) = known else {
                // What was refused may be there as not sent; what was sent may not.
                if word(1) == "accepted" {
                    found.problem(format!("{id}: accepted in the books, but not (or not once) answered so"));
                }
                return;
            };
            let wanted = (subject.phone().trim_start_matches('+').parse().ok())
                .map(|phone| Created { phone, code: subject.0 });
            let reference = word(3);
            if (word(1).as_str(), word(2).as_str(), word(4).as_str()) != ("accepted", "SUCCESSFUL", "1") {
                found.problem(format!("{id}: {} {} {} accepted attempts", word(1), word(2), word(4)));
            } else if case.provider.behind(&reference) != wanted {
                found.problem(format!("{id}: {reference} belongs to another number or code"));
            }
        })
        .await?;
    if !missing.is_empty() {
        found.problem(format!("{} of {all} hooks are missing", missing.len()));
    }
    found.checked += all;
    Ok(())
}

async fn events(case: &Case, found: &mut Findings) -> anyhow::Result<()> {
    let skipped = case.taken.iter().map(|subject| (*subject, ("skipped", "0")));
    let done = case.approved.iter().map(|subject| (*subject, ("done", "1")));
    let mut missing: HashMap<u64, _> = skipped.chain(done).collect();
    let all = missing.len();
    case.deployment
        .books
        .each(EVENTS, |column| {
            let id = column(0).unwrap_or_default();
            let wanted = Subject::of_event_id(&id).and_then(|subject| missing.remove(&subject.0));
            let is = (column(1).unwrap_or_default(), column(2).unwrap_or_default());
            if wanted.is_none_or(|wanted| wanted != (is.0.as_str(), is.1.as_str())) {
                found.problem(format!("event {id}: {is:?} instead of {wanted:?}"));
            }
        })
        .await?;
    if !missing.is_empty() {
        found.problem(format!("{} of {all} events are missing", missing.len()));
    }
    found.checked += all;
    Ok(())
}
