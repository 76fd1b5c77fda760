use http::HeaderMap;
use http::header::LINK;
use jiff::Timestamp;
use otp::OrgName;
use url::Url;

use super::ask::{Answer, Ask};
use super::bucket::Bucket;
use super::time::date;
use super::{OktaClient, OktaError};
use crate::event::{self, Parsed};
use crate::json::{self, Json};
use crate::send;

/// Events of one page; Okta allows a thousand.
const PAGE: u16 = 500;
/// A page of them: an event is three to four KiB.
const MOST_BYTES: usize = 8 << 20;

/// What is asked of the System Log: a span of `published`, from its start to just before its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogQuery {
    /// From here on.
    pub since: Timestamp,
    /// Before here.
    pub until: Timestamp,
    /// Where the page before this one said that this one begins: the parameters of its link, as they were.
    pub next: Option<String>,
}

/// A page of the System Log, of the events that tell about codes alone.
#[derive(Debug)]
pub struct LogPage {
    /// What is in it, in Okta's order.
    pub events: Vec<Parsed>,
    /// Where the next page begins; `None` at the last one.
    pub next: Option<String>,
    /// Okta's own moment of the answer.
    pub date: Option<Timestamp>,
}

impl OktaClient {
    /// A page of the System Log (Okta: System Log API, bounded requests), with the events that are about codes: entered, enrolled, sent by
    /// Okta, or not sent because the hook failed.
    ///
    /// # Errors
    /// [`OktaError`] says what to do; [`OktaError::NoUser`] is not among them.
    pub async fn log_page(&self, query: &LogQuery, org: &OrgName) -> Result<LogPage, OktaError> {
        let url = self.log_url(query).ok_or(OktaError::Malformed { what: "the link to the next page" })?;
        let ask = Ask { most_bytes: MOST_BYTES, ..Ask::get(Bucket::Logs, url) };
        let Answer { headers, body } = self.ask(ask).await?;
        let (next, date) = (next_page(&headers), date(&headers));
        let text = json::text(&body);
        let Ok(Json::List(events)) = Json::parse(&text) else {
            return Err(OktaError::Malformed { what: "the System Log" });
        };
        // Okta may go on for ever with a link to nothing.
        let next = next.filter(|_| !events.is_empty());
        Ok(LogPage { events: events.iter().map(|event| event::read(event, org)).collect(), next, date })
    }

    /// Of another page only the parameters are Okta's: the token goes to nobody but the org.
    fn log_url(&self, query: &LogQuery) -> Option<Url> {
        let mut url = self.url(&["logs"])?;
        match &query.next {
            Some(next) => url.set_query(Some(next)),
            None => {
                url.query_pairs_mut()
                    .clear()
                    .append_pair("since", &moment(query.since))
                    .append_pair("until", &moment(query.until))
                    .append_pair("filter", &filter())
                    .append_pair("limit", &PAGE.to_string())
                    .append_pair("sortOrder", "ASCENDING");
            }
        }
        Some(url)
    }
}

/// Codes that were entered (no failures: nothing follows from them), phones that were enrolled, and sends.
fn filter() -> String {
    let mut terms = vec![
        format!(r#"(eventType eq "{}" and outcome.result eq "SUCCESS")"#, event::CODE_ENTERED),
        format!(r#"(eventType eq "{}" and outcome.result eq "SUCCESS")"#, event::FACTOR_ACTIVATED),
    ];
    terms.extend(send::TYPES.iter().map(|it| format!(r#"eventType eq "{it}""#)));
    terms.join(" or ")
}

/// As Okta writes it: milliseconds.
fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// The parameters of `Link: <…>; rel="next"`; Okta sends one header for each link.
fn next_page(headers: &HeaderMap) -> Option<String> {
    headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok()).find_map(|value| {
        let mut rest = value;
        while let Some((_, link)) = rest.split_once('<') {
            let (target, after) = link.split_once('>')?;
            let parameters = after.split('<').next().unwrap_or_default();
            let is_next = parameters.split(';').any(|it| {
                let it = it.trim().trim_end_matches(',').trim();
                matches!(it, r#"rel="next""# | "rel=next")
            });
            if is_next {
                return target.split_once('?').map(|(_, query)| query.to_owned());
            }
            rest = after;
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, header};

    use super::next_page;

    fn next(values: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::LINK, HeaderValue::from_str(value).unwrap());
        }
        next_page(&headers)
    }

    #[test]
    fn the_next_page_is_found_among_links() {
        let own = r#"<https://a.example/api/v1/logs?limit=2>; rel="self""#;
        let link = r#"<https://a.example/api/v1/logs?limit=2&after=1,2;3>; rel="next""#;
        let found = Some("limit=2&after=1,2;3".to_owned());
        assert_eq!(next(&[own, link]), found);
        assert_eq!(next(&[&format!("{own}, {link}")]), found);
        assert_eq!(next(&[&format!("{link}, {own}")]), found);
        assert_eq!(next(&["<https://a.example/x?after=1>;rel=next"]).as_deref(), Some("after=1"));
        for none in [own, "", "<", "<https://a.example/x>; rel=\"next\"", r#"<x?a>; rel="prev""#] {
            assert_eq!(next(&[none]), None, "{none}");
        }
        assert_eq!(next(&[]), None);
    }
}
