use otp::Channel;

use super::ask::Ask;
use super::bucket::Bucket;
use super::{OktaClient, OktaError};
use crate::PhoneText;
use crate::json::{self, Json};

/// A phone that a user enrolled as a factor.
#[derive(Debug, Clone)]
pub struct EnrolledPhone {
    /// What the factor is for; on Classic the two may have different numbers.
    pub channel: Channel,
    /// Its number, an extension left out.
    pub phone: PhoneText,
}

impl OktaClient {
    /// The phones a user enrolled and may use now (Okta: Factors API, list all enrolled factors). Okta leaves out what the top
    /// enrolment policy does not allow, so an empty list is not the last word.
    ///
    /// # Errors
    /// [`OktaError`] says what to do.
    pub async fn enrolled_phones(&self, user_id: &str) -> Result<Vec<EnrolledPhone>, OktaError> {
        let body = self.get_user(user_id, Bucket::Factors, None).await?;
        let text = json::text(&body);
        let Ok(Json::List(factors)) = Json::parse(&text) else {
            return Err(OktaError::Malformed { what: "the list of factors" });
        };
        Ok(factors.iter().filter_map(active_phone).collect())
    }

    /// The mobile number in a user's profile: free text, often empty, and not always the number that gets the codes (Okta: Users
    /// API, get a user).
    ///
    /// # Errors
    /// [`OktaError`] says what to do.
    pub async fn profile_phone(&self, user_id: &str) -> Result<Option<PhoneText>, OktaError> {
        let trimmed = "application/json; okta-response=omitCredentials,omitCredentialsLinks";
        let body = self.get_user(user_id, Bucket::User, Some(trimmed)).await?;
        let text = json::text(&body);
        match Json::parse(&text) {
            Ok(user) if user.is_object() => {
                Ok(user.get("profile").get("mobilePhone").text().and_then(|t| PhoneText::new(&t)))
            }
            _ => Err(OktaError::Malformed { what: "the user" }),
        }
    }

    /// `GET /api/v1/users/{user_id}`, or its factors. The id is one segment of the path, whatever is in it; it can be nobody's where it
    /// is `me` (the token's own user) or `.` or `..`, which are no segments at all.
    async fn get_user(
        &self,
        user_id: &str,
        bucket: Bucket,
        content_type: Option<&'static str>,
    ) -> Result<Vec<u8>, OktaError> {
        let invisible = |c: char| c.is_control() || c.is_whitespace();
        if matches!(user_id, "" | "me" | "." | "..") || user_id.len() > 255 || user_id.contains(invisible) {
            return Err(OktaError::NoUser);
        }
        let path: &[&str] = match bucket {
            Bucket::Factors => &["users", user_id, "factors"],
            _ => &["users", user_id],
        };
        let url = self.url(path).ok_or(OktaError::NoUser)?;
        let ask = Ask { content_type, one_of_many: true, ..Ask::get(bucket, url) };
        match self.ask(ask).await {
            Ok(answer) => Ok(answer.body),
            Err(OktaError::NotFound) => Err(OktaError::NoUser),
            Err(other) => Err(other),
        }
    }
}

/// A factor of type `sms` or `call` that is neither waiting for its activation nor switched off.
fn active_phone(factor: &Json<'_>) -> Option<EnrolledPhone> {
    let active = factor.get("status").text().is_none_or(|status| status.eq_ignore_ascii_case("ACTIVE"));
    let channel = Channel::from_okta(&factor.get("factorType").text()?).filter(|_| active)?;
    let phone = PhoneText::new(&factor.get("profile").get("phoneNumber").text()?)?;
    Some(EnrolledPhone { channel, phone })
}
