//! The forms of the older products.

use http::header;

use crate::telesign::aim::TelesignOp;
use crate::telesign::error::TelesignError;
use crate::telesign::journal::TelesignProduct;
use crate::telesign::omnichannel::{MESSAGE_TYPES, Wanted, check_context, is_phone};
use crate::vendor::Arrival;

const CONTEXT: [&str; 8] = [
    "phone_number",
    "account_lifecycle_event",
    "external_id",
    "originating_ip",
    "sender_id",
    "callback_url",
    "is_primary",
    "ucid",
];
const USE_CASES: [&str; 13] =
    ["BACS", "BACF", "CHCK", "ATCK", "LEAD", "OTHR", "PWRT", "RESV", "RINF", "SHIP", "THEF", "TRVF", "UNKN"];
const DEFAULT_TEMPLATE: &str = "Your code is $$CODE$$";

/// A form whose names are all known and there once.
struct Form {
    op: TelesignOp,
    fields: Vec<(String, String)>,
}

impl Form {
    fn read(op: TelesignOp, arrival: &Arrival, known: &[&str]) -> Result<Self, TelesignError> {
        let essence =
            arrival.header(&header::CONTENT_TYPE).and_then(|value| value.split(';').next()).map(str::trim);
        if !essence.is_some_and(|it| it.eq_ignore_ascii_case("application/x-www-form-urlencoded")) {
            return Err(TelesignError::invalid(op, "Content-Type"));
        }
        let fields: Vec<(String, String)> = url::form_urlencoded::parse(&arrival.body).into_owned().collect();
        for (n, (name, _)) in fields.iter().enumerate() {
            let known = CONTEXT.contains(&name.as_str()) || known.contains(&name.as_str());
            if !known || fields[..n].iter().any(|(earlier, _)| earlier == name) {
                return Err(TelesignError::invalid(op, name));
            }
        }
        Ok(Self { op, fields })
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
            .filter(|it| !it.is_empty())
    }

    fn checked(&self, name: &str, fits: impl Fn(&str) -> bool) -> Result<Option<&str>, TelesignError> {
        match self.get(name) {
            Some(value) if !fits(value) => Err(TelesignError::invalid(self.op, name)),
            value => Ok(value),
        }
    }

    fn required(&self, name: &str, fits: impl Fn(&str) -> bool) -> Result<&str, TelesignError> {
        self.checked(name, fits)?.ok_or_else(|| TelesignError::invalid(self.op, name))
    }

    /// What both forms have in common.
    fn wanted(&self, product: TelesignProduct, text: String, code: String) -> Result<Wanted, TelesignError> {
        let phone = self.required("phone_number", is_phone)?;
        self.checked("is_primary", |it| matches!(it, "true" | "false"))?;
        self.checked("ucid", |it| USE_CASES.contains(&it))?;
        let context = ["external_id", "account_lifecycle_event", "originating_ip", "callback_url"];
        let context = context.map(|name| self.get(name));
        check_context(context).map_err(|name| TelesignError::invalid(self.op, name))?;
        Ok(Wanted {
            product,
            channel: "sms",
            phone: phone.to_owned(),
            text,
            code,
            external_id: self.get("external_id").map(str::to_owned),
            callback_url: self.get("callback_url").map(str::to_owned),
        })
    }
}

/// `POST /v1/verify/sms`; Telesign makes a code itself if none is given.
pub(crate) fn sms_verify(arrival: &Arrival, own_code: impl Fn() -> String) -> Result<Wanted, TelesignError> {
    let form = Form::read(TelesignOp::SmsVerify, arrival, &["verify_code", "template", "language"])?;
    let digits = |it: &str| (3..=7).contains(&it.len()) && it.bytes().all(|b| b.is_ascii_digit());
    let code = form.checked("verify_code", digits)?.map_or_else(own_code, str::to_owned);
    let template = form.checked("template", |it| it.contains("$$CODE$$") && it.chars().count() <= 160)?;
    let text = template.unwrap_or(DEFAULT_TEMPLATE).replace("$$CODE$$", &code);
    form.wanted(TelesignProduct::SmsVerify, text, code)
}

/// `POST /v1/messaging`
pub(crate) fn messaging(arrival: &Arrival) -> Result<Wanted, TelesignError> {
    let form = Form::read(TelesignOp::Messaging, arrival, &["message", "message_type"])?;
    let text = form.required("message", |it| it.chars().count() <= 1600)?.to_owned();
    form.required("message_type", |it| MESSAGE_TYPES.contains(&it))?;
    let phone = form.get("phone_number").unwrap_or_default();
    let code = crate::code::in_text(&text, phone);
    form.wanted(TelesignProduct::Messaging, text, code)
}
