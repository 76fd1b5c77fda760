//! Who may look at the dashboard, and what a browser can be made to do.

use reqwest::{RequestBuilder, Response};

use crate::harness::{Browser, Reply, View, World};

const TOKEN: &str = "admin-token-that-nobody-guesses-easily";
const VIEW: View = View { name: "login", width: 390, height: 844, dark: false };

async fn locked() -> World {
    World::with(|settings| settings.admin_more = format!("token = '{TOKEN}'")).await
}

fn login(world: &World, token: &str) -> RequestBuilder {
    world.client.post(format!("{}/login", world.admin_url())).form(&[("token", token)])
}

fn said<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

/// The cookie that a login gives, as a browser sends it back.
async fn cookie(world: &World) -> String {
    let answer = login(world, TOKEN).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), said(&answer, "location")), (303, "/"));
    said(&answer, "set-cookie").split(';').next().unwrap().to_owned()
}

async fn get(world: &World, path: &str, cookie: &str) -> u16 {
    let request = world.client.get(format!("{}{path}", world.admin_url())).header("cookie", cookie);
    Reply::to(request).await.status
}

async fn failures(world: &World) -> u64 {
    let request = world.client.get(format!("{}/metrics", world.admin_url())).bearer_auth(TOKEN);
    let metrics = Reply::to(request).await.text;
    let line =
        metrics.lines().find_map(|it| it.strip_prefix("ringback_auth_failures_total{endpoint=\"admin\"} "));
    line.map_or(0, |n| n.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn s19_a_person_logs_in_looks_and_leaves() {
    let world = locked().await;
    let mut browser = Browser::start();
    browser.open(&world.admin_url(), VIEW);
    assert_eq!(browser.evaluate("location.pathname"), "/login", "nobody is let in");
    assert_eq!(browser.complaints(), Vec::<serde_json::Value>::new());
    if let Ok(folder) = std::env::var("RINGBACK_TEST_PICTURES") {
        std::fs::write(format!("{folder}/login.png"), browser.picture()).unwrap();
    }
    let type_in = |token: &str| {
        format!(
            "document.querySelector('#token').value = '{token}'; document.querySelector('form button').click()"
        )
    };
    browser.follow(&type_in("wrong"));
    assert!(browser.text().contains("That is not the token."));
    assert_eq!(failures(&world).await, 1);
    browser.follow(&type_in(TOKEN));
    assert_eq!(browser.evaluate("location.pathname"), "/");
    // The first page does not wait for books that are slow to be read.
    for _ in 0..20 {
        if browser.text().contains("Nothing is wrong") {
            break;
        }
        browser.open(&world.admin_url(), VIEW);
    }
    assert!(browser.text().contains("Nothing is wrong"), "{}", browser.text());
    assert_eq!(browser.complaints(), Vec::<serde_json::Value>::new());
    assert_eq!(browser.evaluate("document.cookie"), "", "no script can read it");
    browser.follow("document.querySelector('form[action=\"/logout\"] button').click()");
    assert_eq!(browser.evaluate("location.pathname"), "/login");
    browser.open(&world.admin_url(), VIEW);
    assert_eq!(browser.evaluate("location.pathname"), "/login");
    assert!(!world.server.log().contains(TOKEN));
}

#[tokio::test(flavor = "multi_thread")]
async fn s19_a_session_shows_and_changes_nothing() {
    let world = locked().await;
    let cookie = cookie(&world).await;
    assert!(!cookie.contains(TOKEN), "{cookie}");
    for path in ["/", "/api/overview", "/api/transactions", "/readyz", "/metrics", "/api/breakers"] {
        assert_eq!(get(&world, path, &cookie).await, 200, "{path}");
        let other = format!("{}0", &cookie[..cookie.len() - 1]);
        let other = if other == cookie { format!("{}1", &cookie[..cookie.len() - 1]) } else { other };
        let refused = if path == "/" { 303 } else { 401 };
        assert_eq!(get(&world, path, &other).await, refused, "{path}");
        assert_eq!(get(&world, path, "").await, refused, "{path}");
        // A wrong token is not made good by a session, nor by a form.
        let wrong = world.client.get(format!("{}{path}", world.admin_url())).header("cookie", &cookie);
        assert_eq!(Reply::to(wrong.bearer_auth("wrong")).await.status, 401, "{path}");
        let bearer = world.client.get(format!("{}{path}", world.admin_url())).bearer_auth(TOKEN);
        assert_eq!(Reply::to(bearer).await.status, 200, "{path}");
    }
    let url = format!("{}/api/breakers/verify", world.admin_url());
    let open = || world.client.put(&url).json(&serde_json::json!({ "force": "open" }));
    assert_eq!(
        Reply::to(open().header("cookie", &cookie)).await.status,
        401,
        "only the token changes anything"
    );
    assert_eq!(Reply::to(open().bearer_auth(TOKEN)).await.status, 200);
    // The end is an end, whatever the browser keeps.
    let leave = world.client.post(format!("{}/logout", world.admin_url())).header("cookie", &cookie);
    assert_eq!(Reply::to(leave).await.status, 303);
    assert_eq!(get(&world, "/api/overview", &cookie).await, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn s19_cookies_stay_where_they_belong() {
    let world = locked().await;
    let plain = login(&world, TOKEN).send().await.unwrap();
    let flags = said(&plain, "set-cookie").to_owned();
    for flag in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"] {
        assert!(flags.split("; ").any(|it| it == flag), "{flags}");
    }
    assert!(!flags.contains("Secure"), "it would not come back over http: {flags}");
    let behind = login(&world, TOKEN).header("x-forwarded-proto", "https").send().await.unwrap();
    assert!(said(&behind, "set-cookie").ends_with("; Secure"));
    let again = cookie(&world).await;
    assert_ne!(again, cookie(&world).await, "every login is its own");
    // More than a few sessions there are not: the oldest has made room.
    for _ in 0..32 {
        cookie(&world).await;
    }
    assert_eq!(get(&world, "/api/overview", &again).await, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn s19_forms_of_other_sites_are_refused() {
    let world = locked().await;
    let host = world.server.admin.to_string();
    for (name, value, status) in [
        ("sec-fetch-site", "cross-site", 403),
        ("sec-fetch-site", "same-site", 403),
        ("origin", "https://evil.example", 403),
        ("origin", "null", 403),
        ("origin", &format!("http://{host}"), 303),
        ("sec-fetch-site", "same-origin", 303),
    ] {
        let answer = login(&world, TOKEN).header(name, value).send().await.unwrap();
        assert_eq!(answer.status(), status, "{name}: {value}");
        assert_eq!(said(&answer, "set-cookie").is_empty(), status == 403, "{name}: {value}");
    }
    let cookie = cookie(&world).await;
    let leave = world.client.post(format!("{}/logout", world.admin_url())).header("cookie", &cookie);
    assert_eq!(Reply::to(leave.header("origin", "https://evil.example")).await.status, 403);
    assert_eq!(get(&world, "/", &cookie).await, 200, "it is not ended from elsewhere");
}

#[tokio::test(flavor = "multi_thread")]
async fn s19_wrong_tokens_are_counted_and_soon_refused() {
    let world = locked().await;
    for n in 1..=10 {
        assert_eq!(Reply::to(login(&world, "wrong")).await.status, 401);
        assert_eq!(failures(&world).await, n);
    }
    let refused = login(&world, TOKEN).send().await.unwrap();
    assert_eq!(refused.status(), 429, "the right one is not even looked at");
    assert!(said(&refused, "retry-after").parse::<u64>().unwrap() <= 61);
    assert!(said(&refused, "set-cookie").is_empty());
    // Machines go on.
    let bearer = world.client.get(format!("{}/readyz", world.admin_url())).bearer_auth(TOKEN);
    assert_eq!(Reply::to(bearer).await.status, 200);
    for body in ["", "token=a&token=b", &format!("token={}", "a".repeat(5_000))] {
        let odd = world.client.post(format!("{}/login", world.admin_url())).body(body.to_owned());
        let odd = odd.header("content-type", "application/x-www-form-urlencoded");
        assert_eq!(Reply::to(odd).await.status, 400, "{body:.20}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s19_without_a_token_only_names_of_this_machine_are_answered() {
    let world = World::start().await;
    let port = world.server.admin.port();
    let ask = async |path: &str, host: String| {
        let request = world.client.get(format!("{}{path}", world.admin_url())).header("host", host);
        Reply::to(request).await.status
    };
    for path in ["/", "/readyz", "/metrics", "/api/overview", "/api/transactions", "/api/breakers", "/login"]
    {
        let fine = if path == "/login" { 303 } else { 200 };
        assert_eq!(ask(path, format!("127.0.0.1:{port}")).await, fine, "{path}");
        assert_eq!(ask(path, format!("localhost:{port}")).await, fine, "{path}");
        assert_eq!(ask(path, format!("evil.example:{port}")).await, 421, "{path}");
        assert_eq!(ask(path, format!("127.0.0.1.evil.example:{port}")).await, 421, "{path}");
    }
    assert_eq!(ask("/healthz", "evil.example".to_owned()).await, 200);
    let url = format!("{}/api/breakers/verify", world.admin_url());
    let open = world.client.put(url).json(&serde_json::json!({ "force": "open" }));
    assert_eq!(Reply::to(open.header("host", "evil.example")).await.status, 421);
    // With a token the token decides: Prometheus asks by the service's name.
    let world = locked().await;
    let metrics = world.client.get(format!("{}/metrics", world.admin_url())).bearer_auth(TOKEN);
    assert_eq!(Reply::to(metrics.header("host", "ingress:9090")).await.status, 200);
}
