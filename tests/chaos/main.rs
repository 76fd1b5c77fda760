//! `./tests/run --chaos SECONDS --seed N`: the real binaries under load, crashes and outages by a seeded plan; then everything is healed,
//! and what happened must agree with the books.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test fails by panicking and says what it does; it is outside of the product, so it reads the machine's own clock"
)]

mod action;
mod plan;
mod run;

use std::process::ExitCode;

use rand::RngExt as _;

#[tokio::main]
async fn main() -> ExitCode {
    let (mut seconds, mut seed, mut rate) = (180, rand::rng().random_range(0..1_000_000), 30);
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next().and_then(|value| value.parse().ok());
        match (name.as_str(), value) {
            ("--seconds", Some(value)) => seconds = value,
            ("--seed", Some(value)) => seed = value,
            ("--rate", Some(value)) => rate = u32::try_from(value).unwrap(),
            _ => {
                println!("chaos: --seconds SECONDS --seed N --rate HOOKS_PER_SECOND, not {name}");
                return ExitCode::from(2);
            }
        }
    }
    if run::run(seconds, seed, rate).await { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
