//! The admin listener.

use sim::{Channel, Fault, VerifyOp};

use crate::harness::{Reply, World};

#[tokio::test(flavor = "multi_thread")]
async fn health_readiness_and_nothing_of_the_public_side() {
    let world = World::start().await;
    let health = world.admin("/healthz").await;
    assert_eq!((health.status, health.text.trim()), (200, "ok"));
    let ready = world.admin("/readyz").await;
    assert_eq!(ready.status, 200);
    let ready = ready.json();
    assert_eq!(ready["status"], "ready");
    for part in ["journal", "ledger", "queue"] {
        assert_eq!(ready[part]["status"], "ready", "{part}: {ready}");
    }
    for path in ["/okta/main/telephony", "/okta/main/events", "/nothing"] {
        let url = format!("http://{}{path}", world.server.admin);
        assert_eq!(Reply::to(world.client.post(url)).await.status, 404, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_have_the_names_of_the_interface() {
    let world = World::start().await;
    let user = world.user("ana");
    world.sim.twilio().fail_next(VerifyOp::Create, Fault::twilio(60205));
    assert!(!world.sim.okta().login(&user.id, Channel::Sms).await.unwrap().is_sent());
    let login = world.login(&user, Channel::Sms).await;
    world.type_in(&user, login.code()).await;
    world.row_when("SELECT * FROM feedback_reports", "result", "reported").await;
    let refused = Reply::to(world.client.post(world.url("/okta/main/events"))).await;
    assert_eq!(refused.status, 401);
    let reply = world.admin("/metrics").await;
    assert!(reply.content_type.starts_with("text/plain"), "{reply:?}");
    for line in [
        "ringback_hook_duration_seconds_count{org=\"main\",answer=\"SUCCESSFUL\"} 1",
        "ringback_hook_duration_seconds_count{org=\"main\",answer=\"error\"} 1",
        "ringback_send_attempts_total{provider=\"verify\",channel=\"sms\",outcome=\"accepted\"} 1",
        "ringback_send_attempts_total{provider=\"verify\",channel=\"sms\",outcome=\"rejected_number\"} 1",
        "ringback_send_duration_seconds_count{provider=\"verify\"} 2",
        "ringback_events_total{type=\"user.authentication.auth_via_mfa\",result=\"queued\"} 1",
        "ringback_feedback_total{provider=\"verify\",result=\"reported\"} 1",
        "ringback_feedback_lag_seconds_count 1",
        "ringback_journal_pending{cursor=\"ledger\"} ",
        "ringback_journal_pending{cursor=\"relay\"} ",
        "ringback_auth_failures_total{endpoint=\"events\"} 1",
    ] {
        assert!(reply.text.lines().any(|it| it.starts_with(line)), "no {line} in\n{}", reply.text);
    }
    // What is measured is measured in buckets, so that instances can be added up.
    assert!(
        reply
            .text
            .contains("ringback_hook_duration_seconds_bucket{org=\"main\",answer=\"error\",le=\"2.6\"} 1")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn s19_with_a_token_all_but_the_health_wants_it() {
    let token = "admin-token-that-nobody-guesses-easily";
    let world = World::with(|settings| settings.admin_more = format!("token = '{token}'")).await;
    assert_eq!(world.admin("/healthz").await.status, 200);
    for path in ["/readyz", "/metrics"] {
        let url = format!("http://{}{path}", world.server.admin);
        assert_eq!(Reply::to(world.client.get(&url)).await.status, 401, "{path}");
        assert_eq!(Reply::to(world.client.get(&url).bearer_auth("wrong")).await.status, 401, "{path}");
        assert_eq!(
            Reply::to(world.client.get(&url).header("authorization", token)).await.status,
            401,
            "{path}"
        );
        assert_eq!(Reply::to(world.client.get(&url).bearer_auth(token)).await.status, 200, "{path}");
    }
}
