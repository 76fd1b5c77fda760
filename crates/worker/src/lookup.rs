//! Asking Okta for a user's phone, where the books do not know the send.

use std::time::Duration;

use okta::OktaError;
use otp::{Channel, EventReceived, MatchedBy, PhoneNumber};
use tracing::{error, info};

use crate::worker::Worker;

/// What Okta says about a user's phone.
pub(crate) enum Lookup {
    /// This number, found this way.
    Phone(PhoneNumber, MatchedBy),
    /// The user is gone.
    NoUser,
    /// Nothing to go by, and why.
    Nothing(&'static str),
    /// Okta is not to be asked for a while.
    Wait(Duration),
    /// Okta was asked in vain: again after a while.
    Later(Duration),
}

/// While Okta refuses our credential: how often it is asked again.
const REFUSED: Duration = Duration::from_secs(15);

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
        if let Some(wait) = client.pause() {
            return Lookup::Wait(wait + self.entropy.jitter(Duration::from_secs(2)));
        }
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
                Ok(None) => {}
                Err(err) => return self.lookup_failed(&err, received, attempt),
            }
        }
        Lookup::Nothing("the user has no phone that can be read")
    }

    fn lookup_failed(&self, err: &OktaError, received: &EventReceived, attempt: u32) -> Lookup {
        let org = &received.event.id.org;
        match err {
            OktaError::NoUser => Lookup::NoUser,
            OktaError::RateLimited { wait } => {
                info!(%org, wait_s = wait.as_secs(), "Okta's rate limit is reached; waiting");
                Lookup::Later(*wait + self.entropy.jitter(Duration::from_secs(2)))
            }
            OktaError::Refused { status } => {
                error!(%org, status, "Okta refuses our API credential: feedback waits until somebody mends it");
                Lookup::Later(REFUSED + self.entropy.jitter(REFUSED))
            }
            _ => {
                info!(%org, error = %err, "Okta's API failed; trying again");
                Lookup::Later(self.backoff(attempt))
            }
        }
    }
}
