//! Pages: what an overview says, put into words and pictures.

use std::time::Duration;

use askama::Template;
use ledger::TransactionRow;

use super::answer::STYLE;
use super::chart::{Bars, Line, SIZES, begin};
use super::overview::{Calls, Named, Numbers, Overview, Seconds, Share};
use super::problem::{Problem, Severity};
use super::range::Range;
use super::text::{NOTHING, ago, bytes, count, counted, maybe_span, moment, percent, share};
use crate::readiness::Status;

/// `GET /login`
#[derive(Template)]
#[template(path = "login.html")]
pub(super) struct LoginPage {
    style: &'static str,
    wrong: Option<&'static str>,
}

impl LoginPage {
    pub(super) fn new(wrong: Option<&'static str>) -> Self {
        Self { style: STYLE, wrong }
    }
}

/// `GET /`
#[derive(Template)]
#[template(path = "dashboard.html")]
pub(super) struct Page {
    style: &'static str,
    at: String,
    node: String,
    role: &'static str,
    up: String,
    status: Pill,
    ranges: Vec<Choice>,
    range: Range,
    /// Which part of it all these numbers are, where that is not what it seems.
    notes: Vec<String>,
    problems: Vec<Trouble>,
    numbers: Option<Shown>,
    recent: Vec<Recent>,
    process: Vec<Group>,
    /// There is a session that can be ended.
    can_leave: bool,
}

struct Pill {
    class: &'static str,
    text: &'static str,
}

/// A problem, in words and commands.
struct Trouble {
    severity: &'static str,
    what: String,
    why: String,
    todo: Vec<Piece>,
}

struct Piece {
    is_command: bool,
    text: String,
}

impl From<&Problem> for Trouble {
    fn from(problem: &Problem) -> Self {
        let piece = |(n, text): (usize, &str)| Piece { is_command: n % 2 == 1, text: text.to_owned() };
        Self {
            severity: problem.severity.as_str(),
            what: problem.what.clone(),
            why: problem.why.clone(),
            // What stands between backticks is to be typed.
            todo: problem.todo.split('`').enumerate().map(piece).collect(),
        }
    }
}

struct Choice {
    name: &'static str,
    label: &'static str,
    current: bool,
}

/// What the books said.
struct Shown {
    empty: bool,
    tiles: Vec<Tile>,
    bars: Vec<Bars>,
    lines: Vec<Line>,
    steps: Vec<Row>,
    tables: Vec<Table>,
    times: Vec<Times>,
    times_note: String,
    calls: Vec<CallRow>,
}

/// One number that matters.
struct Tile {
    label: &'static str,
    value: String,
    about: String,
}

/// Codes of one kind.
struct Row {
    name: String,
    codes: String,
    sent: String,
    unsent: String,
    unknown: String,
    used: String,
    conversion: String,
    /// Of 100; nothing where nothing was sent.
    meter: Option<f64>,
}

struct Table {
    title: &'static str,
    column: &'static str,
    rows: Vec<Row>,
    /// What was left out.
    more: Option<String>,
}

struct Times {
    label: &'static str,
    about: &'static str,
    count: String,
    p50: String,
    p95: String,
    p99: String,
}

struct CallRow {
    provider: String,
    calls: String,
    accepted: String,
    refused: String,
    failed: String,
    unknown: String,
    p50: String,
    p95: String,
    p99: String,
}

struct Recent {
    at: String,
    id: String,
    org: String,
    user: String,
    channel: String,
    phone: String,
    country: String,
    status: &'static str,
    /// What the status means, as a colour.
    class: &'static str,
    why: Option<String>,
    answer: String,
    provider: String,
    used: String,
}

/// Some lines about a part of this process.
struct Group {
    title: &'static str,
    class: &'static str,
    lines: Vec<(String, String)>,
}

/// More countries than these are a list for SQL.
const MOST_ROWS: usize = 12;

impl Page {
    pub(super) fn new(range: Range, overview: &Overview, can_leave: bool) -> Self {
        let live = &overview.process;
        let choice = |it: Range| Choice { name: it.as_str(), label: it.label(), current: it == range };
        Self {
            style: STYLE,
            at: moment(overview.at),
            node: live.node.clone(),
            role: match live.role {
                "all" => "ingress and worker",
                role => role,
            },
            up: ago(live.started_at, live.at),
            status: pill(overview),
            ranges: Range::ALL.map(choice).into(),
            range,
            notes: notes(range, overview),
            problems: overview.problems.iter().map(Trouble::from).collect(),
            numbers: overview.counted.as_ref().map(|numbers| Shown::new(range, numbers)),
            recent: overview.recent.iter().flatten().map(Recent::from).collect(),
            process: groups(overview),
            can_leave,
        }
    }
}

/// What readiness says, unless a person has more to know than a balancer.
fn pill(overview: &Overview) -> Pill {
    let worst = overview.problems.first().map(|problem| problem.severity);
    let (class, text) = match (overview.status, worst) {
        (Status::Unavailable, _) => ("critical", "No code can be sent"),
        (Status::Degraded, Some(Severity::Critical)) => ("critical", "Degraded: see below"),
        (Status::Degraded, _) => ("warning", "Degraded: codes are sent"),
        (Status::Ready, Some(Severity::Critical | Severity::Warning)) => ("warning", "Ready, but see below"),
        (Status::Ready, _) => ("good", "Ready"),
    };
    Pill { class, text }
}

