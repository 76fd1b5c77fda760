use std::time::Duration;

use jiff::Timestamp;
use ledger::{Attention, Drain};
use serde::Serialize;
use telephony::BreakerStatus;

use super::books::Seen;
use super::live::Live;
use super::text::{ago, count, counted};
use crate::readiness::Status;

/// Something that is wrong now, for a person who has not read the manual.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Problem {
    pub(super) severity: Severity,
    /// What is wrong.
    pub(super) what: String,
    /// What that means, and why it is so.
    pub(super) why: String,
    /// What to do about it.
    pub(super) todo: String,
}

/// The worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Severity {
    /// Codes are not sent, or by luck.
    Critical,
    /// Something waits for a person, or gets worse.
    Warning,
    /// Worth knowing.
    Notice,
}

impl Severity {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

/// The books trail so far behind before anybody is told.
const BEHIND: i64 = 60;
/// Fewer calls than these say nothing about a provider.
const FEW: u64 = 5;

/// Everything that is wrong, the worst first.
pub(super) fn problems(live: &Live, seen: &Seen) -> Vec<Problem> {
    let mut found = Found(Vec::new());
    found.journal(live);
    found.providers(live);
    found.okta(live);
    found.feedback(live);
    found.books(live, seen);
    found.queue(live);
    found.process(live);
    if let Some(standing) = &seen.standing {
        found.attention(&standing.attention, live);
    }
    found.0.sort_by_key(|problem| problem.severity);
    found.0
}

struct Found(Vec<Problem>);

impl Found {
    fn add(
        &mut self,
        severity: Severity,
        what: impl Into<String>,
        why: impl Into<String>,
        todo: impl Into<String>,
    ) {
        self.0.push(Problem { severity, what: what.into(), why: why.into(), todo: todo.into() });
    }

    fn journal(&mut self, live: &Live) {
        let journal = &live.readiness.journal;
        let why = journal.why.clone().unwrap_or_default();
        match journal.status {
            Status::Unavailable => self.add(
                Severity::Critical,
                "No code is sent: the journal takes nothing",
                format!("{why}. Hooks and events are refused with 503, because what cannot be recorded is not done."),
                "Make room on the journal's disk or raise `journal.max_bytes`; if the books are away too, bring them back first: what they took makes room.",
            ),
            Status::Degraded => self.add(
                Severity::Warning,
                "The journal is nearly full",
                "When it is full, hooks and events are refused.",
                "Bring the books and the queue back, or raise `journal.max_bytes`.",
            ),
            Status::Ready => {}
        }
    }

    fn okta(&mut self, live: &Live) {
        if let Some(why) = live.readiness.okta.as_ref().and_then(|okta| okta.why.as_deref()) {
            self.add(
                Severity::Warning,
                "Okta refuses our API credential",
                format!("{why}. Logins without a record of their send wait in the queue."),
                "Mend the credential: `ringback doctor` tells what it may do. Then everything goes on by itself.",
            );
        }
    }

    fn feedback(&mut self, live: &Live) {
        if let Some(why) = live.readiness.feedback.as_ref().and_then(|it| it.why.as_deref()) {
            self.add(
                Severity::Warning,
                "A provider is not told which codes are used",
                format!("{}. Each is tried again until its verification is over, after ten minutes as a rule; then it is lost.", capital(why)),
                "`ringback doctor` tells whether the credential is good; otherwise see the provider's status page.",
            );
        }
    }

    fn providers(&mut self, live: &Live) {
        let Some(providers) = &live.readiness.providers else { return };
        let open: Vec<&BreakerStatus> = providers.breakers.iter().filter(|it| !it.is_closed()).collect();
        if !providers.breakers.is_empty() && open.len() == providers.breakers.len() {
            if providers.status == Status::Unavailable {
                self.add(
                    Severity::Critical,
                    "No code is sent: every provider is taken out by hand",
                    "Okta is told that the code was not sent.",
                    "Put one back: `ringback breaker auto NAME`.",
                );
            } else {
                self.add(
                    Severity::Critical,
                    "Every provider fails: codes go out by luck",
                    "All of them are still asked for every code, in the order of the routes.",
                    "Look at each provider below; `ringback doctor` tells what is wrong with it.",
                );
            }
        }
        for breaker in open {
            let (name, since) = (&breaker.provider, passed(breaker.seconds, live.at));
            if breaker.is_forced_open() {
                self.add(
                    Severity::Warning,
                    format!("{name} is taken out by hand"),
                    format!("For {since} no code has gone through it."),
                    format!("Put it back with `ringback breaker auto {name}`."),
                );
                continue;
            }
            let (why, todo) = match breaker.why {
                Some("misconfigured") => (
                    "it refuses our credentials or settings",
                    format!(
                        "Check the settings below `[telephony.providers.{name}]`; `ringback doctor` tells which are wrong."
                    ),
                ),
                Some("slow") => (
                    "it takes too long",
                    "Nothing, if it recovers; otherwise see its status page.".to_owned(),
                ),
                Some("busy") => (
                    "it says that we ask too often",
                    "Ask the provider for a higher limit, or spread codes over more of them by routes."
                        .to_owned(),
                ),
                _ => (
                    "its calls fail",
                    "See its status page; `ringback doctor` tells whether it can be reached.".to_owned(),
                ),
            };
            let state = if breaker.state == "half_open" { "is being tried out again" } else { "is skipped" };
            self.add(
                Severity::Warning,
                format!("{name} {state}: {why}"),
                format!("So it has been for {since}. Codes go to the next provider of the route, if there is one; it is tried again by itself."),
                todo,
            );
        }
    }

