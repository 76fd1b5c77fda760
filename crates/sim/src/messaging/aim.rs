//! Where a request goes.

use http::Method;
use serde::{Deserialize, Serialize};

use crate::twilio::TwilioError;

/// An operation of Messaging or Voice, to aim faults at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessagingOp {
    /// `POST …/Messages.json`
    CreateMessage,
    /// `GET …/Messages.json`
    ListMessages,
    /// `GET …/Messages/{sid}.json`
    FetchMessage,
    /// `POST …/Messages/{sid}/Feedback.json`
    Feedback,
    /// `POST …/Calls.json`
    CreateCall,
    /// `GET …/Calls.json`
    ListCalls,
    /// `GET …/Calls/{sid}.json`
    FetchCall,
}

/// The operation, and what the path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Aim {
    pub(crate) op: MessagingOp,
    pub(crate) account: String,
    pub(crate) sid: String,
}

impl Aim {
    /// Reads method and percent-decoded path.
    pub(crate) fn read(method: &Method, path: &str) -> Result<Self, TwilioError> {
        let unknown = || TwilioError::not_found(path);
        let rest = path.strip_prefix("/2010-04-01/Accounts/").ok_or_else(unknown)?;
        let rest = rest.strip_suffix(".json").ok_or_else(unknown)?;
        let parts: Vec<&str> = rest.split('/').collect();
        let (get, post) = (method == Method::GET, method == Method::POST);
        let (op, account, sid) = match parts[..] {
            [account, "Messages"] if post => (MessagingOp::CreateMessage, account, ""),
            [account, "Messages"] if get => (MessagingOp::ListMessages, account, ""),
            [account, "Messages", sid] if get => (MessagingOp::FetchMessage, account, sid),
            [account, "Messages", sid, "Feedback"] if post => (MessagingOp::Feedback, account, sid),
            [account, "Calls"] if post => (MessagingOp::CreateCall, account, ""),
            [account, "Calls"] if get => (MessagingOp::ListCalls, account, ""),
            [account, "Calls", sid] if get => (MessagingOp::FetchCall, account, sid),
            [_, "Messages" | "Calls"] | [_, "Messages" | "Calls", _] | [_, "Messages", _, "Feedback"] => {
                return Err(TwilioError::new(20004));
            }
            _ => return Err(unknown()),
        };
        Ok(Self { op, account: account.to_owned(), sid: sid.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let read = |method, rest: &str| Aim::read(&method, &format!("/2010-04-01/Accounts/AC1/{rest}"));
        let op = |method, rest| read(method, rest).map(|aim| aim.op);
        assert_eq!(op(Method::POST, "Messages.json"), Ok(MessagingOp::CreateMessage));
        assert_eq!(op(Method::POST, "Messages/SM1/Feedback.json"), Ok(MessagingOp::Feedback));
        assert_eq!(read(Method::GET, "Calls/CA1.json").unwrap().sid, "CA1");
        assert_eq!(op(Method::DELETE, "Messages.json"), Err(TwilioError::new(20004)));
        assert!(op(Method::POST, "Messages").is_err());
        assert!(op(Method::POST, "Faxes.json").is_err());
    }
}