fn notes(range: Range, overview: &Overview) -> Vec<String> {
    let mut notes = Vec::new();
    if let (Some(at), Some(why)) = (overview.books.as_of, &overview.books.why) {
        notes.push(format!(
            "These numbers are {} old ({} UTC), because {why}.",
            ago(at, overview.at),
            moment(at)
        ));
    }
    if let Some(numbers) = &overview.counted
        && let Some(from) = numbers.counted_from
    {
        notes.push(format!(
            "More than {} codes in {}: the newest are counted, from {} UTC on.",
            count(numbers.counted_at_most.into()),
            range.label(),
            moment(from)
        ));
    }
    notes
}

impl Shown {
    fn new(range: Range, numbers: &Numbers) -> Self {
        let steps = &numbers.by_time;
        let total = &numbers.totals;
        let timed = count(u64::from(numbers.counted_at_most / 10));
        let row = |step: &super::overview::Step| Row::new(begin(step, range), &step.share);
        Self {
            empty: total.tally.codes == 0,
            tiles: tiles(numbers),
            bars: SIZES.into_iter().map(|size| Bars::new(size, steps, range)).collect(),
            lines: SIZES.into_iter().map(|size| Line::new(size, steps, range)).collect(),
            steps: steps.iter().rev().filter(|step| step.share.tally.codes > 0).map(row).collect(),
            tables: vec![
                Table::new("By country", "Country", &numbers.by_country, "no number"),
                Table::new("By channel", "Channel", &numbers.by_channel, "unknown"),
                Table::new("By provider", "Provider", &numbers.by_provider, "nobody was asked"),
            ],
            times: vec![
                Times::new(
                    "Answer to Okta",
                    "from a hook to our answer; Okta waits 3\u{a0}s",
                    numbers.answer_seconds,
                ),
                Times::new(
                    "Feedback",
                    "from Okta's event to the provider's yes",
                    numbers.feedback_lag_seconds,
                ),
            ],
            times_note: format!(
                "Of the last {}, from the books; of more than {timed} the newest {timed}.",
                range.label()
            ),
            calls: numbers.calls.iter().map(CallRow::from).collect(),
        }
    }
}

fn tiles(numbers: &Numbers) -> Vec<Tile> {
    let Share { tally, sent, conversion } = numbers.totals;
    let unsent = tally.failed + tally.blocked;
    vec![
        Tile {
            label: "Codes asked for",
            value: count(tally.codes),
            about: match tally.open {
                0 => "by Okta's hook".to_owned(),
                open => format!("{} under way", count(open)),
            },
        },
        Tile {
            label: "Sent",
            value: percent(share(sent, tally.codes)),
            about: match tally.unknown {
                0 => counted(sent, "code", "codes"),
                unknown => format!("{}, {} of them unsure", counted(sent, "code", "codes"), count(unknown)),
            },
        },
        Tile { label: "Not sent", value: count(unsent), about: format!("{} blocked", count(tally.blocked)) },
        Tile {
            label: "Used",
            value: percent(conversion),
            about: format!("{} of {} sent", count(tally.used), count(sent)),
        },
        Tile {
            label: "Answer to Okta, p95",
            value: maybe_seconds(numbers.answer_seconds.p95),
            about: format!("p50 {}", maybe_seconds(numbers.answer_seconds.p50)),
        },
        Tile {
            label: "Feedback, p99",
            value: maybe_seconds(numbers.feedback_lag_seconds.p99),
            about: format!("p50 {}", maybe_seconds(numbers.feedback_lag_seconds.p50)),
        },
    ]
}

fn maybe_seconds(seconds: Option<f64>) -> String {
    maybe_span(seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()))
}

impl Row {
    fn new(name: String, share: &Share) -> Self {
        let tally = &share.tally;
        Self {
            name,
            codes: count(tally.codes),
            sent: count(share.sent),
            unsent: count(tally.failed + tally.blocked),
            unknown: count(tally.unknown),
            used: count(tally.used),
            conversion: percent(share.conversion),
            meter: share.conversion.map(|share| (share.clamp(0.0, 1.0) * 1_000.0).round() / 10.0),
        }
    }
}

impl Table {
    fn new(title: &'static str, column: &'static str, named: &[Named], nameless: &str) -> Self {
        let name = |it: &Named| it.name.clone().unwrap_or_else(|| nameless.to_owned());
        let rows: Vec<_> = named.iter().take(MOST_ROWS).map(|it| Row::new(name(it), &it.share)).collect();
        let left: u64 = named.iter().skip(MOST_ROWS).map(|it| it.share.tally.codes).sum();
        let others = named.len().saturating_sub(MOST_ROWS);
        let more = (others > 0).then(|| format!("and {others} more with {}", counted(left, "code", "codes")));
        Self { title, column, rows, more }
    }
}

