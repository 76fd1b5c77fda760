//! The keys that a hook's tokens are checked with.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use jiff::SignedDuration;
use okta::{BearerAuth, BearerError, BearerOptions};
use sim::{Fault, HookOauth, OktaOp, Options, Sim};
use tokio::task::JoinSet;

use crate::tokens::Hands;

struct Place {
    sim: Sim,
    clock: Arc<Hands>,
    bearer: BearerAuth,
}

fn oauth() -> HookOauth {
    let text = str::to_owned;
    HookOauth { client_id: text("0oahook"), audience: text("api://default"), scope: text("telephony_hook") }
}

impl Place {
    async fn new() -> Self {
        let sim = Sim::start(Options::default()).await.unwrap();
        let clock = Arc::new(Hands(Mutex::default(), SignedDuration::ZERO));
        let HookOauth { client_id, audience, scope } = oauth();
        let issuer = sim.okta().issuer().parse().unwrap();
        let options = BearerOptions { issuer, audience, client_id, scope };
        let bearer = BearerAuth::new(options, clock.clone()).unwrap();
        sim.okta().rotate_keys();
        Self { sim, clock, bearer }
    }

    fn token(&self) -> HeaderMap {
        let token = self.sim.okta().mint(&self.sim.okta().hook_claims(&oauth()));
        HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::try_from(format!("Bearer {token}")).unwrap())])
    }

    async fn check(&self) -> Result<(), BearerError> {
        self.bearer.check(&self.token()).await
    }

    /// Fifty at one time.
    async fn crowd(&self) -> Vec<Result<(), BearerError>> {
        let mut all = JoinSet::new();
        for _ in 0..50 {
            let (bearer, headers) = (self.bearer.clone(), self.token());
            all.spawn(async move { bearer.check(&headers).await });
        }
        all.join_all().await
    }

    fn pass(&self, seconds: u64) {
        *self.clock.0.lock().unwrap() += Duration::from_secs(seconds);
        self.sim.clock().advance(Duration::from_secs(seconds));
    }

    fn asked(&self) -> usize {
        self.sim.okta().requests().len()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_fetched_once_however_many_wait_and_again_for_a_name_that_is_new() {
    let place = Place::new().await;
    place.sim.okta().fail_next(OktaOp::Keys, Fault::Delay(Duration::from_millis(200)));
    assert_eq!(place.crowd().await, vec![Ok(()); 50]);
    assert_eq!(place.asked(), 1);
    place.sim.okta().rotate_keys();
    place.pass(20);
    assert!(matches!(place.check().await, Err(BearerError::Wrong(_))));
    assert_eq!(place.asked(), 1, "not so soon");
    place.pass(60);
    assert_eq!(place.crowd().await, vec![Ok(()); 50]);
    assert_eq!(place.asked(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_keys_nobody_can_tell_and_with_old_ones_it_goes_on() {
    let place = Place::new().await;
    place.sim.okta().fail_always(OktaOp::Keys, Fault::html_503());
    assert_eq!(place.crowd().await, vec![Err(BearerError::Unavailable); 50]);
    assert_eq!(place.asked(), 1);
    assert_eq!(place.check().await, Err(BearerError::Unavailable));
    assert_eq!(place.asked(), 1, "a second later at the earliest");
    place.sim.okta().heal();
    place.pass(1);
    assert_eq!(place.check().await, Ok(()));
    // Half a day later they are old, and the server is down.
    place.sim.okta().fail_always(OktaOp::Keys, Fault::html_503());
    place.pass(13 * 3600);
    assert_eq!(place.check().await, Ok(()));
    place.sim.okta().wait_for_requests(3, Duration::from_secs(5)).await.unwrap();
    assert_eq!(place.check().await, Ok(()), "what is known is good until something better comes");
}
