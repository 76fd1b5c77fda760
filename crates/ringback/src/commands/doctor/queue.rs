//! Is the broker there, and what we set up in it? Nothing is set up by looking.

use std::time::Duration;

use queue::{AmqpOptions, AmqpQueue, Inspection};
use secrecy::ExposeSecret as _;
use telephony::Finding;

use crate::config::Config;

/// For one question.
const PATIENCE: Duration = Duration::from_secs(5);
/// More than wait where a worker keeps up.
const BACKLOG: u32 = 1_000;
/// The exchange, and the queues.
const PARTS: usize = 7;

pub(super) async fn look(config: &Config) -> Vec<Finding> {
    if !config.queue.is_broker() {
        return vec![Finding::ok("in this process")];
    }
    let options = AmqpOptions {
        prefix: config.queue.prefix.clone(),
        connect_timeout: PATIENCE,
        ..AmqpOptions::default()
    };
    match AmqpQueue::inspect(config.queue.url.expose_secret(), options).await {
        Ok(found) => judge(found),
        Err(why) => vec![Finding::fail(
            why,
            "look at the address, the user's password and permissions in the virtual host, and the broker's log",
        )],
    }
}

fn judge(found: Inspection) -> Vec<Finding> {
    let mut findings = Vec::new();
    for why in found.otherwise {
        findings.push(Finding::fail(why, "events wait in the journal until that is mended"));
    }
    if found.blocked {
        findings.push(Finding::fail(
            "RabbitMQ takes no messages: an alarm of memory or disk",
            "`rabbitmq-diagnostics alarms` on the broker, and free what it names",
        ));
    }
    if found.missing.len() >= PARTS {
        findings.push(Finding::ok(
            "RabbitMQ lets us in; nothing is set up yet: the service does that when it starts",
        ));
        return findings;
    }
    if !found.missing.is_empty() {
        findings.push(Finding::warn(
            format!("missing in RabbitMQ: {}", found.missing.join(", ")),
            "the service sets it up when it next connects: restart one; and see who deletes it",
        ));
    }
    if findings.is_empty() {
        findings.push(Finding::ok(format!(
            "RabbitMQ lets us in, and its exchange and queues are as they should be: {} ready, {} waiting to be tried again, {} workers",
            found.ready, found.resting, found.consumers
        )));
    }
    if found.consumers == 0 {
        findings.push(Finding::warn(
            format!("no worker takes messages, and {} wait", found.ready),
            "start `ringback serve --role worker`, or look into its log",
        ));
    } else if found.ready > BACKLOG {
        findings.push(Finding::warn(
            format!("{} messages wait: the workers do not keep up", found.ready),
            "look into a worker's log and /readyz, or start more of them",
        ));
    }
    if found.dead > 0 {
        findings.push(Finding::warn(
            format!("{} messages lie in the dead-letter queue", found.dead),
            "`ringback dead list`, then `ringback dead replay` (ops/runbooks/dead-letters.md)",
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use telephony::Level;

    use super::*;

    #[test]
    fn b9_what_is_wrong_in_the_broker_is_said_with_what_to_do() {
        let well = || Inspection { consumers: 2, ..Inspection::default() };
        let levels = |found| judge(found).iter().map(|finding| finding.level).collect::<Vec<_>>();
        assert_eq!(levels(well()), [Level::Ok]);
        assert_eq!(levels(Inspection { ready: 5, ..Inspection::default() }), [Level::Ok, Level::Warn]);
        assert_eq!(levels(Inspection { dead: 1, ..well() }), [Level::Ok, Level::Warn]);
        assert_eq!(levels(Inspection { blocked: true, ..well() }), [Level::Fail]);
        assert_eq!(levels(Inspection { otherwise: vec!["x".to_owned()], ..well() }), [Level::Fail]);
        assert_eq!(levels(Inspection { missing: vec!["x".to_owned()], ..well() }), [Level::Warn]);
        let none = Inspection { missing: vec!["x".to_owned(); PARTS], ..Inspection::default() };
        assert_eq!(levels(none), [Level::Ok], "a first start is no trouble");
        for finding in judge(Inspection { blocked: true, dead: 1, ready: 5, ..Inspection::default() }) {
            assert!(finding.level == Level::Ok || finding.advice.is_some());
        }
    }
}
