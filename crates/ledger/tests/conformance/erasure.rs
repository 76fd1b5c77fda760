use ledger::{Erased, Person};
use otp::{EventState, Fact, FeedbackReported, HookReceived, PhoneNumber, ReportResult, SealedPhone, Vault};

use super::Bench;
use super::facts::*;

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const NUMBER: &str = "+15555550101";

fn kept(n: u128, number: &str) -> SealedPhone {
    let number = PhoneNumber::parse(number, None).unwrap();
    Vault::from_base64(KEY).unwrap().keep(&number, tx(n)).unwrap()
}

fn ana() -> Person {
    Person::User { org: None, okta_user_id: "00uAna".to_owned() }
}

/// A login of Ana's, with all that comes of it, some of it by number.
fn login(n: u128, seconds: i64) -> Vec<Fact> {
    let uuid = format!("ev-{n}");
    let phone = kept(n, NUMBER);
    let hook = HookReceived {
        okta_user_id: Some("00uAna".to_owned()),
        phone: Some(phone.clone()),
        ..hook(n, seconds)
    };
    let mut received = event(&uuid, n, seconds + 20);
    received.event.okta_user_id = Some("00uAna".to_owned());
    let by_number = FeedbackReported {
        phone_hmac: Some(phone.hmac),
        ..reported(&uuid, seconds + 21, ReportResult::Reported, None)
    };
    let mut facts = accepted(&hook);
    facts.push(Fact::EventReceived(received));
    facts.push(Fact::FeedbackReported(by_number));
    facts.push(Fact::EventSettled(event_settled(&uuid, seconds + 21, EventState::Done, Some(n))));
    facts
}

/// The same of somebody else.
fn other_login(n: u128, seconds: i64) -> Vec<Fact> {
    let hook = HookReceived {
        okta_user_id: Some("00uBea".to_owned()),
        phone: Some(kept(n, "+15555550102")),
        ..hook(n, seconds)
    };
    accepted(&hook)
}

fn assert_gone(text: &str) {
    let phone = kept(1, NUMBER);
    for word in ["00uAna", "5555550101", phone.hmac.as_str()] {
        assert!(!text.contains(word), "{word} is in\n{text}");
    }
}

async fn claim(bench: &Bench) {
    let subject = format!("verify/{}", kept(1, NUMBER).hmac.as_str());
    let ttl = std::time::Duration::from_secs(60);
    bench.ledger.claim_reports(&[subject], "a worker", at(0), ttl).await.unwrap();
}

/// What the dump leaves out.
async fn claims(bench: &Bench) -> String {
    bench.lines("SELECT subject AS line FROM report_claims").await.join(" ")
}

pub(crate) async fn s11_a_user_is_erased_from_every_table(bench: Bench) {
    let others = other_login(2, 5);
    let rest = bench.dump_of(&others).await;
    bench.clear().await;
    bench.apply(&login(1, 0)).await;
    bench.apply(&others).await;
    let mut sent = sent_by_okta("ev-sent", 30);
    sent.event.okta_user_id = Some("00uAna".to_owned());
    bench.apply(&[Fact::SendNoted(sent.clone())]).await;
    claim(&bench).await;
    assert!(claims(&bench).await.contains(kept(1, NUMBER).hmac.as_str()));
    let counts = "SELECT country || ' ' || channel || ' ' || status || ' ' || count(*) AS line
        FROM otp_transactions GROUP BY country, channel, status";
    let before = bench.lines(counts).await;
    let erased = bench.ledger.erase(&ana(), at(100), false).await.unwrap();
    assert_eq!(erased, Erased { transactions: 1, events: 1, sends: 1, reports: 1, claims: 1 });
    let dump = bench.dump().await;
    assert_gone(&format!("{dump:?} {}", claims(&bench).await));
    assert_gone(&bench.lines("SELECT mark AS line FROM erasures").await.join(" "));
    assert_eq!(bench.lines(counts).await, before, "what is counted stays");
    assert!(dump["otp_transactions"].contains(&rest["otp_transactions"][0]), "others stay: {dump:?}");
    let again = bench.ledger.erase(&ana(), at(101), false).await.unwrap();
    assert_eq!(again, Erased::default());
    bench.apply(&[Fact::SendNoted(sent)]).await;
    assert_gone(&format!("{:?}", bench.dump().await));
    if let Some(folder) = &bench.files {
        let phone = kept(1, NUMBER);
        let mut bytes = 0;
        for file in std::fs::read_dir(folder).unwrap() {
            let content = std::fs::read(file.unwrap().path()).unwrap();
            bytes += content.len();
            for word in ["00uAna", phone.hmac.as_str(), "5555550101"] {
                let found = content.windows(word.len()).any(|window| window == word.as_bytes());
                assert!(!found, "{word} is in the file");
            }
        }
        assert!(bytes > 0);
    }
}

