//! Verify: what is found in its list of attempts, and what an app may read by itself.

use std::time::Duration;

use otp::{Channel, PhoneNumber};
use telephony::twilio::verify::{Verify, VerifyOptions};
use telephony::{Found, Hints, Outgoing, Provider, ReportError, Sought};

use crate::server::{Reply, Server, body, fields, head};
use crate::setup::{VA, VE, budget, message, options, verify};

const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn an_app_reads_texts_by_its_hash_and_calls_not_at_all() {
    for (channel, sample, expected) in [
        (Channel::Sms, "verify-create-sms.json", Some("FA+9qCX9VSu")),
        (Channel::Voice, "verify-create-call.json", None),
    ] {
        let server = Server::start([Reply::sample(201, sample)]).await;
        let options = VerifyOptions { app_hash: Some("FA+9qCX9VSu".to_owned()), ..options(&server.url) };
        let message = Outgoing { channel, ..message() };
        Verify::new(options).unwrap().send(&message, Hints::default(), budget()).await;
        let form = fields(body(&server.requests()[0]));
        let hash = form.iter().find(|(name, _)| name == "AppHash").map(|(_, value)| value.as_str());
        assert_eq!(hash, expected, "{channel}");
    }
}

#[tokio::test]
async fn c4_c5_what_nobody_knows_is_looked_up_in_the_list_of_attempts() {
    let to = PhoneNumber::parse("+15555550100", None).unwrap();
    let taken = Found::Taken {
        provider_ref: VE.to_owned(),
        attempt_ref: Some("VL1a2b3c4d5e6f708192a3b4c5d6e7f809".to_owned()),
    };
    let untouched = Err(ReportError::Transient { doubtful: false });
    let wait = Some(Duration::from_secs(3));
    for (id, reply, expected) in [
        ("c5", Reply::sample(200, "verify-attempts-list.json"), Ok(taken)),
        ("c4", Reply::json(200, r#"{"attempts":[]}"#), Ok(Found::NotTaken)),
        ("no list", Reply::json(200, "<html>"), Ok(Found::Unknown)),
        (
            "cut",
            Reply::Bytes(b"HTTP/1.1 200 x\r\ncontent-length: 99\r\n\r\n{\"at".to_vec()),
            Ok(Found::Unknown),
        ),
        ("500", Reply::sample(500, "verify-error-20500.json"), untouched.clone()),
        ("reset", Reply::Reset, untouched),
        ("401", Reply::sample(401, "verify-error-20003.json"), Err(ReportError::Refused)),
        ("429", Reply::Answer(429, "retry-after: 3\r\n", Vec::new()), Err(ReportError::RateLimited { wait })),
    ] {
        let server = Server::start([reply]).await;
        let sought = Sought {
            to: &to,
            channel: Channel::Sms,
            started_at: "2026-11-20T20:00:00.730Z".parse().unwrap(),
            ended_at: "2026-11-20T20:00:02.130Z".parse().unwrap(),
            except: &[],
        };
        assert_eq!(verify(&server.url).find(sought, PATIENCE).await, expected, "{id}");
        let request = server.requests().remove(0);
        let first = head(&request).lines().next().unwrap().to_owned();
        let query = first.strip_prefix("GET /v2/Attempts?").and_then(|it| it.strip_suffix(" HTTP/1.1"));
        let query = fields(query.unwrap());
        assert_eq!(
            query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>(),
            [
                ("DateCreatedAfter", "2026-11-20T19:59:54Z"),
                ("DateCreatedBefore", "2026-11-20T20:00:07Z"),
                ("ChannelData.To", "+15555550100"),
                ("VerifyServiceSid", VA),
                ("PageSize", "50"),
            ]
        );
    }
}
