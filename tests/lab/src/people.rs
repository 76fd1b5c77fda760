//! Users and numbers that no other test step has.

use std::sync::atomic::{AtomicU32, Ordering};

use sim::User;

static NEXT: AtomicU32 = AtomicU32::new(2001);

/// A number of its own, which nobody has.
pub fn phone() -> String {
    format!("+1555555{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A user of its own, with a number of its own.
pub fn user(name: &str) -> User {
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    User::new(&format!("00u{name}{n}"), &format!("{name}{n}@example.com")).phone(&phone())
}
