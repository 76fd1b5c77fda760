//! What may happen, and how it is done.

use std::fmt::Write as _;
use std::time::Duration;

use lab::{Bench, Cut, FaultProxy, Line, PrivateRabbit, Stop, Way};

/// Between the processes and something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Wire {
    Postgres,
    Rabbit,
    Verify,
    Okta,
}

impl Wire {
    pub(crate) const ALL: [Self; 4] = [Self::Postgres, Self::Rabbit, Self::Verify, Self::Okta];

    fn of(self, bench: &Bench) -> &FaultProxy {
        match self {
            Self::Postgres => &bench.to_postgres,
            Self::Rabbit => &bench.to_rabbit,
            Self::Verify => &bench.to_verify,
            Self::Okta => &bench.to_okta,
        }
    }

    /// Bytes that hurt when nothing comes after them.
    fn sights(self) -> &'static [(Way, &'static str)] {
        match self {
            Self::Postgres => {
                &[(Way::ToClient, "COMMIT\0"), (Way::ToServer, "COMMIT\0"), (Way::ToClient, "INSERT 0")]
            }
            // basic.ack; basic.deliver.
            Self::Rabbit => &[
                (Way::ToServer, "\0\x3c\0\x50"),
                (Way::ToClient, "\0\x3c\0\x50"),
                (Way::ToClient, "\0\x3c\0\x3c"),
            ],
            Self::Verify => &[
                (Way::ToServer, "CustomCode="),
                (Way::ToClient, "HTTP/1.1 201"),
                (Way::ToClient, "\"status\":\"approved\""),
                (Way::ToServer, "Status=approved"),
            ],
            Self::Okta => &[(Way::ToClient, "HTTP/1.1 200"), (Way::ToServer, "GET /api/v1/users")],
        }
    }
}

/// One thing that may happen.
#[derive(Debug, Clone)]
pub(crate) enum Action {
    Kill {
        node: usize,
        away: Duration,
    },
    Restart {
        node: usize,
    },
    /// The process ends at the `pass`th pass of a crash point, whenever that is.
    CrashPoint {
        node: usize,
        point: usize,
        pass: u64,
    },
    PostgresImmediate {
        away: Duration,
    },
    PostgresFast {
        away: Duration,
    },
    PostgresKilled {
        away: Duration,
    },
    PostgresFrozen {
        lasts: Duration,
    },
    RabbitKilled {
        away: Duration,
    },
    RabbitStopped {
        away: Duration,
    },
    RabbitFrozen {
        lasts: Duration,
    },
    RabbitAlarm {
        lasts: Duration,
    },
    BlackHole {
        wire: Wire,
        lasts: Duration,
    },
    Refused {
        wire: Wire,
        lasts: Duration,
    },
    Slow {
        wire: Wire,
        lasts: Duration,
        by: Duration,
    },
    Reset {
        wire: Wire,
    },
    Forgotten {
        wire: Wire,
    },
    Cut {
        wire: Wire,
        n: u64,
    },
}

/// What an action is done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Target {
    Node(usize),
    Postgres,
    Rabbit,
    Wire(Wire),
}

impl Target {
    /// What it needs before something else may happen to it.
    pub(crate) fn recovers(self) -> Duration {
        match self {
            Self::Rabbit => Duration::from_secs(8),
            _ => Duration::from_secs(1),
        }
    }
}

impl Action {
    pub(crate) fn target(&self) -> Target {
        match *self {
            Self::Kill { node, .. } | Self::Restart { node } | Self::CrashPoint { node, .. } => {
                Target::Node(node)
            }
            Self::PostgresImmediate { .. }
            | Self::PostgresFast { .. }
            | Self::PostgresKilled { .. }
            | Self::PostgresFrozen { .. } => Target::Postgres,
            Self::RabbitKilled { .. }
            | Self::RabbitStopped { .. }
            | Self::RabbitFrozen { .. }
            | Self::RabbitAlarm { .. } => Target::Rabbit,
            Self::BlackHole { wire, .. }
            | Self::Refused { wire, .. }
            | Self::Slow { wire, .. }
            | Self::Reset { wire }
            | Self::Forgotten { wire }
            | Self::Cut { wire, .. } => Target::Wire(wire),
        }
    }

