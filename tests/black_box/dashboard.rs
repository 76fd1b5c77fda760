//! The dashboard, as people see it in a browser and machines as JSON.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use sim::{Channel, Fault, Outcome, VerifyOp};
use tokio::net::TcpListener;

use crate::harness::{Browser, Reply, View, World, hook_sample, until};

const VIEWS: [View; 5] = [
    View { name: "desktop-light", width: 1280, height: 900, dark: false },
    View { name: "desktop-dark", width: 1280, height: 900, dark: true },
    View { name: "tablet-light", width: 820, height: 1180, dark: false },
    View { name: "phone-light", width: 390, height: 844, dark: false },
    View { name: "phone-dark", width: 390, height: 844, dark: true },
];

/// Nobody should have such a name, and somebody will.
const MARKUP: &str = "<script>document.title='owned'</script><img src=x onerror=alert(1)>";

/// Whatever can become of a code, and of an event, has become of one.
async fn lived_in() -> World {
    let world = World::start().await;
    let twilio = world.sim.twilio();
    for channel in [Channel::Sms, Channel::Sms, Channel::Voice] {
        let user = world.user("ana");
        let login = world.login(&user, channel).await;
        world.type_in(&user, login.code()).await;
    }
    world.row_when("SELECT count(*) AS n FROM feedback_reports WHERE result = 'reported'", "n", "3").await;
    world.login(&world.user("bob"), Channel::Sms).await;
    // A number that no SMS reaches.
    twilio.fail_next(VerifyOp::Create, Fault::twilio(60205));
    assert_eq!(world.ask(&world.user("cid"), Channel::Sms).await.outcomes(), ["rejected_number"]);
    // Nobody knows, and nobody can be asked.
    twilio.fail_always(VerifyOp::Attempts, Fault::html_503());
    twilio.fail_next(VerifyOp::Create, Fault::ResetAfterAccept);
    assert_eq!(world.ask(&world.user("dan"), Channel::Sms).await.outcomes(), ["ambiguous"]);
    // Somebody whose id is no id.
    let mut hook = hook_sample("sms-mfa-verification");
    hook["data"]["userProfile"]["userId"] = Value::from(MARKUP);
    hook["data"]["messageProfile"]["phoneNumber"] = Value::from(crate::harness::phone());
    world.hook(&hook).await;
    // An event that nobody can read, and one whose report is refused until it is too late.
    assert_eq!(world.deliver_bytes("not JSON").await.status, 200);
    for refused in [VerifyOp::Fetch, VerifyOp::Update] {
        twilio.fail_always(refused, Fault::twilio(20003));
    }
    let eve = world.user("eve");
    let long_ago = Timestamp::now() - Duration::from_secs(586);
    let event = world.sim.okta().event_mfa(&eve, "SMS_FACTOR", Outcome::Success, long_ago);
    world.deliver(&world.sim.okta().envelope(std::slice::from_ref(&event))).await;
    world.event_when(event["uuid"].as_str().unwrap(), "dead").await;
    // At last the provider knows us no more.
    twilio.fail_next(VerifyOp::Create, Fault::twilio(20003));
    assert_eq!(world.ask(&world.user("fay"), Channel::Sms).await.outcomes(), ["misconfigured"]);
    world.drained().await;
    world
}

/// What a range is told as, once the books have been read for it: on a busy machine the first page does not wait so long.
async fn overview(world: &World, range: &str) -> Value {
    until("the books are read", async || {
        let overview = world.admin(&format!("/api/overview?range={range}")).await.json();
        (overview["books"]["state"] == "current").then_some(overview)
    })
    .await
}

