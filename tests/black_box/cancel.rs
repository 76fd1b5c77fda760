//! Verifications that nobody completed: `feedback.cancel`.

use std::time::Duration;

use sim::Channel;

use crate::harness::{Row, World, until_within};

async fn cancels(world: &World) -> Vec<Row> {
    world.rows("SELECT * FROM feedback_reports WHERE verdict = 'canceled' ORDER BY reported_at").await
}

#[tokio::test(flavor = "multi_thread")]
async fn p6_c9_a_number_is_freed_before_its_verification_is_full() {
    let world = World::start().await;
    let user = world.user("ana");
    let mut asked = Vec::new();
    for _ in 0..11 {
        let code = world.ask(&user, Channel::Sms).await;
        assert_eq!((code.told().as_str(), code.outcomes()), ("SUCCESSFUL", vec!["accepted"]));
        asked.push(code);
    }
    let reference = |n: usize| asked[n].row["provider_ref"].to_owned();
    assert_eq!([reference(0), reference(4)], [reference(3), reference(7)], "four codes each");
    assert!(reference(3) != reference(4) && reference(7) != reference(8));
    let told: Vec<_> = world.sim.twilio().reports().into_iter().map(|it| (it.target, it.status)).collect();
    let canceled = |sid: String| (sid, "canceled".to_owned());
    assert_eq!(told, [canceled(reference(0)), canceled(reference(4))], "each by its reference, once");
    world.drained().await;
    let rows = cancels(&world).await;
    let rows: Vec<_> =
        rows.iter().map(|row| [&row["provider_ref"], &row["result"], &row["event_uuid"]]).collect();
    assert_eq!(rows, [[reference(0).as_str(), "reported", ""], [reference(4).as_str(), "reported", ""]]);
    // The last code is entered, and its verification is the one that is approved.
    world.type_in(&user, &asked[10].request.code).await;
    let report = world.report_when(&asked[10], "done").await;
    assert_eq!([&report["verdict"], &report["provider_ref"]], ["approved", reference(10).as_str()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn c9_a_refused_number_is_freed_for_its_next_code() {
    // As after four codes that another node sent.
    let world = World::start().await;
    world.sim.twilio().configure(|twilio| twilio.max_sends = 2);
    let user = world.user("ana");
    world.ask(&user, Channel::Sms).await;
    world.ask(&user, Channel::Sms).await;
    let refused = world.ask(&user, Channel::Sms).await;
    assert_eq!((refused.told().as_str(), refused.outcomes()), ("error", vec!["rejected_limit"]));
    assert_eq!(world.sim.twilio().reports().len(), 0, "a refusal is not argued with");
    let next = world.ask(&user, Channel::Sms).await;
    assert_eq!((next.told().as_str(), next.outcomes()), ("SUCCESSFUL", vec!["accepted"]));
    let told = world.sim.twilio().reports().remove(0);
    assert_eq!([told.target.as_str(), &told.status], [next.request.phone.as_str(), "canceled"]);
    world.drained().await;
    let row = cancels(&world).await.remove(0);
    assert_eq!([&row["provider_ref"], &row["phone_hmac"]], ["NULL", &next.row["phone_hmac"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn c9_who_does_not_want_that_has_five() {
    let world = World::with(|settings| settings.more = "[feedback]\ncancel = 'never'\n".to_owned()).await;
    let user = world.user("ana");
    for _ in 0..5 {
        assert_eq!(world.ask(&user, Channel::Sms).await.told(), "SUCCESSFUL");
    }
    for _ in 0..2 {
        let refused = world.ask(&user, Channel::Sms).await;
        assert_eq!((refused.told().as_str(), refused.outcomes()), ("error", vec!["rejected_limit"]));
    }
    assert_eq!(world.sim.twilio().reports().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn p6_what_nobody_entered_is_cancelled_when_it_is_over() {
    let world = World::with(|settings| settings.more = "[feedback]\ncancel = 'on_expiry'\n".to_owned()).await;
    let short = |user: &sim::User| {
        world.sim.okta().hook_request(&user.id, Channel::Sms).unwrap().expires_in(Duration::from_secs(3))
    };
    let (ana, bob, eve) = (world.user("ana"), world.user("bob"), world.user("eve"));
    let abandoned = world.ask_for(short(&ana)).await;
    let entered = world.ask_for(short(&bob)).await;
    world.type_in(&bob, &entered.request.code).await;
    // One verification, and its second code still lives.
    let first = world.ask_for(short(&eve)).await;
    let second = world.ask(&eve, Channel::Sms).await;
    assert_eq!(&first.row["provider_ref"], &second.row["provider_ref"]);
    let rows = until_within(Duration::from_secs(120), "a verification is cancelled", async || {
        let rows = cancels(&world).await;
        (!rows.is_empty()).then_some(rows)
    })
    .await;
    assert_eq!(rows.len(), 1);
    let row = [&rows[0]["transaction_id"], &rows[0]["provider_ref"], &rows[0]["result"]];
    assert_eq!(row, [&abandoned.row["id"], &abandoned.row["provider_ref"], "reported"]);
    let told = world.sim.twilio().reports();
    let canceled: Vec<_> = told.iter().filter(|it| it.status == "canceled").map(|it| &it.target).collect();
    assert_eq!(canceled, [&abandoned.row["provider_ref"]]);
    assert!(world.sim.twilio().approved(&entered.row["provider_ref"]));
}
