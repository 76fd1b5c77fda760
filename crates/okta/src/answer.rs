use otp::{Answer, FailureClass};
use serde::Serialize;

/// What Okta is told about a telephony hook. It is always sent with status 200: for this hook Okta knows no other
/// (Okta: telephony inline hook reference).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HookAnswer(Told);

/// Which sentence an error carries. Okta shows it to the person who waits for the code, so it is plain, and it names neither number
/// nor provider nor anything inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// It did not work this time.
    NotSentNow,
    /// The number cannot get codes.
    NumberRefused,
    /// The user has asked too often.
    TooManyCodes,
    /// The code was old when it came.
    CodeExpired,
    /// The hook asked for something that cannot be read or done.
    NotUnderstood,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Told {
    Commands([Command; 1]),
    Error(ErrorBody),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Command {
    #[serde(rename = "type")]
    kind: &'static str,
    value: [Action; 1],
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Action {
    status: Answer,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction_metadata: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct ErrorBody {
    error_summary: &'static str,
    error_causes: [ErrorCause; 1],
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct ErrorCause {
    error_summary: &'static str,
    reason: &'static str,
    location_type: &'static str,
    location: &'static str,
    domain: &'static str,
}

impl HookAnswer {
    /// A provider took the code: the only answer that keeps Okta from sending one itself.
    pub fn successful(
        provider: Option<&str>,
        transaction_id: Option<&str>,
        transaction_metadata: Option<&str>,
    ) -> Self {
        Self::action(Answer::Successful, provider, transaction_id, transaction_metadata)
    }

    /// Nobody knows yet whether it was sent.
    pub fn pending(
        provider: Option<&str>,
        transaction_id: Option<&str>,
        transaction_metadata: Option<&str>,
    ) -> Self {
        Self::action(Answer::Pending, provider, transaction_id, transaction_metadata)
    }

    /// It was not sent.
    pub fn failed(
        provider: Option<&str>,
        transaction_id: Option<&str>,
        transaction_metadata: Option<&str>,
    ) -> Self {
        Self::action(Answer::Failed, provider, transaction_id, transaction_metadata)
    }

    /// An `error` object, with the sentence that users see.
    pub fn error(kind: ErrorKind) -> Self {
        let error_summary = kind.sentence();
        Self(Told::Error(ErrorBody {
            error_summary,
            error_causes: [ErrorCause {
                error_summary,
                reason: kind.reason(),
                location_type: "body",
                location: kind.location(),
                domain: "external-service",
            }],
        }))
    }

    fn action(status: Answer, provider: Option<&str>, id: Option<&str>, metadata: Option<&str>) -> Self {
        // Okta refuses answers over 256 KB, and what a provider calls its reference is foreign text.
        let kept = |text: Option<&str>, most| text.map(|t| crate::clean::line(t, most));
        let action = Action {
            status,
            provider: kept(provider, 255),
            transaction_id: kept(id, 255),
            transaction_metadata: kept(metadata, 1024),
        };
        Self(Told::Commands([Command { kind: "com.okta.telephony.action", value: [action] }]))
    }

    /// The same answer in a word, for the books.
    pub fn answer(&self) -> Answer {
        match &self.0 {
            Told::Commands([command]) => command.value[0].status,
            Told::Error(_) => Answer::Error,
        }
    }

    /// The body of the response, `application/json`.
    pub fn to_json(&self) -> Vec<u8> {
        // Texts under fixed names: there is nothing in it that could fail.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

impl ErrorKind {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::NotSentNow, Self::NumberRefused, Self::TooManyCodes, Self::CodeExpired, Self::NotUnderstood];

    /// What the user reads.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::NotSentNow => "We could not send your code. Please try again in a moment.",
            Self::NumberRefused => {
                "This phone number cannot receive codes. Please choose another way to verify, or contact your administrator."
            }
            Self::TooManyCodes => "Too many codes were requested. Please wait a few minutes and try again.",
            Self::CodeExpired => "This code has expired. Please request a new one.",
            Self::NotUnderstood => "Your code could not be sent. Please contact your administrator.",
        }
    }

    /// What an administrator reads in Okta's System Log.
    fn reason(self) -> &'static str {
        match self {
            Self::NotSentNow => "NOT_SENT",
            Self::NumberRefused => "NUMBER_REFUSED",
            Self::TooManyCodes => "TOO_MANY_CODES",
            Self::CodeExpired => "CODE_EXPIRED",
            Self::NotUnderstood => "BAD_REQUEST",
        }
    }

    fn location(self) -> &'static str {
        match self {
            Self::NumberRefused => "data.messageProfile.phoneNumber",
            Self::CodeExpired => "data.messageProfile.otpExpires",
            Self::NotSentNow | Self::TooManyCodes | Self::NotUnderstood => "data.messageProfile",
        }
    }
}

impl From<FailureClass> for ErrorKind {
    /// What a user may know about a failure. That something was taken for fraud is nobody's business but ours.
    fn from(class: FailureClass) -> Self {
        match class {
            FailureClass::RejectedNumber | FailureClass::InvalidNumber => Self::NumberRefused,
            FailureClass::RejectedLimit => Self::TooManyCodes,
            FailureClass::Stale => Self::CodeExpired,
            FailureClass::InvalidCode | FailureClass::UnknownChannel => Self::NotUnderstood,
            FailureClass::NotSent
            | FailureClass::RejectedFraud
            | FailureClass::Misconfigured
            | FailureClass::Ambiguous
            | FailureClass::NoProvider
            | FailureClass::Crash
            | FailureClass::NotAccepted => Self::NotSentNow,
        }
    }
}
