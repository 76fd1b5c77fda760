use otp::OrgName;

use crate::clean;
use crate::event::{self, Parsed};
use crate::json::{self, Json, NotJson};

/// One POST of an event hook: as many events as happened close to each other (Okta: event hooks). The same delivery may come twice,
/// and the same event in two of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventDelivery {
    /// The envelope's `eventId`.
    pub event_id: Option<String>,
    /// `data.events`, in Okta's order, which means nothing.
    pub events: Vec<Parsed>,
}

/// Why a body is no delivery. Says where, never what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The body is no JSON, or is nested more than 128 levels deep.
    #[error("the event hook's delivery is {0}")]
    NotJson(#[from] NotJson),
    /// The body is JSON, but no object.
    #[error("the event hook's delivery is no JSON object")]
    NotObject,
    /// There is no list `data.events`.
    #[error("the event hook's delivery has no list data.events")]
    NoEvents,
}

impl EventDelivery {
    /// Reads the body of a delivery to `org`. An event that cannot be read does not stand in the way of the others.
    ///
    /// # Errors
    /// [`Unreadable`] where there is no list of events.
    pub fn parse(body: &[u8], org: &OrgName) -> Result<Self, Unreadable> {
        let text = json::text(body);
        let delivery = Json::parse(&text)?;
        if !delivery.is_object() {
            return Err(Unreadable::NotObject);
        }
        let Json::List(events) = delivery.get("data").get("events") else { return Err(Unreadable::NoEvents) };
        Ok(Self {
            event_id: delivery.get("eventId").text().and_then(|t| clean::identity(&t).map(str::to_owned)),
            events: events.iter().map(|event| event::read(event, org)).collect(),
        })
    }
}
