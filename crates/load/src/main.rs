//! How fast Ringback is on this machine, right now.
//!
//! ```text
//! cargo build --release -p ringback -p load
//! target/release/load --quick                 # about two minutes, embedded profile
//! target/release/load --profile both --full   # ten minutes, Postgres and RabbitMQ too
//! target/release/load --hooks closed --events # only these
//! target/release/load --failover              # eight minutes: a first provider that fails, and a second one
//! target/release/load books --transactions 10000000   # a year of books, and what analysts ask of it
//! ```
//!
//! The built `ringback` binary runs as a process of its own, on files of its own; this process is Okta and Twilio. Beside it, in the
//! same run and through the same generator, run two baselines, also as processes of their own: a **bare** axum route that answers the
//! same bytes, and a **pass-through** that calls the provider and records nothing. What counts are the ratios to these two: absolute
//! figures differ from machine to machine, and from minute to minute where others work on the same machine.
//!
//! * Closed loop: so many connections, each with one request under way. What comes out is throughput and CPU time per request.
//! * Open loop: requests begin at a constant rate, whatever becomes of the earlier ones, and each one's time counts from when it
//!   *should* have begun, so a stall is seen by everybody who would have met it.
//! * CPU time is user + system time of the measured processes, from `/proc/<pid>/stat`, and includes what they do afterwards until
//!   the books are complete. Memory is `VmHWM`.
//! * Every hook has an event id, a number, a code and a user that no other has; the provider remembers which number and code got
//!   which reference. When the books have caught up, every id is looked up in SQL: hook → transaction → reference → that number and
//!   that code. Anything missing, doubled or mixed up, and the exit code is 1.
//!
//! It shares no type with the service, so that both cannot be wrong together. It speaks to loopback addresses only, and every run is
//! bounded in time and in requests.

mod approvals;
mod backlog;
mod baseline;
mod body;
mod books;
mod case;
mod check;
mod cli;
mod clock;
mod config;
mod connection;
mod deployment;
mod drive;
mod events;
mod failover;
mod hooks;
mod loopback;
mod process;
mod provider;
mod report;
mod subject;
mod usage;
mod wire;
mod year;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(err) => return report::failed(&err.into()),
    };
    match runtime.block_on(case::run(cli)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(err) => report::failed(&err),
    }
}
