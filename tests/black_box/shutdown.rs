//! SIGTERM.

use std::time::{Duration, Instant};

use sim::{Channel, Fault, VerifyOp};

use crate::harness::{PATIENCE, World, ringback, status_of};

#[tokio::test(flavor = "multi_thread")]
async fn f4_a_hook_in_flight_is_answered_and_the_process_ends_well() {
    let mut world = World::start().await;
    let user = world.user("ana");
    world.sim.twilio().fail_next(VerifyOp::Create, Fault::Delay(Duration::from_millis(700)));
    let okta = world.sim.okta().clone();
    let request = okta.hook_request(&user.id, Channel::Sms).unwrap();
    let (fired, event_id) = (request.clone(), request.event_id.clone());
    let call = tokio::spawn(async move { okta.fire_hook(&fired).await });
    world.sim.twilio().wait_for_requests(1, PATIENCE).await.unwrap();
    let begun = Instant::now();
    world.server.terminate();
    let result = call.await.unwrap();
    assert_eq!(status_of(&result.json()), "SUCCESSFUL", "{result:?}");
    let status = world.server.ended().await;
    assert_eq!(status.code(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
    // Nothing waits for the next start.
    let row = world.transaction(&event_id).await;
    assert_eq!((&row["status"], &row["answer"]), ("accepted", "SUCCESSFUL"));
    assert!(tokio::net::TcpStream::connect(world.server.public).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn f4_a_stalled_provider_does_not_hold_the_process() {
    let mut world = World::start().await;
    let user = world.user("ana");
    world.sim.twilio().fail_next(VerifyOp::Create, Fault::Delay(Duration::from_secs(20)));
    let okta = world.sim.okta().clone();
    let request = okta.hook_request(&user.id, Channel::Sms).unwrap();
    let fired = request.clone();
    let call = tokio::spawn(async move { okta.fire_hook(&fired).await });
    world.sim.twilio().wait_for_requests(1, PATIENCE).await.unwrap();
    let begun = Instant::now();
    world.server.terminate();
    assert_eq!(status_of(&call.await.unwrap().json()), "PENDING");
    assert!(world.server.ended().await.success());
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
    assert_eq!(&world.transaction(&request.event_id).await["status"], "ambiguous");
}

#[tokio::test(flavor = "multi_thread")]
async fn f4_idle_connections_and_waiting_events_do_not_hold_the_process() {
    let mut world = World::start().await;
    let user = world.user("ana");
    let login = world.login(&user, Channel::Sms).await;
    world.sim.twilio().fail_always(VerifyOp::Update, Fault::html_503());
    world.type_in(&user, login.code()).await;
    world.sim.twilio().wait_for_requests(2, PATIENCE).await.unwrap();
    let _silent = tokio::net::TcpStream::connect(world.server.public).await.unwrap();
    let begun = Instant::now();
    world.server.terminate();
    assert!(world.server.ended().await.success());
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
    // The event goes on in the next life.
    world.sim.twilio().heal();
    world.start_again().await;
    world.row_when("SELECT * FROM feedback_reports", "result", "reported").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f5_a_second_sigterm_ends_it_at_once() {
    let mut world = World::start().await;
    let user = world.user("ana");
    world.sim.twilio().fail_next(VerifyOp::Create, Fault::Delay(Duration::from_secs(20)));
    let okta = world.sim.okta().clone();
    let request = okta.hook_request(&user.id, Channel::Sms).unwrap();
    let fired = request.clone();
    let call = tokio::spawn(async move { okta.fire_hook(&fired).await });
    world.sim.twilio().wait_for_requests(1, PATIENCE).await.unwrap();
    world.server.terminate();
    crate::harness::until("it is stopping", async || {
        (!world.server.lines("stopping").is_empty()).then_some(())
    })
    .await;
    let begun = Instant::now();
    world.server.terminate();
    world.server.ended().await;
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert!(!call.await.unwrap().is_sent());
    world.start_again().await;
    assert_eq!(&world.transaction(&request.event_id).await["status"], "ambiguous");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_taken_is_told() {
    let world = World::start().await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = ringback(
        world.place.path(),
        &["--config", "ringback.toml", "serve"],
        &[("RINGBACK__SERVER__LISTEN", &address), ("RINGBACK__JOURNAL__DIR", "elsewhere/journal")],
    )
    .await;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("server.listen") && said.err.contains(&address), "{said:?}");
    assert!(!world.path("elsewhere/journal").exists(), "nothing is left behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn f5_a_process_that_is_stopped_while_it_starts_ends_well() {
    let mut world = World::start().await;
    world.server.terminate();
    assert!(world.server.ended().await.success());
    // Somebody holds the books, so that it is still starting.
    let books = crate::harness::lock_books(&world.path("data/ledger.db")).await;
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_ringback"))
        .current_dir(world.place.path())
        .args(["--config", "ringback.toml", "serve"])
        .env_clear()
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    crate::harness::until("it hears SIGTERM", async || {
        let status = std::fs::read_to_string(&status).ok()?;
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"))?.trim();
        (u64::from_str_radix(caught, 16).ok()? & (1 << 14) != 0).then_some(())
    })
    .await;
    let kill =
        std::process::Command::new("sh").args(["-c", "kill -TERM \"$0\"", &child.id().to_string()]).status();
    assert!(kill.unwrap().success());
    let ended = crate::harness::until("it ends", async || child.try_wait().unwrap()).await;
    assert_eq!(ended.code(), Some(0));
    sqlx::Connection::close(books).await.unwrap();
}
