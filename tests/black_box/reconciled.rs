//! Sends of which nobody knew end true in the books: they are looked up in the provider's own list. That is done now and then, so these
//! tests take as long as it takes: a send is looked up when it is five seconds old, and one that is in no list is given up after half a
//! minute. Each of them waits once for everything it wants to see.

use std::time::Duration;

use sim::{Channel, Fault, HookRequest, MessagingOp, TelesignOp, VerifyOp};

use crate::harness::{Asked, Kind, Provider, Row, Settings, World, until, until_within};

const STALL: Duration = Duration::from_secs(8);
/// Until a send that is in no list is given up, on a busy machine.
const GIVEN_UP: Duration = Duration::from_secs(120);

/// Texts go through Messaging, calls through Verify.
fn by_channel(settings: &mut Settings) {
    settings.providers = vec![Provider::new("sms", Kind::Messaging), Provider::new("verify", Kind::Verify)];
    settings.more = "[[telephony.routes]]\nchannels = ['sms']\nproviders = ['sms']\n\
        [[telephony.routes]]\nchannels = ['voice']\nproviders = ['verify']\n"
        .to_owned();
}

/// A transaction, once its status is as wanted.
async fn settles(world: &World, id: &str, status: &str) -> Row {
    let sql = format!("SELECT * FROM otp_transactions WHERE id = '{id}'");
    until_within(GIVEN_UP, status, async || {
        let rows = world.rows(&sql).await;
        (&rows[0]["status"] == status).then(|| rows[0].clone())
    })
    .await
}

/// Its attempts, once the first has ended so.
async fn mended(world: &World, asked: &Asked, outcome: &str) -> Vec<Row> {
    until_within(GIVEN_UP, outcome, async || {
        let attempts = world.attempts(&asked.row).await;
        (&attempts[0]["outcome"] == outcome).then_some(attempts)
    })
    .await
}

