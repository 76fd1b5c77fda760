//! `ringback send`: a test code through the route, or through one provider.

use sim::{Channel, Fault, MessagingOp, VerifyOp};

use crate::harness::{Kind, Provider, World, phone};

async fn two() -> World {
    World::with(|settings| {
        settings.providers = vec![Provider::new("a", Kind::Messaging), Provider::new("b", Kind::Verify)];
        settings.more = "[[telephony.routes]]\nchannels = ['sms']\nproviders = ['a', 'b']\n".to_owned();
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_code_goes_by_the_route_or_through_one_provider() {
    let world = two().await;
    for (provider, took, locale) in
        [(None, "a", None), (Some("b"), "b", None), (Some("a"), "a", Some("fr-FR"))]
    {
        let to = phone();
        let mut arguments = vec!["send", "--to", &to];
        arguments.extend(provider.iter().flat_map(|name| ["--provider", *name]));
        arguments.extend(locale.iter().flat_map(|name| ["--locale", *name]));
        let said = world.command(&arguments).await.done();
        assert!(said.out.contains(&format!("attempt 1 through {took}: accepted (HTTP 201")), "{said:?}");
        assert!(!said.out.contains(&to), "numbers are masked: {said:?}");
        let inbox = world.sim.handset().inbox(&to);
        assert_eq!(inbox.len(), 1);
        assert!(said.out.contains(&inbox[0].code), "it says what to look for: {said:?}");
        assert_eq!(inbox[0].text.contains("Votre"), locale.is_some(), "{inbox:?}");
    }
    // A provider by name is asked whatever the routes say of the channel.
    let to = phone();
    world.command(&["send", "--to", &to, "--channel", "voice", "--provider", "a"]).await.done();
    assert_eq!(world.sim.handset().inbox(&to)[0].channel, "call");
    assert_eq!(world.rows("SELECT * FROM otp_transactions").await, [], "no hook has asked for them");
    // The running service is not in the way, and goes on.
    world.login(&world.user("ana"), Channel::Sms).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c12_what_fails_is_said_and_is_exit_code_1() {
    let world = two().await;
    world.sim.messaging().fail_always(MessagingOp::CreateMessage, Fault::twilio(20003));
    let to = phone();
    let said = world.command(&["send", "--to", &to, "--provider", "a"]).await;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.out.contains("attempt 1 through a: misconfigured (HTTP 401, code 20003"), "{said:?}");
    assert!(said.out.contains("not accepted: misconfigured"), "{said:?}");
    let said = world.command(&["send", "--to", &to]).await.done();
    for line in ["attempt 1 through a: misconfigured", "attempt 2 through b: accepted"] {
        assert!(said.out.contains(line), "no {line}: {said:?}");
    }
    world.sim.twilio().fail_always(VerifyOp::Create, Fault::twilio(60410));
    let said = world.command(&["send", "--to", &to]).await;
    assert_eq!((said.code, said.out.contains("not accepted: rejected_fraud")), (1, true), "{said:?}");
    let said = world.command(&["send", "--to", &to, "--channel", "voice"]).await;
    assert_eq!((said.code, said.out.contains("no provider")), (1, true), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_arguments_are_exit_code_2_and_nothing_is_sent() {
    let world = two().await;
    let to = phone();
    for wrong in [
        &["--to", "12"][..],
        &["--to", "hello"],
        &["--to", &to, "--provider", "nobody"],
        &["--to", &to, "--channel", "pigeon"],
        &["--to", &to, "--org", "nowhere"],
        &["--to", &to, "--purpose", "fun"],
        &[],
    ] {
        let said = world.command(&[&["send"][..], wrong].concat()).await;
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{wrong:?}: {said:?}");
        assert!(!said.err.is_empty(), "{wrong:?}");
    }
    assert!(world.seen().iter().all(|(_, requests)| *requests == 0), "{:?}", world.seen());
}