pub(crate) async fn s11_whoever_has_a_number_is_erased(bench: Bench) {
    bench.apply(&login(1, 0)).await;
    bench.apply(&other_login(2, 5)).await;
    let person = Person::Phone(kept(9, NUMBER).hmac);
    let erased = bench.ledger.erase(&person, at(100), false).await.unwrap();
    assert_eq!(erased, Erased { transactions: 1, events: 1, sends: 0, reports: 1, claims: 0 });
    bench.apply(&login(1, 0)).await;
    assert_gone(&format!("{:?}", bench.dump().await));
    let others =
        bench.lines("SELECT okta_user_id AS line FROM otp_transactions WHERE phone_hmac IS NOT NULL");
    assert_eq!(others.await, ["00uBea"]);
}

pub(crate) async fn s11_a_dry_run_counts_and_changes_nothing(bench: Bench) {
    bench.apply(&login(1, 0)).await;
    let before = bench.dump().await;
    let counted = bench.ledger.erase(&ana(), at(100), true).await.unwrap();
    assert_eq!(bench.dump().await, before);
    assert!(bench.lines("SELECT mark AS line FROM erasures").await.is_empty());
    assert_eq!(bench.ledger.erase(&ana(), at(100), false).await.unwrap(), counted);
    let elsewhere = Person::User { org: Some(org("other")), okta_user_id: "00uAna".to_owned() };
    assert_eq!(bench.ledger.erase(&elsewhere, at(100), true).await.unwrap(), Erased::default());
}

/// A journal is drained again, in any order, and what was still in one comes now.
pub(crate) async fn s11_an_erased_person_does_not_come_back(bench: Bench) {
    for person in [ana(), Person::Phone(kept(9, NUMBER).hmac)] {
        bench.clear().await;
        bench.meddle("DELETE FROM erasures").await;
        bench.apply(&login(1, 0)).await;
        bench.ledger.erase(&person, at(100), false).await.unwrap();
        let expected = bench.dump().await;
        let again: Vec<Fact> = login(1, 0).into_iter().rev().collect();
        bench.apply(&again).await;
        assert_eq!(bench.dump().await, expected, "{person:?}");
        // As after a restore of the books: the rows come anew, and count where they counted.
        bench.clear().await;
        bench.apply(&login(1, 0)).await;
        assert_gone(&format!("{:?}", bench.dump().await));
        let country = bench.lines("SELECT country AS line FROM otp_transactions").await;
        assert_eq!(country, [kept(1, NUMBER).country.as_str()]);
    }
    // What nobody had drained yet; only its owner can be known again.
    bench.clear().await;
    bench.apply(&login(2, 50)).await;
    assert_gone(&format!("{:?}", bench.dump().await["otp_transactions"]));
}

