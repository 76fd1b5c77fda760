//! The Attempts API: which sends were converted.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::clock::iso_seconds;
use crate::country;
use crate::twilio::answer::Frame;
use crate::twilio::call::Call;
use crate::twilio::channel::VerifyChannel;
use crate::twilio::error::TwilioError;
use crate::twilio::verification::{Attempt, Verification, VerificationStatus};

const PARAMETERS: [&str; 11] = [
    "DateCreatedAfter",
    "DateCreatedBefore",
    "ChannelData.To",
    "Country",
    "Channel",
    "VerifyServiceSid",
    "VerificationSid",
    "Status",
    "PageSize",
    "Page",
    "PageToken",
];

/// What a listing is limited to.
struct Filter<'a> {
    call: &'a Call,
    after: Option<Timestamp>,
    before: Option<Timestamp>,
    page: usize,
    page_size: usize,
}

impl<'a> Filter<'a> {
    fn read(call: &'a Call) -> Result<Self, TwilioError> {
        if let Some((name, _)) = call.parameters.iter().find(|(name, _)| !PARAMETERS.contains(&name.as_str()))
        {
            return Err(TwilioError::invalid(name));
        }
        let time = |name| {
            let value = call.parameter(name);
            value.map(|it| it.parse::<Timestamp>().map_err(|_| TwilioError::invalid(name))).transpose()
        };
        let number = |name, default| {
            let value = call.parameter(name);
            value.map_or(Ok(default), |it| it.parse::<usize>().map_err(|_| TwilioError::invalid(name)))
        };
        one_of(call, "Channel", &["sms", "call", "email", "whatsapp", "rbm"])?;
        one_of(call, "Status", &["converted", "unconverted"])?;
        let page_size = number("PageSize", 50)?;
        if !(1..=1000).contains(&page_size) {
            return Err(TwilioError::invalid("PageSize"));
        }
        Ok(Self {
            call,
            after: time("DateCreatedAfter")?,
            before: time("DateCreatedBefore")?,
            page: number("Page", 0)?,
            page_size,
        })
    }

    fn lets_through(&self, frame: &Frame<'_>, it: &Verification, attempt: &Attempt) -> bool {
        let equals = |name, value: &str| self.call.parameter(name).is_none_or(|wanted| wanted == value);
        self.after.is_none_or(|after| attempt.at >= after)
            && self.before.is_none_or(|before| attempt.at <= before)
            && equals("ChannelData.To", &it.to)
            && equals("Country", country(&it.to).unwrap_or_default())
            && equals("Channel", attempt.channel.as_str())
            && equals("VerifyServiceSid", &frame.account.service_sid)
            && equals("VerificationSid", &it.sid)
            && equals("Status", conversion(it, attempt))
    }
}

fn one_of(call: &Call, name: &str, values: &[&str]) -> Result<(), TwilioError> {
    match call.parameter(name) {
        Some(value) if !values.contains(&value) => Err(TwilioError::invalid(name)),
        _ => Ok(()),
    }
}

/// One page of the attempts that pass the call's filter; `all` is newest first.
pub(crate) fn list(frame: &Frame<'_>, call: &Call, all: &[Verification]) -> Result<Value, TwilioError> {
    let filter = Filter::read(call)?;
    let hits: Vec<Value> = all
        .iter()
        .flat_map(|it| it.attempts.iter().rev().map(move |attempt| (it, attempt)))
        .filter(|(it, attempt)| filter.lets_through(frame, it, attempt))
        .map(|(it, attempt)| resource(frame, it, attempt))
        .collect();
    let (page, size) = (filter.page, filter.page_size);
    let first = page.saturating_mul(size).min(hits.len());
    let end = first.saturating_add(size).min(hits.len());
    let url = |page: usize| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in &call.parameters {
            if !matches!(name.as_str(), "Page" | "PageSize" | "PageToken") {
                query.append_pair(name, value);
            }
        }
        query.append_pair("PageSize", &size.to_string()).append_pair("Page", &page.to_string());
        format!("{}/v2/Attempts?{}", frame.base, query.finish())
    };
    Ok(json!({
        "attempts": hits[first..end],
        "meta": {
            "key": "attempts",
            "page": page,
            "page_size": size,
            "first_page_url": url(0),
            "previous_page_url": page.checked_sub(1).map(url),
            "url": url(page),
            "next_page_url": (end < hits.len()).then(|| url(page + 1)),
        },
    }))
}

/// One attempt by its `VL…` SID.
pub(crate) fn find(frame: &Frame<'_>, sid: &str, all: &[Verification]) -> Option<Value> {
    let mut pairs = all.iter().flat_map(|it| it.attempts.iter().map(move |attempt| (it, attempt)));
    pairs.find(|(_, attempt)| attempt.sid == sid).map(|(it, attempt)| resource(frame, it, attempt))
}

/// Of an approved verification, the last send is the one that converted.
fn conversion(it: &Verification, attempt: &Attempt) -> &'static str {
    let last = it.attempts.last().is_some_and(|last| last.sid == attempt.sid);
    if it.status == VerificationStatus::Approved && last { "converted" } else { "unconverted" }
}

fn resource(frame: &Frame<'_>, it: &Verification, attempt: &Attempt) -> Value {
    let converted = conversion(it, attempt);
    let status = match it.status {
        VerificationStatus::Expired => "expired",
        _ if converted == "converted" => "confirmed",
        _ => "unconfirmed",
    };
    let (delivery, delivered) = match attempt.channel {
        VerifyChannel::Call => ("call_status", "completed"),
        _ => ("message_status", "delivered"),
    };
    json!({
        "sid": attempt.sid,
        "account_sid": frame.account.account_sid,
        "service_sid": frame.account.service_sid,
        "verification_sid": it.sid,
        "date_created": iso_seconds(attempt.at),
        "date_updated": iso_seconds(it.updated.max(attempt.at)),
        "conversion_status": converted,
        "channel": attempt.channel.as_str(),
        "price": { "value": "0.0079", "currency": "usd" },
        "channel_data": {
            "verification_sid": it.sid,
            "to": it.to,
            "status": status,
            delivery: delivered,
            "error_code": null,
            "country": country(&it.to),
            "code_length": it.code.chars().count(),
            "locale": it.locale.as_deref().unwrap_or("en"),
            "mcc": "310",
            "mnc": "150",
            "carrier": "Example Wireless",
        },
        "url": format!("{}/v2/Attempts/{}", frame.base, attempt.sid),
    })
}

fn country(number: &str) -> Option<&'static str> {
    country::of_number(number).map(|country| country.iso)
}