fn stays_with_b(row: &Row, reference: &str) {
    assert_eq!(
        [&row["status"], &row["provider"], &row["provider_ref"], &row["answer"]],
        ["accepted", "b", reference, "SUCCESSFUL"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn c5_p11_a_number_that_cannot_be_looked_up_keeps_nobody_else_waiting() {
    let world = World::start().await;
    world.sim.twilio().fail_times(VerifyOp::Create, 2, Fault::ResetAfterAccept);
    let ana = world.ask(&world.user("ana"), Channel::Sms).await;
    let bob = world.ask(&world.user("bob"), Channel::Sms).await;
    world.sim.twilio().fail_next(VerifyOp::Attempts, Fault::twilio(60200));
    let row = settles(&world, &bob.row["id"], "accepted").await;
    assert_ne!(&row["provider_ref"], "NULL");
    let row =
        world.rows(&format!("SELECT status FROM otp_transactions WHERE id = '{}'", &ana.row["id"])).await;
    assert_eq!(
        &row[0]["status"], "ambiguous",
        "hers is the one that failed, and its next look is ten seconds later"
    );
    settles(&world, &ana.row["id"], "accepted").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c5_p11_what_was_taken_and_not_answered_is_found() {
    let world = World::with(by_channel).await;
    let (ana, bob) = (world.user("ana"), world.user("bob"));
    world.sim.messaging().fail_next(MessagingOp::CreateMessage, Fault::DelayAfterAccept(STALL));
    world.sim.twilio().fail_next(VerifyOp::Create, Fault::DelayAfterAccept(STALL));
    let (text, call) = tokio::join!(world.ask(&ana, Channel::Sms), world.ask(&bob, Channel::Voice));
    for asked in [&text, &call] {
        assert_eq!((asked.told().as_str(), &asked.row["provider_ref"]), ("PENDING", "NULL"));
    }
    // The text is on the handset, and is typed in before anybody knows its reference.
    world.type_in(&ana, &text.request.code).await;

    let message = world.sim.messaging().sends().pop().unwrap();
    let verification = world.sim.twilio().sends().pop().unwrap();
    for (asked, reference, attempt_ref) in [
        (&text, &message.sid, "NULL"),
        (&call, &verification.verification_sid, verification.attempt_sid.as_str()),
    ] {
        let row = settles(&world, &asked.row["id"], "accepted").await;
        assert_eq!(
            [&row["provider_ref"], &row["failure_class"], &row["answer"]],
            [reference, "NULL", "PENDING"]
        );
        let attempts = world.attempts(&asked.row).await;
        assert_eq!(
            [&attempts[0]["outcome"], &attempts[0]["provider_ref"], &attempts[0]["attempt_ref"]],
            ["accepted", reference, attempt_ref]
        );
    }
    let report = world.report_when(&text, "done").await;
    assert_eq!([&report["result"], &report["provider_ref"]], ["reported", &message.sid]);
    assert_eq!(
        (world.sim.messaging().sends().len(), world.sim.twilio().sends().len()),
        (1, 1),
        "nothing is sent again"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn f1_c4_p11_what_was_never_taken_is_found_out_and_what_another_took_stays_its() {
    let mut world = World::with(|settings| {
        settings.providers = vec![Provider::new("a", Kind::Messaging), Provider::new("b", Kind::Webhook)];
        settings.more = "[[telephony.routes]]\ncountries = ['FR']\nproviders = ['a']\n\
            [[telephony.routes]]\nproviders = ['a', 'b']\n"
            .to_owned();
    })
    .await;
    // Before the provider hears of it.
    let (_, crashed) = crash_at(&mut world, "send.before_request").await;
    // Nobody takes it.
    world.sim.messaging().fail_next(MessagingOp::CreateMessage, Fault::ResetBeforeAccept);
    let user = world.user("ana");
    let request = world.sim.okta().hook_request(&user.id, Channel::Sms).unwrap().phone("+33612345678");
    let lost = world.ask_for(request).await;
    assert_eq!((lost.told().as_str(), lost.providers()), ("PENDING", vec!["a"]));
    // The same number gets another code a moment later, which is no proof of the first.
    let zoe = world.user("zoe");
    let request = || world.sim.okta().hook_request(&zoe.id, Channel::Sms).unwrap().phone("+33612345679");
    world.sim.messaging().fail_next(MessagingOp::CreateMessage, Fault::ResetBeforeAccept);
    let earlier = world.ask_for(request()).await;
    let later = world.ask_for(request()).await;
    assert_eq!((earlier.outcomes(), later.outcomes()), (vec!["ambiguous"], vec!["accepted"]));
    // The second one takes it, the first one has not.
    world.sim.messaging().fail_next(MessagingOp::CreateMessage, Fault::ResetBeforeAccept);
    let once = world.ask(&world.user("bob"), Channel::Sms).await;
    // Both have taken it.
    world.sim.messaging().fail_next(MessagingOp::CreateMessage, Fault::ResetAfterAccept);
    let twice = world.ask(&world.user("eve"), Channel::Sms).await;
    for asked in [&once, &twice] {
        assert_eq!(asked.outcomes(), ["ambiguous", "accepted"]);
    }

    let attempts = mended(&world, &twice, "accepted").await;
    let message = world.sim.messaging().sends().pop().unwrap();
    assert_eq!((&attempts[0]["provider_ref"], attempts.len()), (message.sid.as_str(), 2));
    stays_with_b(&settles(&world, &twice.row["id"], "accepted").await, &attempts[1]["provider_ref"]);

    let row = settles(&world, &lost.row["id"], "failed").await;
    assert_eq!(
        [&row["failure_class"], &row["provider_ref"], &row["answer"]],
        ["not_accepted", "NULL", "PENDING"]
    );
    assert_eq!(&world.attempts(&lost.row).await[0]["outcome"], "not_sent");
    let row = settles(&world, &earlier.row["id"], "failed").await;
    assert_eq!([&row["failure_class"], &row["provider_ref"]], ["not_accepted", "NULL"]);
    let row = world.transaction(&later.request.event_id).await;
    assert_eq!([&row["status"], &row["provider_ref"]], ["accepted", &later.row["provider_ref"]]);
    let row = settles(&world, &crashed["id"], "failed").await;
    assert_eq!([&row["failure_class"], &row["provider_ref"]], ["not_accepted", "NULL"]);
    let attempts = mended(&world, &once, "not_sent").await;
    stays_with_b(&settles(&world, &once.row["id"], "accepted").await, &attempts[1]["provider_ref"]);
    let metrics = world.admin("/metrics").await.text;
    for line in [
        "ringback_reconciled_total{provider=\"a\",result=\"accepted\"} 1",
        "ringback_reconciled_total{provider=\"a\",result=\"not_accepted\"} 4",
    ] {
        assert!(metrics.lines().any(|it| it == line), "no {line} in\n{metrics}");
    }
}

/// A hook during which the process dies; in its next life nobody knows what became of it.
async fn crash_at(world: &mut World, point: &str) -> (HookRequest, Row) {
    world.settings.environment = vec![("RINGBACK_CRASH_AT".to_owned(), format!("{point}:1"))];
    world.crash().await;
    let request = world.sim.okta().hook_request(&world.user("ana").id, Channel::Sms).unwrap();
    let request = request.phone("+33612345678");
    assert!(!world.sim.okta().fire_hook(&request).await.is_sent(), "{point}");
    world.server.ended().await;
    world.settings.environment.clear();
    world.start_again().await;
    let row = world.transaction(&request.event_id).await;
    assert_eq!([&row["status"], &row["failure_class"]], ["ambiguous", "crash"], "{point}");
    (request, row)
}

#[tokio::test(flavor = "multi_thread")]
async fn f1_c5_p11_what_was_taken_before_a_crash_is_found() {
    let mut world = World::with(by_channel).await;
    let (request, row) = crash_at(&mut world, "send.after_response").await;
    let row = settles(&world, &row["id"], "accepted").await;
    let sends = world.sim.messaging().sends();
    assert_eq!([&row["provider_ref"], &row["failure_class"]], [&sends[0].sid, "NULL"]);
    // If it is asked for once more, it is not sent again.
    world.sim.okta().fire_hook(&request).await;
    assert_eq!((sends.len(), world.sim.messaging().sends().len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn c21_a_callback_settles_what_nobody_knew() {
    let front = crate::harness::Balancer::start().await;
    let world = World::with(|settings| {
        // Telesign has no list to look in: what it says by itself is all there is.
        settings.providers =
            vec![Provider::new("telesign", Kind::Omnichannel).with("status_callbacks = true")];
        settings.public_url = Some(front.url());
    })
    .await;
    front.lead_to(vec![world.server.public]);
    world.sim.telesign().fail_next(TelesignOp::Omnichannel, Fault::ResetAfterAccept);
    let asked = world.ask(&world.user("ana"), Channel::Sms).await;
    assert_eq!(asked.told(), "PENDING");
    let send = world.sim.telesign().sends().pop().unwrap();
    assert_eq!(world.sim.telesign().deliver_status(&send.reference_id, 3000).await, Ok(200));
    let row = settles(&world, &asked.row["id"], "accepted").await;
    assert_eq!([&row["provider_ref"], &row["provider"]], [&send.reference_id, "telesign"]);
    until("its attempt is mended", async || {
        (&world.attempts(&asked.row).await[0]["outcome"] == "accepted").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c5_c10_p11_what_was_taken_is_found_although_another_called_it_fraud() {
    let world = World::with(|settings| {
        settings.providers = vec![Provider::new("a", Kind::Verify), Provider::new("b", Kind::Omnichannel)];
    })
    .await;
    let ana = world.user("ana");
    world.sim.twilio().fail_next(VerifyOp::Create, Fault::DelayAfterAccept(STALL));
    world.sim.telesign().fail_next(TelesignOp::Omnichannel, Fault::telesign(3072));
    let asked = world.ask(&ana, Channel::Sms).await;
    assert_eq!(
        (asked.told().as_str(), &asked.row["status"]),
        ("error", "blocked"),
        "fraud is not argued with"
    );
    let row = settles(&world, &asked.row["id"], "accepted").await;
    let sent = world.sim.twilio().sends().pop().unwrap();
    assert_eq!(
        [&row["provider"], &row["provider_ref"], &row["answer"]],
        ["a", sent.verification_sid.as_str(), "error"]
    );
    // And the user, who has the code after all, is reported.
    world.type_in(&ana, &asked.request.code).await;
    world.row_when("SELECT * FROM feedback_reports", "result", "reported").await;
    assert!(world.sim.twilio().approved(&asked.request.phone));
}

#[tokio::test(flavor = "multi_thread")]
async fn p6_both_messages_of_a_login_hear_of_it() {
    let world = World::with(|settings| {
        settings.providers = vec![Provider::new("a", Kind::Verify), Provider::new("b", Kind::Messaging)];
        settings.more = "[[telephony.routes]]\nproviders = ['a', 'b']\n".to_owned();
    })
    .await;
    let (ana, bob) = (world.user("ana"), world.user("bob"));
    world.sim.twilio().fail_times(VerifyOp::Create, 2, Fault::ResetAfterAccept);
    let (entered, abandoned) = (world.ask(&ana, Channel::Sms).await, world.ask(&bob, Channel::Sms).await);
    for asked in [&entered, &abandoned] {
        assert_eq!(asked.outcomes(), ["ambiguous", "accepted"]);
    }
    world.type_in(&ana, &entered.request.code).await;
    let attempts = mended(&world, &entered, "accepted").await;
    let verification = attempts[0]["provider_ref"].to_owned();
    let sql = format!(
        "SELECT * FROM feedback_reports WHERE transaction_id = '{}' ORDER BY provider",
        &entered.row["id"]
    );
    let reports = until_within(GIVEN_UP, "both are told", async || {
        let rows = world.rows(&sql).await;
        (rows.len() == 2).then_some(rows)
    })
    .await;
    let said = |row: &Row| {
        [&row["provider"], &row["provider_ref"], &row["verdict"], &row["result"]].map(str::to_owned)
    };
    assert_eq!(said(&reports[0]), ["a", verification.as_str(), "approved", "reported"]);
    assert_eq!(said(&reports[1]), ["b", &attempts[1]["provider_ref"], "approved", "reported"]);
    assert_eq!(&reports[0]["event_uuid"], &reports[1]["event_uuid"]);
    assert!(world.sim.twilio().approved(&verification));
    mended(&world, &abandoned, "accepted").await;
    let reports = world.sim.twilio().reports();
    assert_eq!(reports.len(), 1, "once, and of nobody else: {reports:?}");
}