/// Events that belong to no code: a wrong code, a password, what Okta sent itself. Whoever is known by the number alone is taken out of
/// them too; somebody who has another number as well is not.
pub(crate) async fn s11_whoever_has_a_number_is_erased_from_what_belongs_to_no_code(bench: Bench) {
    let other_number = HookReceived {
        okta_user_id: Some("00uBea".to_owned()),
        phone: Some(kept(3, "+15555550102")),
        ..hook(3, 5)
    };
    let mut shared = HookReceived { okta_user_id: Some("00uBea".to_owned()), ..hook(2, 4) };
    shared.phone = Some(kept(2, NUMBER));
    let of = |uuid: &str, n: u128, user: &str| {
        let mut received = event(uuid, n, 40);
        received.event.okta_user_id = Some(user.to_owned());
        Fact::EventReceived(received)
    };
    let mut sent = sent_by_okta("ev-sent", 30);
    sent.event.okta_user_id = Some("00uAna".to_owned());
    let loose = [of("ev-loose", 8, "00uAna"), Fact::SendNoted(sent), of("ev-bea", 9, "00uBea")];
    bench.apply(&login(1, 0)).await;
    for hook in [&shared, &other_number] {
        bench.apply(&accepted(hook)).await;
    }
    bench.apply(&loose).await;
    let person = Person::Phone(kept(9, NUMBER).hmac);
    let erased = bench.ledger.erase(&person, at(100), false).await.unwrap();
    assert_eq!(erased, Erased { transactions: 2, events: 2, sends: 1, reports: 1, claims: 0 });
    // What a journal still has of them comes without them.
    bench.apply(&loose).await;
    bench.apply(&[of("ev-later", 10, "00uAna")]).await;
    assert_gone(&format!("{:?}", bench.dump().await));
    let bea = bench.lines("SELECT uuid AS line FROM okta_events WHERE okta_user_id = '00uBea'");
    assert_eq!(bea.await, ["ev-bea"]);
}

pub(crate) async fn s11_a_user_may_come_again_after_the_erasure(bench: Bench) {
    bench.apply(&login(1, 0)).await;
    bench.ledger.erase(&ana(), at(100), false).await.unwrap();
    bench.apply(&login(2, 5_000)).await;
    let users =
        bench.lines("SELECT okta_user_id AS line FROM otp_transactions WHERE okta_user_id IS NOT NULL");
    assert_eq!(users.await, ["00uAna"]);
}

pub(crate) async fn s11_many_rows_go_in_steps(bench: Bench) {
    let logins: Vec<Fact> = (1..=1_100).flat_map(|n| login(n, 0)).collect();
    for batch in logins.chunks(1_000) {
        bench.apply(batch).await;
    }
    let erased = bench.ledger.erase(&ana(), at(100), false).await.unwrap();
    assert_eq!(erased, Erased { transactions: 1_100, events: 1_100, sends: 0, reports: 1_100, claims: 0 });
    assert_gone(&format!("{:?}", bench.dump().await));
}

/// A batch is either found by the erasure or knows of it.
pub(crate) async fn s11_an_erasure_meets_a_drain(bench: Bench) {
    let other = bench.another().await;
    let drain = async {
        for n in 1..=60 {
            other.apply(&login(n, 0)).await.unwrap();
        }
    };
    let erase = async {
        for _ in 0..4 {
            bench.ledger.erase(&ana(), at(100), false).await.unwrap();
        }
    };
    tokio::join!(drain, erase);
    assert_eq!(bench.count("otp_transactions").await, 60);
    assert_gone(&format!("{:?}", bench.dump().await["otp_transactions"]));
}

pub(crate) async fn s11_quarantined_bodies_can_be_looked_through(bench: Bench) {
    let bodies: Vec<Fact> = (1..=150).map(|n| Fact::Quarantined(quarantined(n, 0))).collect();
    bench.apply(&bodies).await;
    let first = bench.ledger.quarantined(None).await.unwrap();
    let rest = bench.ledger.quarantined(first.last().map(|body| body.id)).await.unwrap();
    assert_eq!((first.len(), rest.len()), (100, 50));
    assert_eq!(first[0].sealed_body, "v1.key.body");
    let some: Vec<_> = rest.iter().map(|body| body.id).collect();
    assert_eq!(bench.ledger.forget_quarantined(&some).await.unwrap(), 50);
    assert_eq!(bench.count("quarantine").await, 100);
}
