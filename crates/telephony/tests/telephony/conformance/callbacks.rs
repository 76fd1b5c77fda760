//! What the simulated vendors say of a message afterwards, signed as the vendors sign it.

use http::{HeaderMap, HeaderName, HeaderValue};
use otp::Channel;
use telephony::telesign::Product;
use telephony::twilio::messaging::Messaging;
use telephony::webhook::Webhook;
use telephony::{Callback, CallbackError, Provider, Receipt};

use super::simulator::{PHONE, messaging, send, sim, telesign, verify};
use crate::server::{Reply, Server, body, head};
use crate::setup::{TRANSACTION, messaging_options, webhook_options};

/// A callback as it came in.
struct Posted {
    url: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Posted {
    /// The last one that came to this server.
    fn to(server: &Server) -> Self {
        let request = server.requests().pop().unwrap();
        let mut lines = head(&request).lines();
        let path = lines.next().unwrap().split(' ').nth(1).unwrap();
        let mut headers = HeaderMap::new();
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            headers.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
        }
        Self { url: format!("{}{path}", server.url), headers, body: body(&request).as_bytes().to_vec() }
    }

    fn read(&self, provider: &dyn Provider) -> Result<Vec<Receipt>, CallbackError> {
        provider.receipts(&Callback { url: Some(&self.url), headers: &self.headers, body: &self.body })
    }

    /// Its one receipt; and nobody else's with one byte changed.
    fn receipt(mut self, provider: &dyn Provider) -> Receipt {
        let mut receipts = self.read(provider).unwrap();
        let receipt = receipts.pop().unwrap();
        assert!(receipts.is_empty());
        for at in 0..self.body.len() {
            self.body[at] ^= 1;
            assert_eq!(self.read(provider), Err(CallbackError::Unauthenticated), "byte {at}");
            self.body[at] ^= 1;
        }
        for name in ["x-twilio-signature", "authorization", "x-ts-authorization"] {
            let Some(signature) = self.headers.remove(name) else { continue };
            assert_eq!(self.read(provider), Err(CallbackError::Unauthenticated), "without {name}");
            self.headers.insert(name, signature);
        }
        assert!(self.read(provider).is_ok(), "nothing was left changed");
        receipt
    }
}

/// A place to call back that answers often enough.
async fn sink() -> (Server, String) {
    let server = Server::start((0..20).map(|_| Reply::json(204, ""))).await;
    let url = format!("{}/callbacks/provider", server.url);
    (server, url)
}

fn is(receipt: &Receipt) -> (Option<&str>, &str, Option<&str>) {
    (receipt.provider_ref.as_deref(), receipt.status.as_str(), receipt.error_code.as_deref())
}

#[tokio::test]
async fn c21_twilio_tells_what_became_of_a_message_and_of_a_call() {
    let (sim, (server, url)) = (sim().await, sink().await);
    let provider = messaging(&sim, Some(&url));
    for (channel, status, error) in [
        (Channel::Sms, "delivered", None),
        (Channel::Sms, "undelivered", Some(30003)),
        (Channel::Voice, "completed", None),
        (Channel::Voice, "no-answer", None),
    ] {
        let reference = send(provider.as_ref(), PHONE, channel).await.provider_ref.unwrap();
        assert_eq!(sim.messaging().deliver_status(&reference, status, error).await, Ok(204));
        let posted = Posted::to(&server);
        let elsewhere =
            Posted { url: posted.url.replace(TRANSACTION, &TRANSACTION.replace('1', "2")), ..posted };
        assert_eq!(
            elsewhere.read(provider.as_ref()),
            Err(CallbackError::Unauthenticated),
            "another message's"
        );
        let receipt = Posted::to(&server).receipt(provider.as_ref());
        let error = error.map(|code| code.to_string());
        assert_eq!(is(&receipt), (Some(reference.as_str()), status, error.as_deref()));
        assert_eq!(receipt.transaction, TRANSACTION.parse().ok(), "the URL we gave says whose it is");
    }
    sim.shutdown().await;
}

#[tokio::test]
async fn c21_twilio_streams_what_became_of_a_verification() {
    let (sim, (server, url)) = (sim().await, sink().await);
    let provider = verify(&sim);
    sim.twilio().stream_to(&url);
    let report = send(provider.as_ref(), PHONE, Channel::Sms).await;
    let reference = report.provider_ref.unwrap();
    for (status, error) in [("delivered", None), ("undelivered", Some("30003"))] {
        assert_eq!(sim.twilio().stream_message_status(&reference, status).await, Ok(204));
        let receipt = Posted::to(&server).receipt(provider.as_ref());
        assert_eq!(is(&receipt), (Some(reference.as_str()), status, error));
        assert_eq!(receipt.attempt_ref, report.attempt_ref);
        assert_eq!(receipt.transaction, TRANSACTION.parse().ok(), "our tag comes back");
        assert!(receipt.reported_at.is_some());
    }
    sim.shutdown().await;
}

#[tokio::test]
async fn c21_telesign_tells_what_became_of_a_message_in_old_words_and_new() {
    let (sim, (server, url)) = (sim().await, sink().await);
    for (product, old, bare) in [
        (Product::Omnichannel, false, false),
        (Product::Omnichannel, true, true),
        (Product::SmsVerify, false, true),
        (Product::Messaging, true, false),
    ] {
        sim.telesign().configure(|it| (it.old_callbacks, it.bare_signature) = (old, bare));
        let provider = telesign(&sim, product, Some(&url));
        let reference = send(provider.as_ref(), PHONE, Channel::Sms).await.provider_ref.unwrap();
        for (code, status, failed) in [(3000, "delivered", false), (3003, "failed", true)] {
            assert_eq!(sim.telesign().deliver_status(&reference, code).await, Ok(204));
            let receipt = Posted::to(&server).receipt(provider.as_ref());
            assert_eq!(
                (receipt.provider_ref.as_deref(), receipt.status.as_str()),
                (Some(reference.as_str()), status)
            );
            assert_eq!(receipt.error_code.is_some(), failed, "{receipt:?}");
            assert!(receipt.reported_at.is_some(), "{product:?} {receipt:?}");
            if product != Product::SmsVerify {
                assert_eq!(receipt.transaction, TRANSACTION.parse().ok(), "{product:?}");
            }
        }
    }
    sim.shutdown().await;
}

#[tokio::test]
async fn nobody_takes_anothers_callback() {
    let (sim, (server, url)) = (sim().await, sink().await);
    let [twilio, theirs] = [messaging(&sim, Some(&url)), telesign(&sim, Product::Omnichannel, Some(&url))];
    let reference = send(twilio.as_ref(), PHONE, Channel::Sms).await.provider_ref.unwrap();
    sim.messaging().deliver_status(&reference, "delivered", None).await.unwrap();
    let posted = Posted::to(&server);
    assert_eq!(posted.read(theirs.as_ref()), Err(CallbackError::Unauthenticated));
    let nowhere = Callback { url: None, headers: &posted.headers, body: &posted.body };
    assert_eq!(twilio.receipts(&nowhere), Err(CallbackError::Unchecked("server.public_url")));
    let other = messaging_options(&sim.url());
    let unsigned = Messaging::new(other).unwrap();
    assert_eq!(posted.read(&unsigned), Err(CallbackError::Unchecked("auth_token")));
    let vendor = Webhook::new(webhook_options(&sim.url())).unwrap();
    assert_eq!(posted.read(&vendor), Err(CallbackError::Unsupported));
    sim.shutdown().await;
}
