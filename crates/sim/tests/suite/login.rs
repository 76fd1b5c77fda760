//! Users sign in, enrol, and type codes; the System Log says so.

use std::time::Duration;

use serde_json::Value;
use sim::{Channel, CodeCheck, Engine, Factor, FlowError, Purpose, User};

use crate::receiver::{Receiver, Say};
use crate::shape::{fixture, shape};
use crate::world::{ANA, BOB, World};

async fn world() -> (World, Receiver) {
    let receiver = Receiver::saying([Say::status("SUCCESSFUL")]).await;
    let world = World::new().await;
    world.okta().point_at(&receiver.url, &receiver.url);
    let ana = User::new("00uana", "ana.fake@example.com");
    world.okta().add_user(ana.factor(Factor::sms(ANA)).factor(Factor::call(BOB)));
    (world, receiver)
}

fn debug_data(event: &Value) -> &Value {
    &event["debugContext"]["debugData"]
}

#[tokio::test]
async fn the_right_code_is_a_success_event() {
    let (world, receiver) = world().await;
    for (channel, phone, factor, method) in
        [(Channel::Sms, ANA, "SMS_FACTOR", "SMS"), (Channel::Voice, BOB, "CALL_FACTOR", "VOICE")]
    {
        let login = world.okta().login("ana.fake@example.com", channel).await.unwrap();
        assert!(login.is_sent());
        assert_eq!(login.request.phone, phone);
        let check = world.okta().enter_code("00uana", login.code()).await.unwrap();
        assert!(matches!(check, CodeCheck::Accepted(it) if it.channel == channel));
        let events = world.okta().take_events();
        assert_eq!(events.len(), 1);
        let sample = &fixture("event-hook-single-sms-success")["data"]["events"][0];
        assert_eq!(shape(&events[0]), shape(sample));
        for key in ["eventType", "displayMessage", "severity", "legacyEventType", "outcome", "version"] {
            assert_eq!(events[0][key], sample[key], "{key}");
        }
        assert_eq!(debug_data(&events[0])["factor"], factor);
        assert_eq!(debug_data(&events[0])["factorIntent"], "LOGIN");
        assert_eq!(events[0]["target"][1]["detailEntry"]["methodTypeUsed"], method);
        assert_eq!(events[0]["actor"]["id"], "00uana");
        assert_eq!(world.okta().enter_code("00uana", login.code()).await.unwrap(), CodeCheck::NothingOpen);
        assert_eq!(world.okta().queued_events(), Vec::<Value>::new());
    }
    assert_eq!(receiver.received().len(), 2);
}

#[tokio::test]
async fn a_wrong_or_late_code_is_a_failure_event() {
    let (world, _receiver) = world().await;
    let login = world.okta().login("00uana", Channel::Sms).await.unwrap();
    assert!(matches!(world.okta().enter_code("00uana", "wrong").await.unwrap(), CodeCheck::Rejected(_)));
    world.clock().advance(Duration::from_secs(300));
    assert!(matches!(world.okta().enter_code("00uana", login.code()).await.unwrap(), CodeCheck::Rejected(_)));
    let events = world.okta().take_events();
    assert_eq!(events.len(), 2);
    for event in events {
        assert_eq!(
            (&event["outcome"]["result"], &event["outcome"]["reason"]),
            (&"FAILURE".into(), &"INVALID_CREDENTIALS".into())
        );
        assert_eq!(
            (&event["severity"], &event["legacyEventType"]),
            (&"WARN".into(), &"core.user.factor.attempt_fail".into())
        );
    }
}

#[tokio::test]
async fn a_resend_has_a_new_code_and_the_engine_decides_about_the_old() {
    let (world, _receiver) = world().await;
    for (engine, old_works) in [(Engine::Identity, false), (Engine::Classic, true)] {
        world.okta().configure(|it| it.engine = engine);
        let first = world.okta().login("00uana", Channel::Sms).await.unwrap();
        let second = world.okta().login("00uana", Channel::Sms).await.unwrap();
        assert_ne!(first.code(), second.code());
        let old = world.okta().enter_code("00uana", first.code()).await.unwrap();
        assert_eq!(matches!(old, CodeCheck::Accepted(_)), old_works, "{engine:?}");
        if !old_works {
            assert!(matches!(
                world.okta().enter_code("00uana", second.code()).await.unwrap(),
                CodeCheck::Accepted(_)
            ));
        }
    }
}

#[tokio::test]
async fn an_enrolment_is_two_events_on_identity_engine() {
    let (world, receiver) = world().await;
    let enrol = world.okta().enrol("00uana", "+1 (202) 555-0177", Channel::Sms).await.unwrap();
    assert_eq!(receiver.received()[0].body["requestType"], "com.okta.user.telephony.pre-enrollment");
    world.okta().enter_code("00uana", enrol.code()).await.unwrap();
    let events = world.okta().take_events();
    let sample = &fixture("event-hook-enroll-sms-then-two-activates")["data"]["events"];
    assert_eq!(shape(&events.clone().into()), shape(sample));
    let reasons: Vec<_> = events.iter().map(|it| &it["outcome"]["reason"]).collect();
    assert_eq!(reasons, ["User set up SMS_FACTOR factor", "User set up CALL_FACTOR factor"]);
    assert_eq!(events[0]["published"], events[1]["published"]);
    assert_ne!(events[0]["uuid"], events[1]["uuid"]);
    let user = world.okta().user("00uana").unwrap();
    for factor in ["sms", "call"] {
        assert_eq!(user.active_factor(factor).unwrap().phone_number.as_deref(), Some("+12025550177"));
    }

    world.okta().configure(|it| it.engine = Engine::Classic);
    let enrol = world.okta().enrol("00uana", BOB, Channel::Voice).await.unwrap();
    world.okta().enter_code("00uana", enrol.code()).await.unwrap();
    assert_eq!(world.okta().take_events().len(), 1);
}

#[tokio::test]
async fn recovery_says_so() {
    let (world, receiver) = world().await;
    let asked = world.okta().ask_for_code("00uana", Channel::Sms, Purpose::AccountUnlock).await.unwrap();
    assert_eq!(receiver.received()[0].body["requestType"], "com.okta.user.telephony.account-unlock");
    world.okta().enter_code("00uana", asked.code()).await.unwrap();
    assert_eq!(debug_data(&world.okta().take_events()[0])["factorIntent"], "CREDENTIAL_RECOVERY");
}

#[tokio::test]
async fn strangers_and_phoneless_users_cannot_start() {
    let (world, receiver) = world().await;
    world.okta().add_user(User::new("00ubob", "bob.fake@example.com"));
    let stranger = world.okta().login("eve@example.com", Channel::Sms).await.unwrap_err();
    assert_eq!(stranger, FlowError::NoSuchUser("eve@example.com".to_owned()));
    let phoneless = world.okta().login("00ubob", Channel::Sms).await.unwrap_err();
    assert_eq!(phoneless, FlowError::NoPhone("bob.fake@example.com".to_owned()));
    assert_eq!(receiver.received().len(), 0);
}
