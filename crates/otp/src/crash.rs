//! Named places where a test may kill the process. Nothing of it is in a build without the feature `crash-points`.

/// Every crash point, in the order a hook, a delivery, the relay, the drain and the worker pass them. A test passes each once.
pub const POINTS: [&str; 21] = [
    "hook.admitted",
    "hook.parsed",
    "hook.before_intent",
    "hook.after_intent",
    "send.before_request",
    "send.after_response",
    "hook.before_outcome",
    "hook.after_outcome",
    "hook.before_answer",
    "delivery.parsed",
    "delivery.after_record",
    "relay.before_publish",
    "relay.after_confirm",
    "drain.before_apply",
    "drain.after_apply",
    "worker.taken",
    "report.before_request",
    "report.after_response",
    "worker.before_record",
    "worker.after_record",
    "worker.after_ack",
];

/// A place where the environment's `RINGBACK_CRASH_AT=NAME:N` ends the process by SIGKILL at its Nth pass, or `NAME:N:panic` panics.
#[cfg(feature = "crash-points")]
#[macro_export]
macro_rules! crash_point {
    ($name:literal) => {
        const { assert!($crate::crash::is_known($name), "a crash point that crash::POINTS does not list") };
        $crate::crash::pass($name);
    };
}

/// A place where a test build may end; nothing in this one.
#[cfg(not(feature = "crash-points"))]
#[macro_export]
macro_rules! crash_point {
    ($name:literal) => {
        const { assert!($crate::crash::is_known($name), "a crash point that crash::POINTS does not list") };
    };
}

/// Whether [`POINTS`] lists it.
#[doc(hidden)]
pub const fn is_known(name: &str) -> bool {
    let mut n = 0;
    while n < POINTS.len() {
        if same(POINTS[n].as_bytes(), name.as_bytes()) {
            return true;
        }
        n += 1;
    }
    false
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut n = 0;
    while n < a.len() {
        if a[n] != b[n] {
            return false;
        }
        n += 1;
    }
    true
}

#[cfg(feature = "crash-points")]
pub use armed::pass;

#[cfg(feature = "crash-points")]
mod armed {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    struct Wanted {
        name: String,
        /// Passes left until it happens.
        left: AtomicU64,
        panic: bool,
    }

    #[expect(clippy::disallowed_methods, reason = "a switch of test builds, read where it acts")]
    static WANTED: LazyLock<Option<Wanted>> = LazyLock::new(|| {
        let text = std::env::var("RINGBACK_CRASH_AT").ok()?;
        let mut words = text.split(':');
        let (name, n) = (words.next()?.to_owned(), words.next()?.parse().ok()?);
        Some(Wanted { name, left: AtomicU64::new(n), panic: words.next() == Some("panic") })
    });

    /// One pass of a crash point.
    #[doc(hidden)]
    #[expect(clippy::panic, reason = "what the test asked for")]
    pub fn pass(name: &str) {
        let Some(wanted) = WANTED.as_ref().filter(|wanted| wanted.name == name) else { return };
        if wanted.left.fetch_sub(1, Ordering::Relaxed) != 1 {
            return;
        }
        if wanted.panic {
            panic!("crash point {name}");
        }
        // Not even this process gets to say anything about it.
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        loop {
            std::thread::park();
        }
    }
}
