//! The test bench: real Postgres and RabbitMQ started privately, processes that are killed, wires that are cut, and what really
//! happened beside what the books say.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and so do its helpers; it is outside of the product, so it reads the machine's own clock"
)]

mod answer;
mod balancer;
mod bench;
pub mod books;
mod client;
pub mod invariants;
mod load;
pub mod os;
mod people;
pub mod postgres;
mod process;
mod provider;
mod proxy;
pub mod rabbit;
mod scan;
mod settings;
pub mod truth;
mod wait;

pub use answer::{assert_is_error, status_of, value_of};
pub use balancer::Balancer;
pub use bench::{Bench, Node, RECOVERY};
pub use books::Row;
pub use client::{Reply, SECRET, client};
pub use load::{Load, Pace, Told, percentile};
pub use people::{phone, user};
pub use postgres::{PrivatePostgres, Stop};
pub use process::{Server, binary, crash_points};
pub use provider::{Kind, Provider};
pub use proxy::{Cut, FaultProxy, Line, Sight, Way};
pub use rabbit::PrivateRabbit;
pub use scan::Secrets;
pub use settings::Settings;
pub use wait::{PATIENCE, until, until_within};
