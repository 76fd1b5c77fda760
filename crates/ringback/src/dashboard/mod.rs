//! The dashboard: one page about how it goes, for people, and the same as JSON.
//!
//! It shows and changes nothing. What it says of the books was read a few seconds ago at most, by one reading at a time, on a connection
//! that no code and no event waits for ([`books`]); what it says of this process is as of now ([`live`]). When the books are away, the rest
//! is shown, and what is wrong is said first ([`problem`]).

mod answer;
mod books;
mod chart;
mod door;
mod host;
mod live;
mod overview;
mod page;
mod problem;
mod range;
mod session;
mod text;
mod tries;

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use http::StatusCode;
use ledger::{Ledger, TransactionFilter};
use metrics_exporter_prometheus::PrometheusHandle;
use otp::{Clock, TransactionStatus};
use serde::Deserialize;

pub(crate) use self::door::{Door, authorise, only_local};

use self::books::Books;
use self::live::Process;
use self::overview::Overview;
use self::page::Page;
use self::range::Range;
use crate::readiness::Readiness;

/// What the dashboard looks at.
pub(crate) struct Dashboard {
    books: Books,
    process: Process,
    door: Arc<Door>,
}

/// More transactions than these are a question for `ringback transactions list`.
const MOST_TRANSACTIONS: u32 = 200;
/// A token is short.
const MOST_FORM: usize = 4 * 1024;

impl Dashboard {
    pub(crate) fn new(
        readiness: Readiness,
        metrics: PrometheusHandle,
        ledger: &Ledger,
        clock: Arc<dyn Clock>,
        role: &'static str,
        door: Arc<Door>,
    ) -> Self {
        let started_at = clock.now();
        Self {
            books: Books::new(ledger, clock.clone()),
            process: Process { readiness, metrics, clock, role, started_at },
            door,
        }
    }

    async fn overview(&self, range: Range) -> Overview {
        let (live, seen) = tokio::join!(self.process.look(), self.books.look(range));
        Overview::new(range, live, &seen)
    }

    /// What is shown to those who may look.
    pub(crate) fn routes(self) -> Router {
        Router::new()
            .route("/", get(page))
            .route("/api/overview", get(overview))
            .route("/api/transactions", get(transactions))
            .with_state(Arc::new(self))
    }
}

/// The way out.
pub(crate) fn way_out(door: Arc<Door>) -> Router {
    Router::new().route("/logout", post(door::logout)).with_state(door)
}

/// The way in, for people.
pub(crate) fn way_in(door: Arc<Door>) -> Router {
    Router::new()
        .route("/login", get(door::form).post(door::login))
        .layer(DefaultBodyLimit::max(MOST_FORM))
        .with_state(door)
}

/// What may stand behind the question mark. The rest is passed over: others append things of their own.
#[derive(Deserialize)]
struct Asked {
    range: Option<String>,
}

impl Asked {
    fn range(&self) -> Option<Range> {
        self.range.as_deref().map_or(Some(Range::default()), Range::parse)
    }
}

const NO_RANGE: &str = "range is one of 24h, 7d, 30d";

async fn page(State(dashboard): State<Arc<Dashboard>>, Query(asked): Query<Asked>) -> Response {
    let Some(range) = asked.range() else { return answer::refusal(StatusCode::BAD_REQUEST, NO_RANGE) };
    let overview = dashboard.overview(range).await;
    answer::page(StatusCode::OK, &Page::new(range, &overview, dashboard.door.has_token()))
}

async fn overview(State(dashboard): State<Arc<Dashboard>>, Query(asked): Query<Asked>) -> Response {
    let Some(range) = asked.range() else { return answer::refusal(StatusCode::BAD_REQUEST, NO_RANGE) };
    answer::json(StatusCode::OK, &dashboard.overview(range).await)
}

/// Which transactions.
#[derive(Deserialize)]
struct Listed {
    limit: Option<u32>,
    status: Option<TransactionStatus>,
    org: Option<String>,
}

async fn transactions(
    State(dashboard): State<Arc<Dashboard>>,
    listed: Result<Query<Listed>, QueryRejection>,
) -> Response {
    let refuse = |why: &str| answer::refusal(StatusCode::BAD_REQUEST, why);
    let Listed { limit, status, org } = match listed {
        Ok(Query(listed)) => listed,
        Err(rejection) => return refuse(&rejection.body_text()),
    };
    let limit = limit.unwrap_or(50);
    if !(1..=MOST_TRANSACTIONS).contains(&limit) {
        return refuse("limit is a number from 1 to 200");
    }
    let org = match org.as_deref().map(otp::OrgName::new) {
        None => None,
        Some(Ok(org)) => Some(org),
        Some(Err(_)) => return refuse("org is no name of an org"),
    };
    let filter = TransactionFilter { org, status, limit, ..TransactionFilter::default() };
    match dashboard.books.transactions(&filter).await {
        Ok(rows) => answer::json(StatusCode::OK, &rows),
        Err(why) => answer::refusal(StatusCode::SERVICE_UNAVAILABLE, &why),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::{Duration, Instant};

    use jiff::Timestamp;
    use otp::Clock;

    /// A clock that a test moves.
    pub(super) struct SetClock {
        base: Instant,
        passed: Mutex<Duration>,
    }

    impl Default for SetClock {
        #[expect(clippy::disallowed_methods, reason = "any instant does")]
        fn default() -> Self {
            Self { base: Instant::now(), passed: Mutex::default() }
        }
    }

    impl SetClock {
        pub(super) fn advance(&self, by: Duration) {
            *self.passed.lock().unwrap() += by;
        }
    }

    impl Clock for SetClock {
        fn now(&self) -> Timestamp {
            "2026-11-21T12:00:00Z".parse::<Timestamp>().unwrap() + *self.passed.lock().unwrap()
        }

        fn monotonic(&self) -> Instant {
            self.base + *self.passed.lock().unwrap()
        }
    }
}