    fn books(&mut self, live: &Live, seen: &Seen) {
        let ledger = &live.readiness.ledger;
        let waiting = live.cursors.iter().find(|cursor| cursor.name == Drain::CURSOR);
        let (pending, oldest) = waiting.map_or((0, None), |cursor| (cursor.pending, cursor.oldest));
        let since = oldest.map_or_else(String::new, |at| format!(", the oldest for {}", ago(at, live.at)));
        if let Some(why) = &ledger.why {
            self.add(
                Severity::Warning,
                "The books take nothing",
                format!("{}. {} wait in the journal{since}; codes and feedback go on meanwhile, and nothing is lost.", capital(why), counted(pending, "fact", "facts")),
                "Bring the database back (`ledger.url`). What waits is entered by itself.",
            );
        } else if oldest.is_some_and(|at| live.at.duration_since(at).as_secs() >= BEHIND) {
            self.add(
                Severity::Warning,
                "The books trail behind",
                format!("{} wait in the journal{since}.", counted(pending, "fact", "facts")),
                "Look at the database's load. Numbers on this page are as old as that.",
            );
        }
        if ledger.why.is_none()
            && let Some(why) = &seen.trouble
        {
            self.add(
                if seen.is_late { Severity::Notice } else { Severity::Warning },
                "The books cannot be read in time for this page",
                format!("{}.", capital(why)),
                "Load the page again; if it stays so, look at the database's load. Codes and feedback do not wait for this.",
            );
        }
    }

    fn queue(&mut self, live: &Live) {
        let queue = &live.readiness.queue;
        if let Some(why) = &queue.why {
            self.add(
                Severity::Warning,
                "Events do not reach the queue",
                format!(
                    "{}. {} in the journal; nothing is lost, but providers hear late of used codes.",
                    capital(why),
                    counted(queue.pending, "record waits", "records wait")
                ),
                "Bring RabbitMQ back (`queue.url`); a memory or disk alarm there has the same effect.",
            );
        }
    }

    fn process(&mut self, live: &Live) {
        if live.readiness.stopping {
            self.add(
                Severity::Notice,
                "This process is stopping",
                "It takes what still comes and tells balancers to look elsewhere.",
                "Nothing.",
            );
        }
        for (part, times) in &live.panics {
            self.add(
                Severity::Warning,
                format!("{part} ended in a panic {} since the start", times_of(*times)),
                "That is a mistake in Ringback. It began again by itself, and nothing that was on disk is lost.",
                "Please report it with the log's lines around the word panic.",
            );
        }
        for (endpoint, n) in live.refused.iter().filter(|(endpoint, _)| endpoint != "admin") {
            self.add(
                Severity::Notice,
                format!("{} with a wrong or missing secret at {endpoint}", counted(*n, "call", "calls")),
                format!("Since this process started, {} ago.", ago(live.started_at, live.at)),
                "If Okta's hooks fail: was a secret changed on one side only? Otherwise somebody is trying doors.",
            );
        }
    }

