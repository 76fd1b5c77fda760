//! The form that makes a call.

use crate::messaging::form::{Parameters, invalid};
use crate::messaging::twiml::spoken;
use crate::options::TwilioAccount;
use crate::twilio::{Call, TwilioError, is_e164};

const PARAMETERS: [&str; 19] = [
    "To",
    "From",
    "Url",
    "Twiml",
    "ApplicationSid",
    "Method",
    "FallbackUrl",
    "FallbackMethod",
    "StatusCallback",
    "StatusCallbackMethod",
    "SendDigits",
    "Timeout",
    "TimeLimit",
    "MachineDetection",
    "MachineDetectionTimeout",
    "CallerId",
    "CallReason",
    "Trim",
    "CallToken",
];

const EVENTS: [&str; 4] = ["initiated", "ringing", "answered", "completed"];
const LONGEST_TWIML: usize = 4000;

/// What a call asks for.
#[derive(Clone, Debug)]
pub(crate) struct NewCall {
    pub(crate) to: String,
    pub(crate) from: String,
    /// What it will say; nothing if that is to be fetched, which is not simulated.
    pub(crate) words: String,
    pub(crate) status_callback: Option<String>,
}

impl NewCall {
    /// Reads and checks the form.
    pub(crate) fn read(call: &Call, account: &TwilioAccount) -> Result<Self, TwilioError> {
        let form = Parameters::form(call, &PARAMETERS, &["StatusCallbackEvent"])?;
        let to = form.required("To", 21201)?;
        if !is_e164(to) {
            return Err(TwilioError::saying(
                21217,
                format!("Phone number does not appear to be valid: {to}"),
            ));
        }
        let from = form.required("From", 21213)?;
        if !is_e164(from) {
            return Err(TwilioError::saying(21212, format!("Invalid 'From' Phone Number: {from}")));
        }
        if !account.from.iter().any(|own| own == from) {
            let message =
                format!("The source phone number provided, {from}, is not yet verified for your account.");
            return Err(TwilioError::saying(21210, message));
        }
        let words = words(&form)?;
        check_options(&form)?;
        Ok(Self {
            to: to.to_owned(),
            from: from.to_owned(),
            words,
            status_callback: form.address("StatusCallback")?.map(str::to_owned),
        })
    }
}

/// Of several instructions Twilio takes the address first.
fn words(form: &Parameters<'_>) -> Result<String, TwilioError> {
    if form.address("Url")?.is_some() || form.get("ApplicationSid").is_some() {
        return Ok(String::new());
    }
    let document = form.required("Twiml", 21205)?;
    if document.chars().count() > LONGEST_TWIML {
        return Err(invalid("Twiml"));
    }
    spoken(document).map_err(|why| TwilioError::saying(12100, format!("Document parse failure: {}", why.0)))
}

fn check_options(form: &Parameters<'_>) -> Result<(), TwilioError> {
    form.number("Timeout", 1..=600)?;
    form.number("TimeLimit", 1..=u32::MAX)?;
    form.number("MachineDetectionTimeout", 3..=59)?;
    form.one_of("Method", &["GET", "POST"])?;
    form.one_of("FallbackMethod", &["GET", "POST"])?;
    form.one_of("StatusCallbackMethod", &["POST"])?; // GET is documented, but not simulated
    form.one_of("MachineDetection", &["Enable", "DetectMessageEnd"])?;
    form.one_of("Trim", &["trim-silence", "do-not-trim"])?;
    if form.all("StatusCallbackEvent").any(|event| !EVENTS.contains(&event)) {
        return Err(invalid("StatusCallbackEvent"));
    }
    let dialled = |it: char| it.is_ascii_digit() || matches!(it, 'w' | 'W' | '#' | '*');
    if form.get("SendDigits").is_some_and(|digits| digits.len() > 32 || !digits.chars().all(dialled)) {
        return Err(invalid("SendDigits"));
    }
    Ok(())
}
