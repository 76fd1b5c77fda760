//! The org's System Log: `GET /api/v1/logs`.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::clock::iso_millis;
use crate::okta::log_filter::Filter;
use crate::okta::org::Okta;
use crate::sync::locked;

/// Events of a page, and where the next one begins.
pub(crate) struct Page {
    pub(crate) events: Vec<Value>,
    /// The parameters of the link to the next page; none at the last one.
    pub(crate) next: Option<String>,
}

/// What is wrong with a question.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadQuery(pub(crate) String);

/// Without `since`, the log begins so long ago.
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Events kept.
const MOST: usize = 100_000;

struct Asked {
    since: Timestamp,
    until: Timestamp,
    filter: Option<Filter>,
    limit: usize,
    descending: bool,
    /// How many events the pages before had.
    after: usize,
}

impl Asked {
    fn read(query: &str, now: Timestamp) -> Result<Self, BadQuery> {
        let mut asked = Self {
            since: now.checked_sub(WEEK).unwrap_or(now),
            until: now,
            filter: None,
            limit: 100,
            descending: false,
            after: 0,
        };
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let bad = || BadQuery(format!("{name} is not valid"));
            match name.as_ref() {
                "since" => asked.since = value.parse().map_err(|_| bad())?,
                "until" => asked.until = value.parse().map_err(|_| bad())?,
                "filter" => asked.filter = Some(Filter::parse(&value).ok_or_else(bad)?),
                "limit" => asked.limit = value.parse().ok().filter(|it| *it <= 1000).ok_or_else(bad)?,
                "sortOrder" => {
                    asked.descending = match value.as_ref() {
                        "ASCENDING" => false,
                        "DESCENDING" => true,
                        _ => return Err(bad()),
                    };
                }
                "after" => {
                    let place = value.strip_suffix("_1").and_then(|it| it.parse().ok());
                    asked.after = place.ok_or_else(bad)?;
                }
                _ => return Err(bad()),
            }
        }
        Ok(asked)
    }
}

impl Okta {
    /// Everything in the System Log, in the order in which it was written.
    pub fn system_log(&self) -> Vec<Value> {
        locked(&self.inner.log).clone()
    }

    /// Writes an event into the System Log; it is delivered to nobody.
    pub fn log_event(&self, event: Value) {
        let mut log = locked(&self.inner.log);
        if log.len() >= MOST {
            log.drain(..MOST / 10);
        }
        log.push(event);
    }

    pub(crate) fn log_page(&self, query: &str) -> Result<Page, BadQuery> {
        let asked = Asked::read(query, self.inner.clock.now())?;
        let published =
            |event: &Value| event["published"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
        let log = locked(&self.inner.log);
        let wanted = |event: &&Value| {
            published(event).is_some_and(|at| at >= asked.since && at < asked.until)
                && asked.filter.as_ref().is_none_or(|filter| filter.fits(event))
        };
        let mut found: Vec<&Value> = log.iter().filter(wanted).collect();
        found.sort_by_key(|event| published(event));
        if asked.descending {
            found.reverse();
        }
        let end = asked.after.saturating_add(asked.limit);
        let next = (end < found.len() && asked.limit > 0).then(|| {
            let mut next = url::form_urlencoded::Serializer::new(String::new());
            for (name, value) in
                url::form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "after")
            {
                next.append_pair(&name, &value);
            }
            if !query.contains("until=") {
                next.append_pair("until", &iso_millis(asked.until));
            }
            next.append_pair("after", &format!("{end}_1")).finish()
        });
        let events = found.into_iter().skip(asked.after).take(asked.limit).cloned().collect();
        Ok(Page { events, next })
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::Asked;

    #[test]
    fn what_is_not_understood_is_refused() {
        let now = Timestamp::UNIX_EPOCH;
        for bad in
            ["limit=1001", "limit=x", "since=yesterday", "sortOrder=up", "after=1", "filter=nonsense", "x=1"]
        {
            assert!(Asked::read(bad, now).is_err(), "{bad}");
        }
        let asked = Asked::read("since=2026-11-20T10:00:00.000Z&limit=1000&after=7_1", now).unwrap();
        assert_eq!((asked.limit, asked.after, asked.until), (1000, 7, now));
    }
}
