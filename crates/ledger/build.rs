//! `sqlx::migrate!` reads a folder that cargo would not watch by itself.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations/sqlite");
}
