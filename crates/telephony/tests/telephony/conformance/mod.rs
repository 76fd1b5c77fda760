//! One trait, one suite: every row is written once and holds for every kind of provider.

mod callbacks;
mod faults;
mod good;
mod kinds;
mod refusals;
mod sandbox;
mod simulator;
mod untrusted;

use std::sync::Arc;
use std::time::Duration;

use telephony::{AttemptReport, Budget, Hints, Provider};

use self::kinds::{KINDS, Kind};
use crate::server::{Reply, Server};
use crate::setup::{budget, message};

/// What comes of one SMS that is answered so, and the server it went to.
async fn answered(kind: &Kind, reply: Reply, budget: Budget) -> (AttemptReport, Server) {
    let server = Server::start([reply]).await;
    let provider = (kind.provider)(&server.url);
    let report = provider.send(&message(), Hints::default(), budget).await;
    let requests = server.requests();
    assert_eq!(requests.len(), 1, "{}: asked once, whatever came of it", kind.name);
    (report, server)
}

/// The same for every answer, with a check of each.
async fn each(replies: impl Fn(&Kind) -> Vec<Reply>, check: impl Fn(&Kind, usize, AttemptReport)) {
    for kind in KINDS {
        for (n, reply) in replies(kind).into_iter().enumerate() {
            let (report, _server) = answered(kind, reply, budget()).await;
            check(kind, n, report);
        }
    }
}

fn ms(connect: u64, total: u64) -> Budget {
    Budget { connect: Duration::from_millis(connect), total: Duration::from_millis(total) }
}

async fn at(kind: &Kind, url: &str, budget: Budget) -> AttemptReport {
    let provider: Arc<dyn Provider> = (kind.provider)(url);
    provider.send(&message(), Hints::default(), budget).await
}
