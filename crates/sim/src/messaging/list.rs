//! Listings: newest first, filtered and in pages.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::messaging::form::{Parameters, invalid};
use crate::twilio::{Call, TwilioError};

/// What a listing is limited to.
pub(crate) struct Filter<'a> {
    call: &'a Call,
    to: Option<&'a str>,
    from: Option<&'a str>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    page: usize,
    page_size: usize,
}

impl<'a> Filter<'a> {
    /// Reads the query. `date` names the parameter that, also with `<` or `>` behind it, limits the time.
    pub(crate) fn read(call: &'a Call, date: &str) -> Result<Self, TwilioError> {
        let (before, after) = (format!("{date}<"), format!("{date}>"));
        let known = ["To", "From", date, &before, &after, "PageSize", "Page", "PageToken"];
        let query = Parameters::query(call, &known)?;
        let time =
            |name: &str| query.get(name).map(|value| moment(value).ok_or_else(|| invalid(name))).transpose();
        let number = |name: &str, default: usize| {
            query.get(name).map_or(Ok(default), |value| value.parse().map_err(|_| invalid(name)))
        };
        let page_size = number("PageSize", 50)?;
        if !(1..=1000).contains(&page_size) {
            return Err(invalid("PageSize"));
        }
        let day = time(date)?;
        let end = |day: Timestamp| day.checked_add(SignedDuration::from_hours(24)).unwrap_or(day);
        Ok(Self {
            call,
            to: query.get("To"),
            from: query.get("From"),
            since: time(&after)?.or(day),
            until: time(&before)?.or(day.map(end)),
            page: number("Page", 0)?,
            page_size,
        })
    }

    /// Whether something is listed that went `from` `to` at a time, if it went at all.
    pub(crate) fn lets_through(&self, to: &str, from: Option<&str>, at: Option<Timestamp>) -> bool {
        self.to.is_none_or(|wanted| wanted == to)
            && self.from.is_none_or(|wanted| Some(wanted) == from)
            && self.since.is_none_or(|since| at.is_some_and(|at| at >= since))
            && self.until.is_none_or(|until| at.is_some_and(|at| at <= until))
    }

    /// One page of all hits; `key` names them in it.
    pub(crate) fn page(&self, key: &str, hits: &[Value]) -> Value {
        let (page, size) = (self.page, self.page_size);
        let start = page.saturating_mul(size).min(hits.len());
        let end = start.saturating_add(size).min(hits.len());
        let uri = |page: usize| {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            for (name, value) in &self.call.parameters {
                if !matches!(name.as_str(), "Page" | "PageSize" | "PageToken") {
                    query.append_pair(name, value);
                }
            }
            query.append_pair("PageSize", &size.to_string()).append_pair("Page", &page.to_string());
            format!("{}?{}", self.call.path, query.finish())
        };
        json!({
            key: hits[start..end],
            "page": page,
            "page_size": size,
            "first_page_uri": uri(0),
            "next_page_uri": (end < hits.len()).then(|| uri(page + 1)),
            "previous_page_uri": page.checked_sub(1).map(uri),
            "uri": uri(page),
            "start": start,
            "end": end.saturating_sub(1).max(start),
        })
    }
}

/// A day (its first moment, GMT) or a moment.
fn moment(text: &str) -> Option<Timestamp> {
    let day = |text: &str| Some(text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp());
    if text.len() == 10 { day(text) } else { text.parse().ok() }
}