impl Times {
    fn new(label: &'static str, about: &'static str, seconds: Seconds) -> Self {
        Self {
            label,
            about,
            count: count(seconds.count),
            p50: maybe_seconds(seconds.p50),
            p95: maybe_seconds(seconds.p95),
            p99: maybe_seconds(seconds.p99),
        }
    }
}

impl From<&Calls> for CallRow {
    fn from(calls: &Calls) -> Self {
        Self {
            provider: calls.provider.clone(),
            calls: count(calls.calls),
            accepted: percent(share(calls.accepted, calls.calls)),
            refused: count(calls.refused),
            failed: count(calls.failed),
            unknown: count(calls.ambiguous),
            p50: maybe_seconds(calls.seconds.p50),
            p95: maybe_seconds(calls.seconds.p95),
            p99: maybe_seconds(calls.seconds.p99),
        }
    }
}

fn or_nothing(text: Option<impl ToString>) -> String {
    text.map_or_else(|| NOTHING.to_owned(), |text| text.to_string())
}

impl From<&TransactionRow> for Recent {
    fn from(row: &TransactionRow) -> Self {
        let (status, class) = match row.status.as_str() {
            "accepted" => ("accepted", "good"),
            "received" => ("under way", "open"),
            "ambiguous" => ("unknown", "unknown"),
            other => (other, "unsent"),
        };
        let (status, class) = if row.duplicate_of.is_some() { ("copy", "open") } else { (status, class) };
        Self {
            at: or_nothing(row.received_at.map(moment)),
            id: row.id.to_string(),
            org: or_nothing(row.org.as_ref()),
            user: or_nothing(row.okta_user_id.as_ref()),
            channel: or_nothing(row.channel),
            phone: or_nothing(row.phone.as_ref()),
            country: or_nothing(row.country.as_ref()),
            status,
            class,
            why: row.failure_class.map(|class| class.as_str().replace('_', " ")),
            answer: or_nothing(row.answer.map(otp::Answer::as_str)),
            provider: or_nothing(row.provider.as_ref()),
            used: match (row.verified_at, row.received_at) {
                (Some(verified), Some(received)) => format!("after {}", ago(received, verified)),
                (Some(_), None) => "yes".to_owned(),
                (None, _) => NOTHING.to_owned(),
            },
        }
    }
}

fn groups(overview: &Overview) -> Vec<Group> {
    let live = &overview.process;
    let class = |status| match status {
        Status::Ready => "good",
        Status::Degraded => "warning",
        Status::Unavailable => "critical",
    };
    let line = |name: &str, text: String| (name.to_owned(), text);
    let (journal, queue) = (&live.readiness.journal, &live.readiness.queue);
    let mut lines = vec![line("Size", format!("{} of {}", bytes(journal.bytes), bytes(journal.max_bytes)))];
    for cursor in &live.cursors {
        let name = match cursor.name {
            "ledger" => "Waits for the books",
            "relay" => "Waits for the queue",
            other => other,
        };
        let since = cursor.oldest.map_or_else(String::new, |at| format!(", oldest {}", ago(at, live.at)));
        lines.push(line(name, format!("{}{since}", counted(cursor.pending, "record", "records"))));
    }
    let mut groups = vec![
        Group { title: "Journal", class: class(journal.status), lines },
        Group {
            title: "Queue",
            class: class(queue.status),
            lines: vec![
                line(
                    "Waiting or in hand",
                    counted(queue.depth.try_into().unwrap_or(u64::MAX), "event", "events"),
                ),
                line("State", queue.why.clone().unwrap_or_else(|| "takes and gives".to_owned())),
            ],
        },
    ];
    let books = &live.readiness.ledger;
    groups.push(Group {
        title: "Books",
        class: class(books.status),
        lines: vec![
            line("State", books.why.clone().unwrap_or_else(|| "take facts".to_owned())),
            line(
                "Read",
                overview.books.as_of.map_or_else(|| "not yet".to_owned(), |at| format!("{} UTC", moment(at))),
            ),
        ],
    });
    groups.push(match &live.readiness.providers {
        Some(providers) => Group {
            title: "Breakers",
            class: class(providers.status),
            lines: providers
                .breakers
                .iter()
                .map(|it| {
                    let state = match (it.forced, it.state) {
                        (Some("open"), _) => "taken out by hand".to_owned(),
                        (Some(_), _) => "kept in by hand".to_owned(),
                        (None, "closed") => "closed: it is asked".to_owned(),
                        (None, "half_open") => format!("tried out again ({})", it.why.unwrap_or("it failed")),
                        (None, _) => format!("open: skipped ({})", it.why.unwrap_or("it failed")),
                    };
                    (it.provider.clone(), state)
                })
                .collect(),
        },
        None => Group {
            title: "Breakers",
            class: "off",
            lines: vec![line("State", "this process sends nothing".to_owned())],
        },
    });
    groups.push(Group {
        title: "Guard",
        class: "off",
        lines: vec![line("State", "no guard configured".to_owned())],
    });
    groups
}
