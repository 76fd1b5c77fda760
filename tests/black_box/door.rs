//! Who may knock, where, and how much they may bring.

use reqwest::Method;
use serde_json::Value;
use sim::Channel;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::{Reply, SECRET, World, status_of};

fn hook(world: &World) -> Value {
    let user = world.user("ana");
    let okta = world.sim.okta();
    okta.hook_body(&okta.hook_request(&user.id, Channel::Sms).unwrap())
}

/// Nothing was sent, and nothing is on disk.
async fn no_trace(world: &World) {
    world.drained().await;
    assert_eq!(world.sim.twilio().requests(), []);
    for table in ["otp_transactions", "send_attempts", "okta_events", "quarantine"] {
        assert_eq!(world.rows(&format!("SELECT * FROM {table}")).await, [], "{table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn g1_s1_a_wrong_credential_gets_nothing() {
    let world = World::start().await;
    let body = hook(&world);
    let (upper, longer) = (SECRET.to_uppercase(), format!("{SECRET}x"));
    let bearer = format!("Bearer {SECRET}");
    let doubled = format!("{SECRET}, {SECRET}");
    let wrong: [&[(&str, &str)]; 11] = [
        &[],
        &[("authorization", "")],
        &[("authorization", "wrong")],
        &[("authorization", &SECRET[..SECRET.len() - 1])],
        &[("authorization", &longer)],
        &[("authorization", &upper)],
        &[("authorization", &bearer)],
        &[("authorization", &doubled)],
        &[("authorization", SECRET), ("authorization", SECRET)],
        &[("authorization", "wrong"), ("authorization", SECRET)],
        &[("x-api-key", SECRET), ("cookie", SECRET), ("proxy-authorization", SECRET)],
    ];
    for headers in wrong {
        for (method, path) in [
            (Method::POST, "/okta/main/telephony"),
            (Method::POST, "/okta/main/events"),
            (Method::GET, "/okta/main/events"),
        ] {
            let mut request = world.client.request(method.clone(), world.url(path));
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let request = if method == Method::GET {
                request.header("x-okta-verification-challenge", "abc")
            } else {
                request.json(&body)
            };
            let reply = Reply::to(request).await;
            assert_eq!((reply.status, reply.text.as_str()), (401, ""), "{method} {path} {headers:?}");
        }
    }
    // In the address it opens nothing either.
    let path = format!("/okta/main/telephony?authorization={SECRET}");
    let reply = Reply::to(world.client.post(world.url(&path)).json(&body)).await;
    assert_eq!(reply.status, 401);
    no_trace(&world).await;
    let metrics = world.admin("/metrics").await.text;
    assert!(metrics.contains("ringback_auth_failures_total{endpoint=\"telephony\"} 12"), "{metrics}");
    assert!(metrics.contains("ringback_auth_failures_total{endpoint=\"events\"} 22"), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn g3_s3_either_of_two_secrets_opens_the_door() {
    let older = "the-older-hook-secret-that-goes-away-soon";
    let world = World::with(|settings| settings.secrets = vec![older.to_owned(), SECRET.to_owned()]).await;
    for secret in [older, SECRET] {
        let body = hook(&world);
        let request = world.client.post(world.url("/okta/main/telephony")).header("authorization", secret);
        assert_eq!(status_of(&Reply::to(request.json(&body)).await.json()), "SUCCESSFUL");
    }
    let request = world.client.post(world.url("/okta/main/telephony")).header("authorization", "neither");
    assert_eq!(Reply::to(request.json(&hook(&world))).await.status, 401);
    assert_eq!(world.sim.twilio().sends().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn s1_one_orgs_secret_does_not_open_anothers_door() {
    let other = "the-hook-secret-of-the-other-org-of-ours";
    let more = format!("[okta.orgs.emea]\nhook_secrets = ['{other}']\n");
    let world = World::with(|settings| settings.more = more).await;
    for (org, secret, status) in
        [("main", SECRET, 200), ("emea", other, 200), ("main", other, 401), ("emea", SECRET, 401)]
    {
        let request =
            world.client.post(world.url(&format!("/okta/{org}/telephony"))).header("authorization", secret);
        assert_eq!(Reply::to(request.json(&hook(&world))).await.status, status, "{org}");
    }
    let rows = world.rows_when("SELECT org FROM otp_transactions ORDER BY org", |rows| rows.len() == 2).await;
    assert_eq!((&rows[0]["org"], &rows[1]["org"]), ("emea", "main"));
    // The same eventId in another org is another hook.
    let body = hook(&world);
    world.hook(&body).await;
    let request = world.client.post(world.url("/okta/emea/telephony")).header("authorization", other);
    assert_eq!(status_of(&Reply::to(request.json(&body)).await.json()), "SUCCESSFUL");
    assert_eq!(world.sim.twilio().sends().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn s1_the_header_is_a_setting() {
    let world = World::with(|settings| settings.header = "X-Hook-Key".to_owned()).await;
    let body = hook(&world);
    let reply = Reply::to(
        world.client.post(world.url("/okta/main/telephony")).header("authorization", SECRET).json(&body),
    );
    assert_eq!(reply.await.status, 401);
    assert_eq!(status_of(&world.hook(&body).await.json()), "SUCCESSFUL");
}

#[tokio::test(flavor = "multi_thread")]
async fn g17_s19_nothing_else_answers() {
    let world = World::start().await;
    for path in [
        "/",
        "/healthz",
        "/readyz",
        "/metrics",
        "/okta",
        "/okta/main",
        "/okta/main/",
        "/okta/main/telephony/",
        "/okta/main/telephony/x",
        "/okta/main/../main/x",
        "/OKTA/main/telephony",
        "/api/transactions",
        "/_sim/",
        "/favicon.ico",
    ] {
        for method in [Method::GET, Method::POST] {
            let reply = Reply::to(world.signed(method.clone(), path)).await;
            assert_eq!((reply.status, reply.text.as_str()), (404, ""), "{method} {path}");
        }
    }
    for org in ["", "other", "MAIN", "main2", "%6Dain%00", "ma%2Fin", "..%2Fmain", "*"] {
        for (method, what) in [(Method::POST, "telephony"), (Method::POST, "events"), (Method::GET, "events")]
        {
            let path = format!("/okta/{org}/{what}");
            let reply = Reply::to(world.signed(method.clone(), &path).body("{}")).await;
            assert_eq!((reply.status, reply.text.as_str()), (404, ""), "{method} {path}");
        }
    }
    no_trace(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn g17_a_wrong_method_is_405() {
    let world = World::start().await;
    for (path, methods) in [
        ("/okta/main/telephony", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "PURGE"]),
        ("/okta/main/events", ["PUT", "DELETE", "PATCH", "OPTIONS", "PURGE", "PROPFIND"]),
    ] {
        for method in methods {
            let reply = Reply::to(world.signed(method.parse().unwrap(), path)).await;
            assert_eq!((reply.status, reply.text.as_str()), (405, ""), "{method} {path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn g17_a_wrong_content_type_is_415() {
    let world = World::start().await;
    let body = hook(&world).to_string();
    for kind in
        ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "text/json", "json", "*/*"]
    {
        for path in ["/okta/main/telephony", "/okta/main/events"] {
            let request = world.signed(Method::POST, path).header("content-type", kind).body(body.clone());
            let reply = Reply::to(request).await;
            assert_eq!((reply.status, reply.text.as_str()), (415, ""), "{kind} {path}");
        }
    }
    no_trace(&world).await;
    for kind in ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"] {
        let request = world.signed(Method::POST, "/okta/main/telephony").header("content-type", kind);
        assert_eq!(Reply::to(request.body(hook(&world).to_string())).await.status, 200, "{kind}");
    }
}

/// Sends bytes, and reads until the answer's head is there.
async fn raw(world: &World, bytes: &[u8]) -> String {
    let mut socket = TcpStream::connect(world.server.public).await.unwrap();
    // It may hang up before it has taken everything.
    let _ = socket.write_all(bytes).await;
    let mut answer = Vec::new();
    let mut piece = [0u8; 4096];
    while !answer.windows(4).any(|end| end == b"\r\n\r\n") {
        match socket.read(&mut piece).await {
            Ok(0) | Err(_) => break,
            Ok(n) => answer.extend_from_slice(&piece[..n]),
        }
    }
    String::from_utf8(answer).unwrap()
}

fn head(path: &str, more: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: ringback\r\nauthorization: {SECRET}\r\ncontent-type: application/json\r\n{more}\r\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn g7_a_body_that_is_too_long_is_413() {
    let world = World::start().await;
    for (path, limit) in [("/okta/main/telephony", 64 * 1024), ("/okta/main/events", 4 * 1024 * 1024)] {
        // What is claimed is enough to refuse: nothing of it is waited for.
        for claimed in [limit + 1, 10_000_000_000_u64] {
            let answer = raw(&world, head(path, &format!("content-length: {claimed}\r\n")).as_bytes()).await;
            assert!(answer.starts_with("HTTP/1.1 413"), "{path} {claimed}: {answer}");
        }
        // In pieces, with no length told.
        let mut bytes = head(path, "transfer-encoding: chunked\r\n").into_bytes();
        let piece = format!("1000\r\n{}\r\n", " ".repeat(0x1000));
        for _ in 0..limit / 0x1000 {
            bytes.extend_from_slice(piece.as_bytes());
        }
        bytes.extend_from_slice(b"1\r\n \r\n0\r\n\r\n");
        let answer = raw(&world, &bytes).await;
        assert!(answer.starts_with("HTTP/1.1 413"), "{path} chunked: {answer}");
    }
    no_trace(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn g7_a_body_as_long_as_allowed_is_read() {
    let world = World::start().await;
    let body = hook(&world).to_string();
    let padded = format!("{body}{}", " ".repeat(64 * 1024 - body.len()));
    assert_eq!(status_of(&world.hook_bytes(padded).await.json()), "SUCCESSFUL");
    let user = world.user("bob");
    let event = world.sim.okta().event_mfa(
        &user,
        "PASSWORD_AS_FACTOR",
        sim::Outcome::Success,
        jiff::Timestamp::now(),
    );
    let body = world.sim.okta().envelope(std::slice::from_ref(&event)).to_string();
    let padded = format!("{body}{}", " ".repeat(4 * 1024 * 1024 - body.len()));
    assert_eq!(world.deliver_bytes(padded).await.status, 200);
    world.event_when(event["uuid"].as_str().unwrap(), "skipped").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn g15_requests_that_two_servers_may_read_differently_are_refused() {
    let world = World::start().await;
    let body = hook(&world).to_string();
    let n = body.len();
    for (what, more) in [
        ("two lengths", format!("content-length: {n}\r\ncontent-length: {}\r\n", n + 1)),
        ("a length and pieces", format!("content-length: {n}\r\ntransfer-encoding: chunked\r\n")),
        ("a length that is none", "content-length: -1\r\n".to_owned()),
        ("a length with a plus", format!("content-length: +{n}\r\n")),
        ("a folded header", format!("content-length: {n}\r\nx-a: b\r\n c\r\n")),
        ("a blank before the colon", format!("content-length : {n}\r\n")),
        ("an encoding nobody knows", "transfer-encoding: xchunked\r\n".to_owned()),
    ] {
        let answer = raw(&world, format!("{}{body}", head("/okta/main/telephony", &more)).as_bytes()).await;
        let refused = answer.is_empty() || answer.starts_with("HTTP/1.1 4");
        // Both at once may be read as pieces, which this body is not.
        assert!(refused || answer.contains("\"error\""), "{what}: {answer}");
    }
    assert_eq!(world.sim.twilio().requests(), []);
    world.login(&world.user("bob"), Channel::Sms).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn g16_s29_the_challenge_is_echoed_as_json() {
    let world = World::start().await;
    assert!(world.sim.okta().verify_event_hook().await);
    for challenge in ["fakeChallengeValue_6f1c2d", "\"quoted\"\\", "<script>", "{\"a\":1}"] {
        let request =
            world.signed(Method::GET, "/okta/main/events").header("x-okta-verification-challenge", challenge);
        let reply = Reply::to(request).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.json(), serde_json::json!({ "verification": challenge }));
    }
    let reply = Reply::to(world.signed(Method::GET, "/okta/main/events")).await;
    assert_eq!((reply.status, reply.text.as_str()), (400, ""), "no challenge");
    let long = "x".repeat(5000);
    let request =
        world.signed(Method::GET, "/okta/main/events").header("x-okta-verification-challenge", long);
    let reply = Reply::to(request).await;
    assert!(reply.text.len() <= 600, "{} bytes came back", reply.text.len());
    no_trace(&world).await;
}