    fn attention(&mut self, attention: &Attention, live: &Live) {
        let now = live.at;
        let since = |oldest: Option<Timestamp>| {
            oldest.map_or_else(String::new, |at| format!("The oldest came {} ago. ", ago(at, now)))
        };
        let pile = &attention.waiting_events;
        if pile.count > 0 {
            self.add(
                Severity::Warning,
                format!("{} for more than a minute", counted(pile.count, "event has waited", "events have waited")),
                format!("{}Providers have not heard of these codes: no worker runs, or what it needs (Okta, the provider) is away or refuses it.", since(pile.oldest)),
                "Is `ringback serve --role worker` running? If so, its log and `/readyz` say what it waits for.",
            );
        }
        let pile = &attention.dead_letters;
        if pile.count > 0 {
            self.add(
                Severity::Warning,
                counted(pile.count, "dead letter", "dead letters"),
                format!("{}The worker has given these events up; their providers were not told that the code was used.", since(pile.oldest)),
                "`ringback dead list` says why; when that is mended, `ringback dead replay --all` puts them back to work.",
            );
        }
        let pile = &attention.quarantined;
        if pile.count > 0 {
            self.add(
                Severity::Warning,
                format!("{} put aside in the last 24 hours", counted(pile.count, "message", "messages")),
                format!("{}Nobody could read what came, or the books refused it. It is kept sealed in the table quarantine.", since(pile.oldest)),
                "The column `reason` there says what was wrong. After a change at Okta or a downgrade this is a case for the maintainers.",
            );
        }
        let pile = &attention.unresolved;
        if pile.count > 0 {
            self.add(
                Severity::Notice,
                counted(
                    pile.count,
                    "call of which nobody knows whether it sent a code",
                    "calls of which nobody knows whether they sent a code",
                ),
                format!("{}In the last 24 hours; they are looked up at the provider for six hours, where it can be asked.", since(pile.oldest)),
                "`ringback transactions list --status ambiguous`. What stays open is found in the provider's console by number and time.",
            );
        }
        for calls in &attention.recent_calls {
            let name = &calls.provider;
            // Said already, where the breaker says it.
            let skipped = live
                .readiness
                .providers
                .as_ref()
                .is_some_and(|it| it.breakers.iter().any(|it| it.provider == *name && !it.is_closed()));
            if skipped {
                continue;
            }
            if calls.misconfigured > 0 {
                self.add(
                    Severity::Warning,
                    format!("{name} refused our credentials or settings"),
                    format!("{} of {} in the last 15 minutes.", count(calls.misconfigured), counted(calls.calls, "call", "calls")),
                    format!("Check the settings below `[telephony.providers.{name}]`; `ringback doctor` tells which are wrong."),
                );
            } else if calls.calls >= FEW && calls.unsure * 10 > calls.calls {
                self.add(
                    Severity::Warning,
                    format!("{name} does not surely send"),
                    format!(
                        "{} of {} in the last 15 minutes were not sent, or nobody knows.",
                        count(calls.unsure),
                        counted(calls.calls, "call", "calls")
                    ),
                    "See the provider's status page; `ringback doctor` tells whether it can be reached.",
                );
            }
        }
    }
}

/// So many seconds, in their largest unit.
fn passed(seconds: u64, now: Timestamp) -> String {
    let begun = now.saturating_sub(Duration::from_secs(seconds)).unwrap_or(now);
    ago(begun, now)
}

fn times_of(n: u64) -> String {
    if n == 1 { "once".to_owned() } else { format!("{} times", count(n)) }
}

/// As a sentence begins.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::{SignedDuration, Timestamp};
    use ledger::{Attention, Pile, RecentCalls};
    use telephony::BreakerStatus;

    use super::super::books::{Seen, Standing};
    use super::super::live::{Cursor, Live};
    use super::{Problem, Severity, problems};
    use crate::readiness::{JournalReport, LedgerReport, ProvidersReport, QueueReport, Report, Status};

    fn now() -> Timestamp {
        "2026-11-21T12:00:00Z".parse().unwrap()
    }

    /// Nothing is wrong.
    fn well() -> (Live, Attention) {
        let readiness = Report {
            status: Status::Ready,
            stopping: false,
            journal: JournalReport { status: Status::Ready, why: None, bytes: 1, max_bytes: 10 },
            ledger: LedgerReport { status: Status::Ready, why: None, pending: 0 },
            queue: QueueReport { status: Status::Ready, why: None, depth: 0, pending: 0 },
            providers: Some(ProvidersReport {
                status: Status::Ready,
                why: None,
                breakers: ["a", "b"].map(|name| breaker(name, "closed", None, None)).into(),
            }),
            okta: None,
            feedback: None,
        };
        let cursors = ["ledger", "relay"].map(|name| Cursor { name, pending: 0, oldest: None }).into();
        let live = Live {
            at: now(),
            node: "node-1".to_owned(),
            role: "all",
            started_at: now(),
            readiness,
            cursors,
            panics: Vec::new(),
            refused: Vec::new(),
        };
        (live, Attention::default())
    }

    fn breaker(
        name: &str,
        state: &'static str,
        why: Option<&'static str>,
        forced: Option<&'static str>,
    ) -> BreakerStatus {
        BreakerStatus { provider: name.to_owned(), state, why, forced, seconds: 75 }
    }

    fn found(live: &Live, attention: &Attention) -> Vec<Problem> {
        let standing = Standing { attention: attention.clone(), recent: Vec::new() };
        problems(live, &Seen { standing: Some(Arc::new(standing)), ..Seen::default() })
    }

