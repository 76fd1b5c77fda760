//! What a lookup does, once it is its turn.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::Method;
use serde_json::Value;

use crate::lookup::answer::{PACKAGES, resource};
use crate::lookup::journal::LookedUp;
use crate::lookup::known::KnownNumber;
use crate::lookup::number::Number;
use crate::lookup::trade::TwilioLookup;
use crate::twilio::{Call, TwilioError, authorized};

const PARAMETERS: [&str; 3] = ["Fields", "CountryCode", "PartnerSubId"];

impl TwilioLookup {
    /// Knows this from now on about numbers that begin with a prefix.
    pub fn know(&self, known: KnownNumber) {
        self.configure(|it| it.numbers.push(known));
    }

    /// Has the call's effect and makes its answer.
    pub(crate) fn perform(&self, number: &str, call: &Call) -> Response {
        match self.look_up(number, call) {
            Ok(body) => Json(body).into_response(),
            Err(error) => error.into_response(),
        }
    }

    fn look_up(&self, number: &str, call: &Call) -> Result<Value, TwilioError> {
        if !authorized(&self.inner.account, call.authorization.as_deref()) {
            return Err(TwilioError::new(20003));
        }
        if call.method != Method::GET {
            return Err(TwilioError::new(20004));
        }
        for (n, (name, _)) in call.parameters.iter().enumerate() {
            let repeated = call.parameters[..n].iter().any(|(earlier, _)| earlier == name);
            if repeated || !PARAMETERS.contains(&name.as_str()) {
                return Err(TwilioError::invalid(name));
            }
        }
        let fields = fields(call.parameter("Fields"))?;
        let read = Number::read(number, call.parameter("CountryCode"));
        let read = read.ok_or_else(|| TwilioError::not_found(&format!("/PhoneNumbers/{number}")))?;
        let known = self.settings().about(&read.text);
        let body = resource(&self.inner.around.base, &read, &fields, &known);
        let at = self.inner.around.clock.now();
        self.note_send(LookedUp { at, number: read.text, fields, valid: read.wrong.is_none() }, "", None);
        Ok(body)
    }
}

fn fields(value: Option<&str>) -> Result<Vec<String>, TwilioError> {
    let names = value.unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty());
    let fields: Vec<String> = names.map(str::to_owned).collect();
    let known = |name: &str| name == "validation" || PACKAGES.contains(&name);
    if fields.iter().all(|name| known(name)) { Ok(fields) } else { Err(TwilioError::invalid("Fields")) }
}
