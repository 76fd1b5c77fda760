//! Codes that Okta is waiting for, and what it makes of the one that is typed in.

use jiff::Timestamp;
use serde::Serialize;

use crate::okta::settings::Engine;
use crate::okta::user::{Channel, Purpose};

/// A code that was handed out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Challenge {
    /// The user it was for.
    pub user_id: String,
    /// The code.
    pub code: String,
    /// How it was to travel.
    pub channel: Channel,
    /// The number.
    pub phone: String,
    /// Why.
    pub purpose: Purpose,
    /// Until when it is valid.
    pub expires: Timestamp,
}

/// What Okta makes of a code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "result", content = "challenge")]
pub enum CodeCheck {
    /// It is right; the challenge is over.
    Accepted(Challenge),
    /// It is not the code, or no longer. The challenge that is still open goes with it.
    Rejected(Challenge),
    /// Nobody is waiting for a code.
    NothingOpen,
}

/// All open challenges, oldest first.
#[derive(Default)]
pub(crate) struct Challenges(Vec<Challenge>);

impl Challenges {
    /// Opens a challenge; on Identity Engine it replaces the user's earlier ones.
    pub(crate) fn open(&mut self, challenge: Challenge, engine: Engine) {
        if engine == Engine::Identity {
            self.0.retain(|it| it.user_id != challenge.user_id);
        }
        self.0.push(challenge);
    }

    /// Checks what a user typed.
    pub(crate) fn check(&mut self, user_id: &str, code: &str, now: Timestamp) -> CodeCheck {
        let right = |it: &Challenge| it.user_id == user_id && it.code == code && now < it.expires;
        if let Some(n) = self.0.iter().position(right) {
            let accepted = self.0.remove(n);
            self.0.retain(|it| it.user_id != user_id);
            return CodeCheck::Accepted(accepted);
        }
        match self.0.iter().rfind(|it| it.user_id == user_id) {
            Some(open) => CodeCheck::Rejected(open.clone()),
            None => CodeCheck::NothingOpen,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge(code: &str, expires: i64) -> Challenge {
        Challenge {
            user_id: "00u1".to_owned(),
            code: code.to_owned(),
            channel: Channel::Sms,
            phone: "+12025550101".to_owned(),
            purpose: Purpose::MfaVerification,
            expires: Timestamp::from_second(expires).unwrap(),
        }
    }

    fn accepted(engine: Engine, typed: &str, now: i64) -> bool {
        let mut challenges = Challenges::default();
        challenges.open(challenge("111111", 300), engine);
        challenges.open(challenge("222222", 400), engine);
        matches!(
            challenges.check("00u1", typed, Timestamp::from_second(now).unwrap()),
            CodeCheck::Accepted(_)
        )
    }

    #[test]
    fn a_resend_kills_the_older_code_on_identity_engine_only() {
        assert!(!accepted(Engine::Identity, "111111", 1));
        assert!(accepted(Engine::Identity, "222222", 1));
        assert!(accepted(Engine::Classic, "111111", 1));
        assert!(!accepted(Engine::Classic, "111111", 300));
        assert!(accepted(Engine::Classic, "222222", 300));
    }

    #[test]
    fn a_code_works_once_and_for_its_user() {
        let mut challenges = Challenges::default();
        challenges.open(challenge("111111", 300), Engine::Identity);
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(challenges.check("00u2", "111111", now), CodeCheck::NothingOpen);
        assert_eq!(challenges.check("00u1", "999999", now), CodeCheck::Rejected(challenge("111111", 300)));
        assert_eq!(challenges.check("00u1", "111111", now), CodeCheck::Accepted(challenge("111111", 300)));
        assert_eq!(challenges.check("00u1", "111111", now), CodeCheck::NothingOpen);
    }
}
