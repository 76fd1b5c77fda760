use std::fmt::Write as _;

use crate::measure::Measure;
use crate::time::SECOND;

/// What a line of the table says of one side; `None` where there is nothing to say.
type Cell = fn(&Measure) -> Option<String>;

const LINES: [(&str, Cell); 20] = [
    ("messages sent", |it| Some(it.sent.to_string())),
    ("codes accepted by Okta", |it| Some(it.accepted.to_string())),
    ("… that no event tells of (recovery on Classic)", |it| Some(it.untold.to_string())),
    ("verifications at Twilio", |it| Some(it.verifications.to_string())),
    ("completed, and Okta's event came in time", |it| Some(it.in_time.to_string())),
    ("… of these, approved", |it| Some(share(it.approved, it.in_time))),
    ("never completed", |it| Some(it.never_completed.to_string())),
    ("… of these, approved", |it| Some(it.wrongly_approved.to_string())),
    ("approved before its own code was entered", |it| Some(it.approved_early.to_string())),
    ("closed by the event of an older code", |it| Some(it.closed_by_older.to_string())),
    ("too late for Twilio, in the books as verified", |it| books(it, it.too_late_recorded, it.too_late)),
    ("all codes Okta told of, in the books as verified", |it| books(it, it.told_recorded, it.told)),
    ("… at the very message (Identity Engine)", |it| books(it, it.told_exact_recorded, it.told_exact)),
    ("in the books as verified, and never was", |it| {
        it.kind.keeps_books().then(|| it.wrongly_recorded.to_string())
    }),
    ("wrong codes, in the books", |it| books(it, it.failures_recorded, it.failures)),
    ("reports per verification", |it| {
        Some(format!("{:.3} ({} answered 404)", it.posts_per_verification(), it.posts_in_vain))
    }),
    ("event to approval, p50 / p99", |it| {
        let seconds = |ms: i64| ms as f64 / SECOND as f64;
        Some(format!("{:.2} s / {:.2} s", seconds(it.lag(0.5)?), seconds(it.lag(0.99)?)))
    }),
    ("cancelled, so that another code could be sent", |it| Some(it.canceled.to_string())),
    ("messages refused with 60203", |it| Some(it.refused.to_string())),
    ("users locked out by it", |it| Some(it.lost.to_string())),
];

/// The table, in Markdown.
pub fn table(sides: &[Measure]) -> String {
    let mut text = String::from("| |");
    for side in sides {
        let _ = write!(text, " {} |", side.kind.title());
    }
    text.push_str("\n| --- |");
    text.push_str(&" --- |".repeat(sides.len()));
    for (name, cell) in LINES {
        let _ = write!(text, "\n| {name} |");
        for side in sides {
            let _ = write!(text, " {} |", cell(side).unwrap_or_else(|| "–".to_owned()));
        }
    }
    text.push('\n');
    text
}

fn share(some: usize, all: usize) -> String {
    let percent = some as f64 * 100.0 / all.max(1) as f64;
    format!("{percent:.2} % ({some} of {all})")
}

fn books(it: &Measure, some: usize, all: usize) -> Option<String> {
    it.kind.keeps_books().then(|| share(some, all))
}