/// What is asked of every page, whatever it shows.
fn assert_is_well(browser: &mut Browser, world: &World, view: View) {
    let name = view.name;
    assert_eq!(browser.complaints(), Vec::<Value>::new(), "{name}");
    let here = world.admin_url();
    for url in browser.requests() {
        assert!(url.starts_with(&here) || url.starts_with("data:"), "{name}: {url} is asked for");
    }
    let widths = browser.evaluate("[document.documentElement.scrollWidth, window.innerWidth]");
    assert_eq!(widths[1], view.width, "{name}: the browser shows it so wide");
    assert!(widths[0].as_u64() <= widths[1].as_u64(), "{name}: it can be pushed sideways: {widths}");
    let background = browser.evaluate("getComputedStyle(document.body).backgroundColor");
    let numbers: Vec<u32> = background
        .as_str()
        .unwrap()
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|n| n.parse().ok())
        .collect();
    let bright = numbers[..3].iter().sum::<u32>() > 3 * 128;
    assert_ne!(bright, view.dark, "{name}: {background}");
    // Text that is cut off or runs into its neighbour, and text nobody can read.
    let narrow = browser.evaluate(
        "[...document.querySelectorAll('td, th, dd, dt, p, li, a')].filter(it => it.offsetParent && it.scrollWidth > it.clientWidth + 1 \
         && getComputedStyle(it).display !== 'inline').map(it => it.outerHTML.slice(0, 120))",
    );
    assert_eq!(narrow, serde_json::json!([]), "{name}: it does not fit");
    if let Ok(folder) = std::env::var("RINGBACK_TEST_PICTURES") {
        std::fs::write(format!("{folder}/{name}.png"), browser.picture()).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn s19_s27_a_browser_shows_what_happened_and_what_is_wrong() {
    let mut browser = Browser::start();
    let world = lived_in().await;
    let overview = overview(&world, "24h").await;
    for view in VIEWS {
        browser.open(&world.admin_url(), view);
        assert_is_well(&mut browser, &world, view);
        let text = browser.text();
        for said in [
            "Degraded",
            "verify is skipped: it refuses our credentials or settings",
            "1 dead letter",
            "1 message put aside",
            "What to do:",
            "ringback dead list",
            "no guard configured",
            "+1555555••••",
            "rejected number",
        ] {
            assert!(text.contains(said), "{}: nothing says {said:?}:\n{text}", view.name);
        }
        // What people called themselves is text.
        assert!(text.contains(MARKUP), "{text}");
        assert_eq!(browser.evaluate("document.scripts.length + document.images.length"), 0);
        assert!(browser.evaluate("document.title").as_str().unwrap().starts_with("Ringback"));
        // Of the three widths of a picture one is shown, and it has everything in it.
        let shown = "[...document.querySelectorAll('svg.chart')].filter(it => it.getClientRects().length)";
        assert_eq!(browser.evaluate(&format!("{shown}.length")), 2, "{}", view.name);
        for (class, codes) in [("used", 3), ("unused", 2), ("unknown", 1), ("unsent", 2)] {
            let bars = browser.evaluate(&format!("{shown}[0].querySelectorAll('rect.{class}').length"));
            assert!(bars.as_u64() >= Some(1), "{}: no bar of {class}", view.name);
            let said = if class == "unsent" { "failed" } else { class };
            assert_eq!(overview["totals"][said], codes, "{class}: {overview}");
        }
        assert!(
            browser.evaluate(&format!("{shown}[1].querySelectorAll('circle.dot').length")).as_u64()
                >= Some(1)
        );
        // And no text in it is scaled until nobody can read it.
        let scale = browser.evaluate(&format!(
            "{shown}[0].getBoundingClientRect().width / {shown}[0].viewBox.baseVal.width"
        ));
        assert!((0.8..1.8).contains(&scale.as_f64().unwrap()), "{}: {scale}", view.name);
        assert!(!text.contains("+15555550101") && !text.contains("5555552"), "no number: {text}");
    }
    // Another range is one click away.
    browser.follow("document.querySelector('nav a[href=\"/?range=7d\"]').click()");
    assert_eq!(browser.evaluate("document.querySelector('nav [aria-current]').textContent"), "7 days");
    assert_eq!(browser.complaints(), Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_is_there_as_json() {
    let world = World::start().await;
    let user = world.user("ana");
    let login = world.login(&user, Channel::Sms).await;
    world.type_in(&user, login.code()).await;
    world.row_when("SELECT * FROM feedback_reports", "result", "reported").await;
    world.drained().await;
    for (range, steps, seconds) in [("24h", 24, 3_600), ("7d", 28, 21_600), ("30d", 30, 86_400)] {
        let overview = overview(&world, range).await;
        assert_eq!(overview["status"], "ready", "{overview}");
        assert_eq!(overview["problems"], serde_json::json!([]), "{overview}");
        assert_eq!((&overview["range"], &overview["step_seconds"]), (&range.into(), &seconds.into()));
        assert_eq!(overview["by_time"].as_array().unwrap().len(), steps);
        let totals = &overview["totals"];
        assert_eq!(
            (&totals["codes"], &totals["used"], &totals["conversion"]),
            (&1.into(), &1.into(), &1.0.into())
        );
        // An hour may have passed since.
        let latest = [steps - 2, steps - 1].map(|step| overview["by_time"][step]["codes"].as_u64().unwrap());
        assert_eq!(latest.iter().sum::<u64>(), 1, "it has just happened: {overview}");
        for (list, name) in [("by_country", "US"), ("by_channel", "sms"), ("by_provider", "verify")] {
            assert_eq!(
                (&overview[list][0]["name"], &overview[list][0]["sent"]),
                (&name.into(), &1.into()),
                "{list}"
            );
        }
        for span in ["answer_seconds", "feedback_lag_seconds"] {
            assert_eq!(overview[span]["count"], 1, "{span}: {overview}");
            assert!(overview[span]["p99"].as_f64() > Some(0.0), "{span}: {overview}");
        }
        assert_eq!(overview["calls"][0]["provider"], "verify");
        assert_eq!(overview["guard"], Value::Null);
    }
    let rows = world.admin("/api/transactions?limit=5").await.json();
    assert_eq!(rows.as_array().unwrap().len(), 1);
    assert_eq!(
        (&rows[0]["phone"], &rows[0]["okta_user_id"]),
        (&"+1555555••••".into(), &user.id.clone().into())
    );
    assert_eq!(world.admin("/api/transactions?status=failed").await.json(), serde_json::json!([]));
    for path in [
        "/?range=1y",
        "/api/overview?range=",
        "/api/transactions?limit=0",
        "/api/transactions?limit=201",
        "/api/transactions?status=odd",
        "/api/transactions?org=A%20b",
    ] {
        let reply = world.admin(path).await;
        assert_eq!(reply.status, 400, "{path}: {reply:?}");
        assert!(reply.json()["error"].is_string(), "{path}: {reply:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s19_every_answer_is_dressed() {
    let world = World::start().await;
    for path in ["/", "/api/overview", "/api/transactions"] {
        let answer = world.client.get(format!("{}{path}", world.admin_url())).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        let said = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let policy = said("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{path}: {policy}");
        for part in ["form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("script") && !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(said("x-content-type-options").as_deref(), Some("nosniff"), "{path}");
        assert_eq!(said("referrer-policy").as_deref(), Some("no-referrer"), "{path}");
        assert_eq!(said("cache-control").as_deref(), Some("no-store"), "{path}");
    }
    assert_eq!(Reply::to(world.client.post(world.admin_url())).await.status, 405, "it only shows");
}

/// The books are at the other end of a line on which nobody speaks.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a1_a5_when_the_books_are_away_the_rest_is_shown() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("postgres://nobody@{}/books", silent.local_addr().unwrap());
    let world = World::with(|settings| {
        settings.ledger = url;
        settings.privacy_key = Some("Zm9ydHktZm91ci1jaGFyYWN0ZXJzLW9mLWEta2V5LWs=".to_owned());
    })
    .await;
    // Codes go out all the same.
    let user = world.user("ana");
    world.login(&user, Channel::Sms).await;
    let mut browser = Browser::start();
    for view in [VIEWS[0], VIEWS[4]] {
        let view = View { name: if view.dark { "away-phone" } else { "away-desktop" }, ..view };
        browser.open(&world.admin_url(), view);
        assert_is_well(&mut browser, &world, view);
        let text = browser.text();
        assert!(text.contains("Degraded: codes are sent"), "{text}");
        assert!(text.contains("The books take nothing") && text.contains("nothing is lost"), "{text}");
        assert!(text.contains("The books have counted nothing yet"), "{text}");
    }
    let overview = world.admin("/api/overview").await.json();
    assert_eq!((&overview["books"]["state"], &overview["totals"]), (&"away".into(), &Value::Null));
    let ledger = &overview["process"]["cursors"][0];
    assert!(ledger["pending"].as_u64() > Some(0) && ledger["oldest"].is_string(), "{overview}");
    assert_eq!(world.admin("/api/transactions").await.status, 503);
    // However many look, the books are asked once at a time.
    let many = (0..20).map(|_| world.admin("/?range=30d"));
    assert!(futures_util::future::join_all(many).await.iter().all(|reply| reply.status == 200));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn before_the_first_code_it_says_what_comes_next() {
    let world = World::start().await;
    let mut browser = Browser::start();
    for view in [VIEWS[0], VIEWS[3]] {
        overview(&world, "24h").await;
        let view = View { name: if view.width < 700 { "empty-phone" } else { "empty-desktop" }, ..view };
        browser.open(&world.admin_url(), view);
        assert_is_well(&mut browser, &world, view);
        let text = browser.text();
        assert!(text.contains("Nothing is wrong") && text.contains("No code was asked for"), "{text}");
    }
    // What was shown a moment ago is shown again, and then what is so now.
    world.login(&world.user("ana"), Channel::Sms).await;
    until("the page shows the code", async || {
        let page = world.admin("/").await.text;
        page.contains("What became of them").then_some(())
    })
    .await;
}
