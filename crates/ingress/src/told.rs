use jiff::Timestamp;
use otp::{Answer, Fact, FailureClass, HookAnswered, OrgName, TransactionId};

use crate::settings::{AnswerPolicy, OnAmbiguous, OnBlocked, OnFailed};

/// What Okta is told, or was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) answer: Answer,
    pub(crate) failure: Option<FailureClass>,
    pub(crate) provider: Option<String>,
    pub(crate) provider_ref: Option<String>,
    pub(crate) attempt_ref: Option<String>,
}

impl Told {
    /// The answer for a transaction that was not accepted.
    pub(crate) fn failure(class: FailureClass, provider: Option<String>, policy: &AnswerPolicy) -> Self {
        let answer = match class {
            FailureClass::Ambiguous | FailureClass::Crash => match policy.on_ambiguous {
                OnAmbiguous::Pending => Answer::Pending,
                OnAmbiguous::Error => Answer::Error,
                OnAmbiguous::Successful => Answer::Successful,
            },
            FailureClass::RejectedFraud => match policy.on_blocked {
                OnBlocked::Error => Answer::Error,
                OnBlocked::Silent => Answer::Successful,
            },
            // What is wrong with the hook itself is an error whatever the policy.
            FailureClass::Stale
            | FailureClass::InvalidNumber
            | FailureClass::InvalidCode
            | FailureClass::UnknownChannel => Answer::Error,
            FailureClass::NotSent
            | FailureClass::RejectedNumber
            | FailureClass::RejectedLimit
            | FailureClass::Misconfigured
            | FailureClass::NoProvider
            | FailureClass::NotAccepted => match policy.on_failed {
                OnFailed::Error => Answer::Error,
                OnFailed::Failed => Answer::Failed,
            },
        };
        Self { answer, failure: Some(class), provider, provider_ref: None, attempt_ref: None }
    }

    /// That it is said, for the books.
    pub(crate) fn fact(
        &self,
        transaction: TransactionId,
        org: OrgName,
        okta_event_id: Option<String>,
        answered_at: Timestamp,
    ) -> Fact {
        Fact::HookAnswered(HookAnswered {
            transaction,
            org,
            okta_event_id,
            answer: self.answer,
            failure_class: self.failure,
            provider: self.provider.clone(),
            provider_ref: self.provider_ref.clone(),
            attempt_ref: self.attempt_ref.clone(),
            answered_at,
        })
    }
}

#[cfg(test)]
impl Told {
    /// What is said when a provider gave this reference.
    pub(crate) fn accepted(reference: &str) -> Self {
        let provider_ref = Some(reference.to_owned());
        Self { answer: Answer::Successful, failure: None, provider: None, provider_ref, attempt_ref: None }
    }
}

#[cfg(test)]
mod tests {
    use otp::{Answer, AttemptOutcome, FailureClass};

    use super::Told;
    use crate::settings::{AnswerPolicy, OnAmbiguous, OnBlocked, OnFailed};

    #[test]
    fn p2_successful_is_said_only_for_acceptance_unless_the_policy_says_so() {
        for outcome in AttemptOutcome::ALL {
            let Some(class) = outcome.failure_class() else { continue };
            let told = Told::failure(class, None, &AnswerPolicy::default());
            assert_ne!(told.answer, Answer::Successful, "{class:?}");
        }
        let loud = AnswerPolicy {
            on_ambiguous: OnAmbiguous::Successful,
            on_failed: OnFailed::Failed,
            on_blocked: OnBlocked::Silent,
        };
        let answer = |class| Told::failure(class, None, &loud).answer;
        assert_eq!(answer(FailureClass::Ambiguous), Answer::Successful);
        assert_eq!(answer(FailureClass::RejectedFraud), Answer::Successful);
        assert_eq!(answer(FailureClass::NotSent), Answer::Failed);
        assert_eq!(answer(FailureClass::Stale), Answer::Error);
    }
}
