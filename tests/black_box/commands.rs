//! The commands, their output and their exit codes.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;
use sim::{Channel, Fault, VerifyOp};

use crate::harness::{PATIENCE, Row, World, ringback};

fn anywhere() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_tells_its_story_and_leaves_nothing() {
    let place = anywhere();
    let said = ringback(place.path(), &["demo", "--once"], &[]).await;
    assert_eq!(said.code, 0, "{said:?}");
    for words in
        ["SUCCESSFUL", "is approved", "status     accepted", "report     verify approved reported by record"]
    {
        assert!(said.out.contains(words), "no {words} in\n{}", said.out);
    }
    assert_eq!(said.err, "");
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_arguments_are_2_and_help_is_0() {
    let place = anywhere();
    for arguments in [
        &["nonsense"][..],
        &["serve", "--nonsense"],
        &["serve", "--role", "nobody"],
        &["sim", "--listen", "nowhere"],
        &["transactions", "show"],
        &["transactions", "show", "not-an-id"],
        &["events", "show"],
        &["config"],
        &[],
    ] {
        let said = ringback(place.path(), arguments, &[]).await;
        assert_eq!(said.code, 2, "{arguments:?}: {said:?}");
        assert!(said.out.is_empty() && !said.err.is_empty(), "{arguments:?}: {said:?}");
    }
    for arguments in
        [&["--help"][..], &["--version"], &["serve", "--help"], &["transactions", "list", "--help"]]
    {
        let said = ringback(place.path(), arguments, &[]).await;
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{arguments:?}: {said:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_books_are_shown_masked() {
    let world = World::start().await;
    let user = world.user("ana");
    let login = world.login(&user, Channel::Sms).await;
    world.type_in(&user, login.code()).await;
    let report = world.row_when("SELECT * FROM feedback_reports", "result", "reported").await;
    let uuid = &report["event_uuid"];
    world.event_when(uuid, "done").await;
    world.drained().await;
    let row: Row = world.transaction(&login.request.event_id).await;
    let id = &row["id"];

    let mut all = Vec::new();
    for arguments in [
        &["transactions", "list"][..],
        &["transactions", "list", "--json"],
        &["transactions", "list", "--status", "accepted", "--org", "main", "--limit", "1"],
        &["transactions", "show", id],
        &["transactions", "show", id, "--json"],
        &["events", "list"],
        &["events", "list", "--json", "--state", "done"],
        &["events", "show", uuid],
        &["events", "show", uuid, "--json"],
    ] {
        let said = world.command(arguments).await;
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{arguments:?}: {said:?}");
        let named = if arguments[0] == "transactions" { id } else { uuid };
        assert!(said.out.contains(named), "{arguments:?}: {said:?}");
        assert!(!said.out.contains(&login.request.phone[2..]), "{arguments:?}: {said:?}");
        assert!(!said.out.contains(login.code()), "{arguments:?}: {said:?}");
        all.push(said);
    }
    let list = all[1].json();
    assert_eq!(list.as_array().unwrap().len(), 1);
    assert_eq!((&list[0]["id"], &list[0]["status"]), (&Value::from(id), &Value::from("accepted")));
    let detail = all[4].json();
    let text = detail.to_string();
    for word in ["accepted", "SUCCESSFUL", "reported", "approved", uuid] {
        assert!(text.contains(word), "no {word} in {detail}");
    }
    assert_eq!(all[6].json().as_array().unwrap().len(), 1);

    for (arguments, code) in [
        (&["transactions", "list", "--status", "nonsense"][..], 2),
        (&["transactions", "list", "--org", "not an org"], 2),
        (&["transactions", "list", "--limit", "0"], 2),
        (&["events", "list", "--state", "nonsense"], 2),
        (&["transactions", "show", "01a1fba4-53fa-7bf0-a81a-ecf878804fdc"], 1),
        (&["events", "show", "nobody"], 1),
    ] {
        let said = world.command(arguments).await;
        assert_eq!(said.code, code, "{arguments:?}: {said:?}");
        assert!(!said.err.is_empty() && said.out.is_empty(), "{arguments:?}: {said:?}");
    }
    let none = world.command(&["transactions", "list", "--json", "--status", "blocked"]).await;
    assert_eq!((none.code, none.json()), (0, serde_json::json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_says_what_is_wrong() {
    let mut world = World::start().await;
    let well = world.command(&["doctor"]).await;
    assert_eq!(well.code, 0, "{well:?}");
    for part in ["config", "journal", "ledger", "okta main", "verify"] {
        assert!(
            well.out.lines().any(|line| line.starts_with(&format!("ok   {part}:"))),
            "{part}: {}",
            well.out
        );
    }
    assert!(!well.out.contains("fail "), "{}", well.out);

    world.sim.twilio().configure(|twilio| twilio.custom_code_enabled = false);
    let ill = world.command(&["doctor"]).await;
    assert_eq!(ill.code, 1, "{ill:?}");
    assert!(
        ill.out.lines().any(|line| line.starts_with("fail verify:") && line.contains(" -> ")),
        "{}",
        ill.out
    );

    world.sim.twilio().configure(|twilio| twilio.custom_code_enabled = true);
    world.sim.twilio().fail_always(VerifyOp::Service, Fault::twilio(20003));
    world.settings.api_token = Some("revoked-token".to_owned());
    world.restart().await;
    let ill = world.command(&["doctor"]).await;
    assert_eq!(ill.code, 1, "{ill:?}");
    for part in ["okta main", "verify"] {
        let failed =
            ill.out.lines().any(|line| line.starts_with(&format!("fail {part}:")) && line.contains(" -> "));
        assert!(failed, "{part}: {}", ill.out);
    }
    assert!(
        !ill.out.contains("revoked-token") && !ill.out.contains(&world.sim.twilio().account().auth_token)
    );

    std::fs::write(world.path("wrong.toml"), "[server]\nlisten = 'nowhere'\n").unwrap();
    let wrong = ringback(world.place.path(), &["--config", "wrong.toml", "doctor"], &[]).await;
    assert_eq!(wrong.code, 2, "{wrong:?}");
    assert!(wrong.out.lines().any(|line| line.starts_with("fail config: server.listen")), "{wrong:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn f14_a_journal_can_be_looked_at_and_emptied_by_hand() {
    let mut world = World::start().await;
    let user = world.user("ana");
    let books = crate::harness::lock_books(&world.path("data/ledger.db")).await;
    let login = world.login(&user, Channel::Sms).await;
    let held = world.command(&["journal", "status"]).await;
    assert_eq!(held.code, 1, "a running process holds it: {held:?}");
    world.server.kill();
    sqlx::Connection::close(books).await.unwrap();
    assert_eq!(world.rows("SELECT * FROM otp_transactions").await, []);

    let status = world.command(&["journal", "status", "--dir", "data/journal"]).await;
    assert_eq!(status.code, 0, "{status:?}");
    let waiting = status.out.lines().find(|line| line.starts_with("ledger: ")).unwrap();
    assert_ne!(waiting, "ledger: 0 entries wait");
    let drained = world.command(&["journal", "drain", "--dir", "data/journal"]).await;
    assert_eq!(drained.code, 0, "{drained:?}");
    assert_eq!(&world.transaction(&login.request.event_id).await["status"], "accepted");
    let status = world.command(&["journal", "status"]).await;
    assert!(status.out.contains("ledger: 0 entries wait"), "{status:?}");
    let nothing = world.command(&["journal", "drain", "--dir", "data/nothing"]).await;
    assert_eq!(nothing.code, 1, "{nothing:?}");
    assert!(!world.path("data/nothing").exists(), "looking makes nothing");
    world.start_again().await;
    assert!(world.sim.okta().fire_hook(&login.request).await.is_sent());
    assert_eq!(world.sim.twilio().sends().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn migrate_and_purge() {
    let world = World::start().await;
    let login = world.login(&world.user("ana"), Channel::Sms).await;
    let row = world.transaction(&login.request.event_id).await;
    assert_ne!(&row["phone_sealed"], "NULL");
    for _ in 0..2 {
        let said = world.command(&["migrate"]).await;
        assert_eq!(said.code, 0, "{said:?}");
        assert!(said.out.starts_with("the schema is at version "), "{said:?}");
    }
    let kept = world.command(&["purge"]).await;
    assert_eq!(kept.code, 0, "{kept:?}");
    assert!(kept.out.starts_with("forgot 0 sealed numbers; deleted 0 transactions"), "{kept:?}");
    let config = world.path("ringback.toml");
    let arguments = ["--config", config.to_str().unwrap(), "purge"];
    let said =
        ringback(world.place.path(), &arguments, &[("RINGBACK__PRIVACY__PHONE_RETENTION", "0s")]).await;
    assert!(said.out.starts_with("forgot 1 sealed numbers; deleted 0 transactions"), "{said:?}");
    let row = world.transaction(&login.request.event_id).await;
    assert_eq!((&row["phone_sealed"], &row["status"]), ("NULL", "accepted"));
    assert_ne!(&row["phone_hmac"], "NULL");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_simulators_run_alone() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ringback"))
        .args(["sim", "--listen", "127.0.0.1:0"])
        .env_clear()
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = tokio::task::spawn_blocking(move || lines.next().unwrap().unwrap());
    let line = tokio::time::timeout(PATIENCE, line).await.unwrap().unwrap();
    let url = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap();
    let url = url.trim_end_matches([';', ',']);
    let status =
        crate::harness::client().get(format!("{url}/api/v1/users/nobody")).send().await.unwrap().status();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(status.as_u16(), 401, "{line}");
}
