//! Can the time of a refusal tell how much of a secret was right? Prints Welch's t between a secret that is wrong in its first byte
//! and one that is wrong in its last; over 4.5 the two can be told apart. Run it on a quiet machine.
#![expect(clippy::print_stdout, reason = "a measurement for people")]

use http::{HeaderMap, HeaderValue, header};
use okta::HookAuth;
use otp::{Clock as _, SystemClock};

/// Measurements; above this many nanoseconds one is the scheduler's, not ours.
const ROUNDS: usize = 1_000_000;
const OUTLIER: f64 = 20_000.0;

/// Running count, mean and sum of squared deviations.
#[derive(Clone, Copy, Default)]
struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    fn add(&mut self, value: f64) {
        self.count += 1.0;
        let delta = value - self.mean;
        self.mean += delta / self.count;
        self.squares += delta * (value - self.mean);
    }

    fn error(&self) -> f64 {
        self.squares / (self.count - 1.0) / self.count
    }
}

fn presented(value: &str) -> HeaderMap {
    let value = HeaderValue::from_str(value).unwrap_or(HeaderValue::from_static("x"));
    HeaderMap::from_iter([(header::AUTHORIZATION, value)])
}

fn main() {
    let secret = "k".repeat(64);
    let auth = HookAuth::new(header::AUTHORIZATION, vec![secret.as_str().into(), "n".repeat(64).into()]);
    let wrong = [presented(&format!("x{}", &secret[1..])), presented(&format!("{}x", &secret[1..]))];
    let mut moments = [Moments::default(); 2];
    for n in 0..ROUNDS {
        // An order that no slow drift of the machine follows.
        let class = (n ^ (n >> 3) ^ (n >> 7)) & 1;
        let start = SystemClock.monotonic();
        let refused = std::hint::black_box(auth.check(std::hint::black_box(&wrong[class]))).is_err();
        let nanos = (SystemClock.monotonic() - start).as_secs_f64() * 1e9;
        if refused && nanos < OUTLIER {
            moments[class].add(nanos);
        }
    }
    let [first, last] = moments;
    let t = (first.mean - last.mean) / (first.error() + last.error()).sqrt();
    println!(
        "wrong first byte {:.1} ns, wrong last byte {:.1} ns, t = {t:.2} (told apart over 4.5)",
        first.mean, last.mean
    );
}