    /// From its beginning to its end.
    pub(crate) fn lasts(&self) -> Duration {
        match *self {
            Self::Kill { away, .. }
            | Self::PostgresImmediate { away }
            | Self::PostgresFast { away }
            | Self::PostgresKilled { away }
            | Self::RabbitKilled { away }
            | Self::RabbitStopped { away } => away,
            Self::PostgresFrozen { lasts }
            | Self::RabbitFrozen { lasts }
            | Self::RabbitAlarm { lasts }
            | Self::BlackHole { lasts, .. }
            | Self::Refused { lasts, .. }
            | Self::Slow { lasts, .. } => lasts,
            Self::CrashPoint { .. } => Duration::from_secs(5),
            Self::Restart { .. } | Self::Reset { .. } | Self::Forgotten { .. } | Self::Cut { .. } => {
                Duration::ZERO
            }
        }
    }

    pub(crate) async fn begin(&self, bench: &mut Bench, crash_points: &[String]) {
        match *self {
            Self::Kill { node, .. } => bench.nodes[node].kill(),
            Self::Restart { node } => {
                bench.revive(node).await;
                bench.leave(node).await;
                bench.up(node).await;
            }
            Self::CrashPoint { node, point, pass } => {
                let at = format!("{}:{pass}", crash_points[point % crash_points.len()]);
                bench.nodes[node].kill();
                bench.nodes[node].settings.environment = vec![("RINGBACK_CRASH_AT".to_owned(), at)];
                bench.try_up(node).await;
                bench.nodes[node].settings.environment.clear();
            }
            Self::PostgresImmediate { .. } => bench.postgres.stop(Stop::Immediate).await,
            Self::PostgresFast { .. } => bench.postgres.stop(Stop::Fast).await,
            Self::PostgresKilled { .. } => bench.postgres.kill9().await,
            Self::PostgresFrozen { .. } => bench.postgres.freeze(),
            Self::RabbitKilled { .. } => rabbit(bench).await.kill9().await,
            Self::RabbitStopped { .. } => rabbit(bench).await.app(false).await,
            Self::RabbitFrozen { .. } => rabbit(bench).await.freeze(),
            Self::RabbitAlarm { .. } => rabbit(bench).await.memory_alarm(true).await,
            Self::BlackHole { wire, .. } => wire.of(bench).set(Line::BlackHole),
            Self::Refused { wire, .. } => wire.of(bench).set(Line::Refused),
            Self::Slow { wire, by, .. } => wire.of(bench).set(Line::Slow(by)),
            Self::Reset { wire } => wire.of(bench).reset_all(),
            Self::Forgotten { wire } => wire.of(bench).forget_all(),
            Self::Cut { wire, n } => {
                let sights = wire.sights();
                let (way, bytes) = sights[usize::try_from(n).unwrap() % sights.len()];
                wire.of(bench).cut_at(way, bytes, if n % 2 == 0 { Cut::Before } else { Cut::After });
            }
        }
    }

    pub(crate) async fn end(&self, bench: &mut Bench) {
        match *self {
            // One that a crash point has ended later starts again here too; one that it has not goes on armed.
            Self::Kill { node, .. } | Self::CrashPoint { node, .. } => bench.revive(node).await,
            Self::PostgresImmediate { .. } | Self::PostgresFast { .. } | Self::PostgresKilled { .. } => {
                bench.postgres.start_again().await;
            }
            Self::PostgresFrozen { .. } => bench.postgres.thaw(),
            // It takes its time, and everything else goes on.
            Self::RabbitKilled { .. } => bench.rabbit.as_mut().unwrap().launch(),
            Self::RabbitStopped { .. } => bench.rabbit.as_ref().unwrap().app(true).await,
            Self::RabbitFrozen { .. } => bench.rabbit.as_ref().unwrap().thaw(),
            Self::RabbitAlarm { .. } => bench.rabbit.as_ref().unwrap().memory_alarm(false).await,
            Self::BlackHole { wire, .. } | Self::Refused { wire, .. } | Self::Slow { wire, .. } => {
                wire.of(bench).set(Line::Good);
            }
            Self::Restart { .. } | Self::Reset { .. } | Self::Forgotten { .. } | Self::Cut { .. } => {}
        }
    }

    /// In a line.
    pub(crate) fn told(&self, crash_points: &[String]) -> String {
        let mut text = format!("{self:?}");
        if let Self::CrashPoint { point, .. } = self {
            write!(text, " = {}", crash_points[point % crash_points.len()]).unwrap();
        }
        text
    }
}

/// The broker, once it has come up from what happened before.
async fn rabbit(bench: &mut Bench) -> &mut PrivateRabbit {
    let rabbit = bench.rabbit.as_mut().unwrap();
    rabbit.wait_until_up().await;
    rabbit
}
