//! Asking Okta for a user's phone, where the books do not know the send.

use std::time::Duration;

use okta::{OktaClient, OktaError, Probed};
use otp::{Channel, EventReceived, MatchedBy, OrgName, PhoneNumber};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info};

use crate::worker::Worker;

/// What Okta says about a user's phone.
pub(crate) enum Lookup {
    /// This number, found this way.
    Phone(PhoneNumber, MatchedBy),
    /// The user is gone.
    NoUser,
    /// Nothing to go by, and why.
    Nothing(&'static str),
    /// Okta is not to be asked for a while: that is nobody's failure, and no try.
    Wait(Duration),
    /// Okta was asked in vain: again after a while.
    Later(Duration),
}

/// What waits for the same thing does not come back in one moment.
const SPREAD: Duration = Duration::from_secs(2);
/// After a refusal: by then it is known when it is tried again.
const REFUSED: Duration = Duration::from_secs(2);
/// How often it is looked whether something refused is to be tried again.
const WATCH: Duration = Duration::from_secs(1);

impl Worker {
    /// Enrolled factor first, then the profile, as far as the settings allow.
    pub(crate) async fn look_up(&self, received: &EventReceived, attempt: u32) -> Lookup {
        let event = &received.event;
        let (Some(org), Some(user)) = (self.orgs.get(&event.id.org), &event.okta_user_id) else {
            return Lookup::Nothing("the org is not configured");
        };
        let Some(client) = &org.client else {
            return Lookup::Nothing("no Okta credential to look the phone up with");
        };
        let country = org.default_country.as_ref();
        for way in &self.settings.ways {
            let found = match way {
                MatchedBy::Record => continue,
                MatchedBy::Factor => client.enrolled_phones(user).await.map(|mut phones| {
                    // The channel of the event first: on Classic the two may be different numbers.
                    let wanted = event.factor.channel().unwrap_or(Channel::Sms);
                    phones.sort_by_key(|phone| phone.channel != wanted);
                    phones.iter().find_map(|enrolled| enrolled.phone.read(country).ok())
                }),
                MatchedBy::Profile => client.profile_phone(user).await.map(|phone| phone?.read(country).ok()),
            };
            match found {
                Ok(Some(phone)) => return Lookup::Phone(phone, *way),
                // Another way may be open where this one shows nothing.
                Ok(None) | Err(OktaError::Hidden) => {}
                Err(err) => return self.lookup_failed(&err, received, attempt),
            }
        }
        Lookup::Nothing("the user has no phone that can be read")
    }

    fn lookup_failed(&self, err: &OktaError, received: &EventReceived, attempt: u32) -> Lookup {
        let org = &received.event.id.org;
        let spread = |wait: Duration| wait + self.entropy.jitter(SPREAD);
        match err {
            OktaError::NoUser => Lookup::NoUser,
            OktaError::RateLimited { wait } => {
                debug!(%org, wait_s = wait.as_secs(), "Okta's rate limit is reached; waiting");
                Lookup::Wait(spread(*wait))
            }
            OktaError::Paused { wait, .. } => Lookup::Wait(spread(*wait)),
            OktaError::Refused { why, news } => {
                // Once, not for each event that has to wait.
                if *news {
                    error!(%org, reason = why.reason(), why = %why, "{REFUSED_WORDS}");
                }
                Lookup::Wait(spread(REFUSED))
            }
            _ => {
                info!(%org, error = %err, "Okta's API failed; trying again");
                Lookup::Later(self.backoff(attempt))
            }
        }
    }

    /// Tries again what an org refuses, until `stop`. Events of that org wait in the queue meanwhile, and go on by themselves.
    pub(crate) async fn watch(&self, org: &OrgName, client: &OktaClient, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(WATCH)).await.is_some() {
            let Some(found) = stop.run_until_cancelled(client.probe()).await else { return };
            for probed in found {
                match probed {
                    Probed::Mended(why) => {
                        info!(%org, reason = why.reason(), "Okta takes our API credential again; feedback goes on");
                    }
                    Probed::Changed(why) => {
                        error!(%org, reason = why.reason(), why = %why, "{REFUSED_WORDS}");
                    }
                }
            }
        }
    }
}

const REFUSED_WORDS: &str = "Okta refuses our API credential: feedback waits until somebody mends it";
