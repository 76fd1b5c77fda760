//! `sqlx::migrate!` and the checked statements read folders that cargo would not watch by itself.

fn main() {
    for folder in ["../../migrations/sqlite", "../../migrations/postgres", ".sqlx"] {
        println!("cargo:rerun-if-changed={folder}");
    }
}