    fn whats(problems: &[Problem]) -> Vec<&str> {
        problems.iter().map(|problem| problem.what.as_str()).collect()
    }

    #[test]
    fn when_all_is_well_nothing_is_said() {
        let (live, attention) = well();
        assert_eq!(found(&live, &attention), []);
    }

    #[test]
    fn the_worst_comes_first_and_everything_says_what_to_do() {
        let (mut live, mut attention) = well();
        let oldest = Some(now() - SignedDuration::from_hours(3));
        attention.unresolved = Pile { count: 2, oldest };
        attention.dead_letters = Pile { count: 1_000, oldest };
        attention.quarantined = Pile { count: 1, oldest };
        attention.waiting_events = Pile { count: 7, oldest };
        live.readiness.journal.status = Status::Unavailable;
        live.readiness.journal.why = Some("the journal is full".to_owned());
        live.readiness.ledger.why = Some("the ledger did not answer within 5s".to_owned());
        live.readiness.queue.why = Some("nobody listens".to_owned());
        live.panics = vec![("worker".to_owned(), 2)];
        live.refused = vec![("events".to_owned(), 41), ("admin".to_owned(), 9)];
        let found = found(&live, &attention);
        assert_eq!(found.len(), 9, "{:#?}", whats(&found));
        assert_eq!(found[0].severity, Severity::Critical);
        assert!(found.is_sorted_by_key(|problem| problem.severity));
        for problem in &found {
            assert!(!problem.why.is_empty() && !problem.todo.is_empty(), "{problem:?}");
            assert_eq!(problem.todo.matches('`').count() % 2, 0, "{problem:?}");
        }
        let said = whats(&found).join("\n");
        for part in [
            "1,000 or more dead letters",
            "7 events have waited for more than a minute",
            "41 calls with a wrong",
            "worker ended in a panic 2 times",
        ] {
            assert!(said.contains(part), "{part}:\n{said}");
        }
        assert!(!said.contains('9'), "a wrong token is not a problem by itself: {said}");
    }

    #[test]
    fn providers_are_named_with_what_is_wrong_with_them() {
        let (mut live, mut attention) = well();
        let calls = |provider: &str, calls, misconfigured, unsure| RecentCalls {
            provider: provider.to_owned(),
            calls,
            misconfigured,
            unsure,
        };
        attention.recent_calls = vec![calls("a", 20, 0, 2), calls("b", 4, 0, 4)];
        assert_eq!(found(&live, &attention), [], "a tenth is not more than a tenth, and four calls are few");
        attention.recent_calls = vec![calls("a", 20, 0, 3), calls("b", 4, 1, 1)];
        assert_eq!(
            whats(&found(&live, &attention)),
            ["a does not surely send", "b refused our credentials or settings"]
        );
        let providers = live.readiness.providers.as_mut().unwrap();
        providers.breakers[1] = breaker("b", "open", Some("misconfigured"), None);
        assert_eq!(
            whats(&found(&live, &attention)),
            ["b is skipped: it refuses our credentials or settings", "a does not surely send"],
            "what its breaker says is not said twice"
        );
        let providers = live.readiness.providers.as_mut().unwrap();
        providers.breakers[0] = breaker("a", "half_open", Some("slow"), None);
        let all = found(&live, &Attention::default());
        assert_eq!((all[0].severity, all.len()), (Severity::Critical, 3), "{all:#?}");
        let providers = live.readiness.providers.as_mut().unwrap();
        providers.breakers = ["a", "b"].map(|name| breaker(name, "open", None, Some("open"))).into();
        providers.status = Status::Unavailable;
        let all = found(&live, &Attention::default());
        assert!(all[0].what.starts_with("No code is sent"), "{all:#?}");
        assert!(all[1].todo.contains("`ringback breaker auto a`"), "{all:#?}");
    }

    #[test]
    fn books_that_trail_are_no_news_for_a_minute() {
        let (mut live, attention) = well();
        for (seconds, said) in [(59, 0), (60, 1)] {
            let oldest = Some(now() - SignedDuration::from_secs(seconds));
            live.cursors[0] = Cursor { name: "ledger", pending: 3, oldest };
            assert_eq!(found(&live, &attention).len(), said, "{seconds}");
        }
        let (live, _) = well();
        let trouble = Some("the ledger did not answer within 3s".to_owned());
        let seen = Seen { trouble, ..Seen::default() };
        let late = Seen { is_late: true, ..seen.clone() };
        for (seen, severity) in [(seen, Severity::Warning), (late, Severity::Notice)] {
            let found = problems(&live, &seen);
            assert_eq!(whats(&found), ["The books cannot be read in time for this page"]);
            assert_eq!(found[0].severity, severity);
        }
    }
}
