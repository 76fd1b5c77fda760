//! `./tests/run --fidelity [--users N] [--seed N]`: one simulated day, once for each side, and the table of what Twilio ended up knowing.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking and says what it measured"
)]

use std::process::ExitCode;

use fidelity::{World, play_all, table};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let (mut users, mut seed, mut faults) = (3000, 1, false);
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        if name == "--faults" {
            faults = true;
            continue;
        }
        let value: Option<u64> = arguments.next().and_then(|value| value.parse().ok());
        match (name.as_str(), value) {
            ("--users", Some(value)) => users = usize::try_from(value).unwrap(),
            ("--seed", Some(value)) => seed = value,
            _ => {
                println!("fidelity: --users N --seed N --faults, not {name}");
                return ExitCode::from(2);
            }
        }
    }
    let world = World::new(users, seed);
    let sides = play_all(&world).await;
    for side in sides.iter().filter(|side| faults && side.kind.keeps_books()) {
        println!("{}:", side.kind.title());
        side.faults.iter().for_each(|fault| println!("  {fault}"));
    }
    println!("{users} users, seed {seed}\n\n{}", table(&sides));
    ExitCode::SUCCESS
}
