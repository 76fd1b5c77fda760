//! Clients that are slow, silent or gone.

use std::time::{Duration, Instant};

use sim::{Channel, Fault, VerifyOp};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::harness::{PATIENCE, SECRET, World, status_of, until};

#[tokio::test(flavor = "multi_thread")]
async fn g22_a_hook_whose_client_goes_away_is_settled_all_the_same() {
    let world = World::start().await;
    let user = world.user("ana");
    world.sim.twilio().fail_next(VerifyOp::Create, Fault::Delay(Duration::from_millis(800)));
    let okta = world.sim.okta();
    let request = okta.hook_request(&user.id, Channel::Sms).unwrap();
    let call = world.signed(reqwest::Method::POST, "/okta/main/telephony").json(&okta.hook_body(&request));
    let call = tokio::spawn(call.send());
    world.sim.twilio().wait_for_requests(1, PATIENCE).await.unwrap();
    call.abort();
    assert!(call.await.is_err_and(|err| err.is_cancelled()));
    let row = world.transaction(&request.event_id).await;
    assert_eq!((&row["status"], &row["answer"]), ("accepted", "SUCCESSFUL"));
    assert_eq!(&world.attempts(&row).await[0]["outcome"], "accepted");
    // Whoever asks again is told so.
    assert_eq!(status_of(&okta.fire_hook(&request).await.json()), "SUCCESSFUL");
    assert_eq!(world.sim.twilio().sends().len(), 1);
}

