//! S11: one person is erased, and nothing brings them back.

use sim::Channel;

use crate::harness::{World, ringback};

/// Every byte on disk but the journals', which have a retention of their own.
fn books(world: &World) -> Vec<u8> {
    ["ledger.db", "ledger.db-wal"]
        .iter()
        .flat_map(|name| std::fs::read(world.path("data").join(name)).unwrap_or_default())
        .collect()
}

fn has(content: &[u8], word: &str) -> bool {
    content.windows(word.len()).any(|window| window == word.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn s11_a_person_is_erased_from_the_file_and_stays_erased() {
    for by_number in [false, true] {
        let mut world = World::start().await;
        let (ana, bea) = (world.user("ana"), world.user("bea"));
        for user in [&ana, &bea] {
            let login = world.login(user, Channel::Sms).await;
            world.type_in(user, login.code()).await;
        }
        world
            .rows_when("SELECT * FROM feedback_reports WHERE result = 'reported'", |rows| rows.len() == 2)
            .await;
        world.rows_when("SELECT * FROM okta_events WHERE state = 'done'", |rows| rows.len() == 2).await;
        // Both bodies cannot be understood; one names her.
        for body in [format!("{{\"target\": \"{}\"", ana.id), "{\"target\": \"nobody\"".to_owned()] {
            assert_eq!(world.deliver_bytes(body).await.status, 200);
        }
        world.rows_when("SELECT * FROM quarantine", |rows| rows.len() == 2).await;
        world.drained().await;
        let hers = format!("SELECT phone_hmac FROM otp_transactions WHERE okta_user_id = '{}'", ana.id);
        let hmac = &world.rows(&hers).await[0]["phone_hmac"].to_owned();
        let number = ana.mobile_phone.clone().unwrap();
        let digits = number.trim_start_matches('+');
        let before = books(&world);
        assert!(has(&before, &ana.id) && has(&before, hmac) && !has(&before, digits));
        let counts = "SELECT country, channel, status, count(*) AS n FROM otp_transactions GROUP BY 1, 2, 3";
        let counted = world.rows(counts).await;

        let who = if by_number { ["--phone", number.as_str()] } else { ["--user", ana.id.as_str()] };
        let erase = |more: &'static [&'static str]| [&["erase"], &who[..], more].concat();
        let dry = world.command(&erase(&["--dry-run", "--json"])).await.done().json();
        let quarantined = u64::from(!by_number);
        for (table, rows) in [
            ("otp_transactions", 1),
            ("okta_events", 1),
            ("feedback_reports", 0),
            ("quarantine", quarantined),
        ] {
            assert_eq!(dry[table], rows, "{table}: {dry}");
        }
        assert!(has(&books(&world), hmac), "a dry run changes nothing");
        let said = world.command(&erase(&["--json"])).await.done().json();
        for table in ["otp_transactions", "okta_events", "feedback_reports", "report_claims", "quarantine"] {
            assert_eq!(said[table], dry[table], "{table}: {said}");
        }
        // The service has the file open: the log goes when nobody reads behind it.
        crate::harness::until("the file has forgotten", async || {
            let content = books(&world);
            (!has(&content, &ana.id) && !has(&content, hmac)).then_some(())
        })
        .await;
        assert!(has(&books(&world), &bea.id), "others stay");
        assert_eq!(world.rows(counts).await, counted, "what is counted stays");
        let words = world.command(&erase(&[])).await.done();
        assert!(words.out.contains("otp_transactions  0 erased"), "{words:?}");
        assert!(!words.out.contains(digits) && !words.out.contains(hmac), "{words:?}");

        // The journal still has the facts; they are drained into books that were lost.
        world.server.terminate();
        assert!(world.server.ended().await.success());
        let erasures = world.rows("SELECT mark FROM erasures").await;
        assert!(!erasures.is_empty());
        rewind(&world).await;
        world.start_again().await;
        world.drained().await;
        assert_eq!(world.rows(counts).await, counted, "all came again");
        let content = books(&world);
        assert!(!has(&content, &ana.id) && !has(&content, hmac), "and she did not");
        assert!(has(&content, &bea.id));
    }
}

/// As after a restore: the journal begins anew, the books have no rows but what they know of erasures.
async fn rewind(world: &World) {
    use sqlx::sqlite::SqliteConnectOptions;
    use sqlx::{ConnectOptions as _, Connection as _};
    let journal = world.path("data/journal/journal.db");
    let mut open = SqliteConnectOptions::new().filename(journal).connect().await.unwrap();
    let moved =
        sqlx::query("UPDATE cursor SET seq = 0 WHERE name = 'ledger'").execute(&mut open).await.unwrap();
    assert_eq!(moved.rows_affected(), 1);
    open.close().await.unwrap();
    let mut open =
        SqliteConnectOptions::new().filename(world.path("data/ledger.db")).connect().await.unwrap();
    sqlx::raw_sql(
        "DELETE FROM otp_transactions; DELETE FROM send_attempts; DELETE FROM okta_events; DELETE FROM okta_event_deliveries;
        DELETE FROM feedback_reports;",
    )
    .execute(&mut open)
    .await
    .unwrap();
    open.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn s11_it_must_be_said_who() {
    let world = World::start().await;
    for wrong in [
        &["erase"][..],
        &["erase", "--user", "a", "--phone", "+15555550101"],
        &["erase", "--phone", "0151"],
        &["erase", "--phone", "+15555550101", "--org", "main"],
        &["erase", "--user", "a", "--org", "No Org"],
    ] {
        let said = world.command(wrong).await;
        assert_eq!(said.code, 2, "{wrong:?}: {said:?}");
    }
    let nobody = world.command(&["erase", "--user", "nobody"]).await.done();
    assert!(nobody.out.contains("otp_transactions  0 erased"), "{nobody:?}");
    let missing =
        ringback(world.place.path(), &["--config", "missing.toml", "erase", "--user", "a"], &[]).await;
    assert_eq!(missing.code, 2, "{missing:?}");
}
