//! Who may say what became of a message: whoever signs as its provider does, and nobody else.

use sim::Channel;

use crate::harness::{Asked, Letter, Postbox, Reply, Settings, World, until};
use crate::status_callbacks::{AMERICAN, FRENCH, GERMAN, ask, one_of_each, receipts};

/// A server that is known by the postbox's address, and one callback of each signed kind, as it was posted there.
async fn letters(box_: &Postbox, change: impl FnOnce(&mut Settings)) -> (World, [(Letter, Asked); 3]) {
    let world = World::with(|settings| {
        one_of_each(settings, &box_.url());
        change(settings);
    })
    .await;
    world.sim.twilio().stream_to(&format!("{}/providers/verify/status", box_.url()));
    let sms = ask(&world, AMERICAN, Channel::Sms).await;
    let telesign = ask(&world, FRENCH, Channel::Sms).await;
    let verify = ask(&world, GERMAN, Channel::Sms).await;
    world.sim.messaging().deliver_status(&sms.row["provider_ref"], "sent", None).await.unwrap();
    let first = box_.letter().await;
    world.sim.telesign().deliver_status(&telesign.row["provider_ref"], 3000).await.unwrap();
    let second = box_.letter().await;
    world.sim.twilio().stream_message_status(&verify.row["provider_ref"], "sent").await.unwrap();
    let third = box_.letter().await;
    (world, [(first, sms), (second, telesign), (third, verify)])
}

async fn nothing_recorded(world: &World) {
    world.drained().await;
    assert_eq!(world.rows("SELECT * FROM delivery_receipts").await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn s1_p13_what_is_not_signed_by_the_provider_leaves_nothing_but_a_count() {
    let postbox = Postbox::start().await;
    let (world, all) = letters(&postbox, |_| {}).await;
    let mut refused = 0;
    for (letter, asked) in &all {
        let name = &asked.row["provider"];
        let header = if name == "telesign" { "authorization" } else { "x-twilio-signature" };
        let signature = letter.headers[header].to_str().unwrap().to_owned();
        let other = &all.iter().find(|(_, it)| &it.row["provider"] != name).unwrap().0;
        let text = String::from_utf8(letter.body.to_vec()).unwrap();
        let changed = text.replacen("sent", "delivered", 1).replacen("3000", "3001", 1);
        assert_ne!(changed, text);
        for (what, letter) in [
            ("no signature", letter.clone().header(header, None)),
            ("an empty one", letter.clone().header(header, Some(""))),
            ("half of it", letter.clone().header(header, Some(&signature[..signature.len() / 2]))),
            ("nonsense", letter.clone().header(header, Some("AAAAAAAAAAAAAAAAAAAAAAAAAAA="))),
            ("another body", letter.clone().saying(changed)),
            ("no body", letter.clone().saying("")),
            ("another's body", letter.clone().saying(other.body.clone())),
        ] {
            assert_eq!(letter.post(&world).await, 401, "{name}: {what}");
            refused += 1;
        }
    }
    // The URL is a part of what Twilio signs.
    let (sms, asked) = &all[0];
    let id = &asked.row["id"];
    for path in [
        "/providers/sms/status".to_owned(),
        format!("/providers/sms/status?transaction={id}&more=1"),
        format!("/providers/verify/status?transaction={id}"),
    ] {
        assert_eq!(sms.clone().at(&path).post(&world).await, 401, "{path}");
        refused += 1;
    }
    nothing_recorded(&world).await;
    let line = format!("ringback_auth_failures_total{{endpoint=\"status\"}} {refused}");
    let metrics = world.admin("/metrics").await.text;
    assert!(metrics.lines().any(|it| it == line), "no {line} in\n{metrics}");
    // The real ones are taken all the same, each once.
    for (letter, asked) in &all {
        assert_eq!([letter.post(&world).await, letter.post(&world).await], [200, 200]);
        receipts(&world, &asked.row["provider_ref"], 1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s1_signatures_are_checked_against_our_address_and_never_the_host_header() {
    let postbox = Postbox::start().await;
    let (mut world, all) = letters(&postbox, |_| {}).await;
    for (letter, asked) in &all {
        let spoofed = letter
            .clone()
            .header("host", Some("evil.example"))
            .header("x-forwarded-host", Some("evil.example"));
        assert_eq!(spoofed.post(&world).await, 200, "{}", &asked.row["provider"]);
        receipts(&world, &asked.row["provider_ref"], 1).await;
    }
    // What stands in front may have a path of its own, and takes it off.
    world.settings.public_url = Some(format!("{}/otp/", postbox.url()));
    world.restart().await;
    let asked = ask(&world, AMERICAN, Channel::Sms).await;
    world.sim.messaging().deliver_status(&asked.row["provider_ref"], "sent", None).await.unwrap();
    let letter = postbox.letter().await;
    let path = letter.path.strip_prefix("/otp").unwrap().to_owned();
    assert_eq!([letter.post(&world).await, letter.at(&path).post(&world).await], [404, 200]);
    receipts(&world, &asked.row["provider_ref"], 1).await;
    // Known by another address, it is no excuse that the Host header is the one that was signed.
    world.settings.public_url = Some("https://otp.example.com".to_owned());
    world.restart().await;
    let [(sms, _), (telesign, _), (verify, _)] = &all;
    assert_eq!([sms.post(&world).await, verify.post(&world).await], [401, 401]);
    assert_eq!(telesign.post(&world).await, 200, "Telesign signs the body alone");
    // Known by none, nobody can check anything: later, perhaps.
    world.settings.public_url = None;
    world.restart().await;
    assert_eq!([sms.post(&world).await, verify.post(&world).await], [503, 503]);
    until("somebody is told", async || {
        // Once: whoever likes may cause it.
        (world.server.lines("status callbacks are refused").len() == 1).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn g7_what_is_no_callback_of_ours_is_refused() {
    let postbox = Postbox::start().await;
    let (world, all) = letters(&postbox, |_| {}).await;
    let [(sms, _), ..] = &all;
    for (path, expected) in [
        ("/providers/nobody/status", 404),
        ("/providers/hook/status", 404),
        ("/providers/sms", 404),
        ("/providers/sms/status/more", 404),
        ("/providers//status", 404),
        ("/providers/..%2Fsms/status", 404),
    ] {
        assert_eq!(sms.clone().at(path).post(&world).await, expected, "{path}");
    }
    for method in [reqwest::Method::GET, reqwest::Method::PUT, reqwest::Method::DELETE] {
        let reply = Reply::to(world.client.request(method, world.url("/providers/sms/status"))).await;
        assert_eq!(reply.status, 405);
    }
    let large = sms.clone().saying(vec![b'x'; (64 << 10) + 1]);
    assert_eq!(large.post(&world).await, 413);
    assert_eq!(sms.clone().saying(vec![b'x'; 64 << 10]).post(&world).await, 401, "as much as is read");
    let [_, (json, _), ..] = &all;
    assert_eq!(json.clone().saying(vec![b'x'; (1 << 20) + 1]).post(&world).await, 413);
    assert_eq!(json.clone().saying(vec![b'x'; 1 << 20]).post(&world).await, 401, "batches are longer");
    nothing_recorded(&world).await;
}