/// How long the server keeps a connection on which this was said.
async fn kept(world: &World, said: &str, dribble: Option<&str>) -> (Duration, String) {
    let begun = Instant::now();
    let (mut read, mut write) = TcpStream::connect(world.server.public).await.unwrap().into_split();
    write.write_all(said.as_bytes()).await.unwrap();
    let dribble = dribble.map(str::to_owned);
    let dribbling = tokio::spawn(async move {
        while let Some(more) = &dribble {
            tokio::time::sleep(Duration::from_millis(200)).await;
            if write.write_all(more.as_bytes()).await.is_err() {
                break;
            }
        }
        // Held open until the server has closed its side.
        std::future::pending::<()>().await;
    });
    let mut heard = Vec::new();
    let closed = timeout(Duration::from_secs(15), read.read_to_end(&mut heard)).await;
    dribbling.abort();
    assert!(closed.is_ok(), "still open after {:?}: {said:?}", begun.elapsed());
    (begun.elapsed(), String::from_utf8_lossy(&heard).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn g8_s15_slow_and_silent_connections_are_closed_while_others_go_on() {
    let world = World::start().await;
    let user = world.user("ana");
    let head = format!("POST /okta/main/telephony HTTP/1.1\r\nhost: r\r\nauthorization: {SECRET}\r\n");
    let with_body = format!("{head}content-type: application/json\r\ncontent-length: 1000\r\n\r\n{{");
    let chunked = format!("{head}content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n");
    let second = format!("GET / HTTP/1.1\r\nhost: r\r\n\r\n{head}");
    let hooks = async {
        for _ in 0..5 {
            let login = world.login(&user, Channel::Sms).await;
            assert!(login.hook.elapsed < Duration::from_secs(2), "{:?}", login.hook.elapsed);
        }
    };
    let (silent, header, dribbled, body, slow_body, pieces, second, ()) = tokio::join!(
        kept(&world, "", None),
        kept(&world, &head, None),
        kept(&world, &head, Some("x-a: b\r\n")),
        kept(&world, &with_body, None),
        kept(&world, &with_body, Some(" ")),
        kept(&world, &chunked, Some("1\r\n \r\n")),
        kept(&world, &second, Some("x-a: b\r\n")),
        hooks,
    );
    for (what, (time, heard)) in [
        ("silent", silent),
        ("half a header", header),
        ("a dribbled header", dribbled),
        ("half a body", body),
        ("a dribbled body", slow_body),
        ("a body in endless pieces", pieces),
        ("a dribbled header after a whole request", second),
    ] {
        assert!(time < Duration::from_secs(8), "{what}: {time:?} {heard}");
        assert!(!heard.contains("200 OK"), "{what}: {heard}");
    }
    assert_eq!(world.sim.twilio().sends().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn s15_hundreds_of_idle_connections_do_not_keep_a_hook_out() {
    let world = World::start().await;
    let mut idle = Vec::new();
    for n in 0..400 {
        let mut socket = TcpStream::connect(world.server.public).await.unwrap();
        if n % 2 == 0 {
            socket.write_all(b"POST /okta/main/telephony HTTP/1.1\r\nhost: r\r\n").await.unwrap();
        }
        idle.push(socket);
    }
    let login = world.login(&world.user("ana"), Channel::Sms).await;
    assert!(login.hook.elapsed < Duration::from_secs(2), "{:?}", login.hook.elapsed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_may_rest_between_two_hooks() {
    let world = World::start().await;
    let mut socket = TcpStream::connect(world.server.public).await.unwrap();
    let request = "POST /okta/main/telephony HTTP/1.1\r\nhost: r\r\ncontent-length: 0\r\n\r\n";
    let mut piece = [0u8; 4096];
    for round in 0..2 {
        socket.write_all(request.as_bytes()).await.unwrap();
        let n = socket.read(&mut piece).await.unwrap();
        let answer = String::from_utf8_lossy(&piece[..n]).into_owned();
        assert!(answer.starts_with("HTTP/1.1 401"), "round {round}: {answer}");
        // Longer than the header's own time: that one is for headers under way.
        let rest = timeout(Duration::from_millis(3500), socket.read(&mut piece)).await;
        assert!(rest.is_err(), "closed after a short rest: {rest:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f7_running_out_of_descriptors_passes() {
    let world = World::with(|settings| settings.limits = Some("ulimit -n 64".to_owned())).await;
    let user = world.user("ana");
    let mut idle = Vec::new();
    for _ in 0..200 {
        idle.push(TcpStream::connect(world.server.public).await.unwrap());
    }
    until("a hook gets through", async || {
        let okta = world.sim.okta();
        let request = okta.hook_request(&user.id, Channel::Sms)?;
        okta.fire_hook(&request).await.is_sent().then_some(())
    })
    .await;
    drop(idle);
    let login = world.login(&world.user("bob"), Channel::Sms).await;
    assert_eq!(&world.transaction(&login.request.event_id).await["status"], "accepted");
}

#[tokio::test(flavor = "multi_thread")]
async fn g18_p1_p2_a_burst_of_hooks_and_events_is_answered_and_entered() {
    let world = World::start().await;
    let mut calls = JoinSet::new();
    for n in 0..150 {
        let (okta, user) = (world.sim.okta().clone(), world.user(&format!("u{n}")));
        let request = okta.hook_request(&user.id, Channel::Sms).unwrap();
        let event =
            okta.event_mfa(&user, "PASSWORD_AS_FACTOR", sim::Outcome::Success, jiff::Timestamp::now());
        calls.spawn(async move {
            let delivered = okta.deliver(vec![event]);
            let (hook, delivered) = tokio::join!(okta.fire_hook(&request), delivered);
            (request, hook, delivered)
        });
    }
    let ended = calls.join_all().await;
    for (request, hook, delivered) in &ended {
        assert_eq!(hook.http_status, Some(200), "{hook:?}");
        assert!(delivered.is_received(), "{delivered:?}");
        let row = world.transaction(&request.event_id).await;
        let answer = status_of(&serde_json::from_str(&hook.body).unwrap()).to_owned();
        assert_eq!(&row["answer"], answer);
        // Never said to be sent unless Verify has it; and what Verify has is in the books.
        let sent = world.sim.handset().inbox(&request.phone).len();
        assert_eq!((answer == "SUCCESSFUL", &row["status"] == "accepted"), (sent == 1, sent == 1), "{row:?}");
    }
    world.row_when("SELECT count(*) AS n FROM okta_events", "n", "150").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h5_a_log_that_nobody_reads_stops_nothing() {
    let mut world =
        World::with(|settings| settings.environment.push(("RUST_LOG".to_owned(), "trace".to_owned()))).await;
    world.server.stop_reading();
    let user = world.user("ana");
    world.sim.twilio().configure(|twilio| twilio.max_sends = 1000);
    for _ in 0..60 {
        let login = world.login(&user, Channel::Sms).await;
        assert!(login.hook.elapsed < Duration::from_secs(2), "{:?}", login.hook.elapsed);
    }
    let begun = Instant::now();
    world.server.terminate();
    assert!(world.server.ended().await.success());
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
}
