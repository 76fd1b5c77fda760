//! The form that sends a message, read as strictly as Twilio documents it.

use crate::messaging::form::{Parameters, invalid};
use crate::options::TwilioAccount;
use crate::twilio::{Call, TwilioError, is_e164};

const PARAMETERS: [&str; 21] = [
    "To",
    "From",
    "MessagingServiceSid",
    "Body",
    "ContentSid",
    "ContentVariables",
    "StatusCallback",
    "ApplicationSid",
    "MaxPrice",
    "ProvideFeedback",
    "Attempt",
    "ValidityPeriod",
    "ForceDelivery",
    "ContentRetention",
    "AddressRetention",
    "SmartEncoded",
    "SendAt",
    "ScheduleType",
    "RiskCheck",
    "TrafficType",
    "FallbackFrom",
];

const LONGEST_BODY: usize = 1600;
const LONGEST_VALIDITY: u32 = 36_000;

/// What a send asks for.
#[derive(Clone, Debug)]
pub(crate) struct NewMessage {
    pub(crate) to: String,
    pub(crate) from: Option<String>,
    pub(crate) messaging_service: bool,
    pub(crate) body: String,
    pub(crate) status_callback: Option<String>,
    pub(crate) provide_feedback: bool,
    pub(crate) validity_period: Option<u32>,
}

impl NewMessage {
    /// Reads and checks the form.
    pub(crate) fn read(call: &Call, account: &TwilioAccount) -> Result<Self, TwilioError> {
        let form = Parameters::form(call, &PARAMETERS, &[])?;
        let to = form.required("To", 21604)?;
        if !is_e164(to) {
            return Err(TwilioError::saying(21211, format!("Invalid 'To' Phone Number: {to}")));
        }
        let (from, service) = (form.get("From"), form.get("MessagingServiceSid"));
        if from.is_none() && service.is_none() {
            return Err(TwilioError::new(21603));
        }
        if let Some(from) = from.filter(|from| !account.from.iter().any(|own| own == from)) {
            let message = format!(
                "The 'From' phone number {from} is not a valid, SMS-capable inbound phone number or short code for \
                 your account."
            );
            return Err(TwilioError::saying(21606, message));
        }
        if let Some(service) = service.filter(|service| *service != account.messaging_service_sid) {
            return Err(TwilioError::saying(
                21705,
                format!("The Messaging Service Sid {service} is invalid."),
            ));
        }
        let body = form.required("Body", 21602)?;
        if body.chars().count() > LONGEST_BODY {
            return Err(TwilioError::new(21617));
        }
        check_options(&form)?;
        Ok(Self {
            to: to.to_owned(),
            from: from.map(str::to_owned),
            messaging_service: service.is_some(),
            body: body.to_owned(),
            status_callback: form.address("StatusCallback")?.map(str::to_owned),
            provide_feedback: form.flag("ProvideFeedback")?,
            validity_period: form.get("ValidityPeriod").and_then(|seconds| seconds.parse().ok()),
        })
    }
}

/// Parameters that the simulator has no use for, but Twilio would refuse if they were wrong.
fn check_options(form: &Parameters<'_>) -> Result<(), TwilioError> {
    form.number("ValidityPeriod", 1..=LONGEST_VALIDITY)?;
    form.number("Attempt", 1..=u32::MAX)?;
    form.flag("SmartEncoded")?;
    form.flag("ForceDelivery")?;
    form.one_of("RiskCheck", &["enable", "disable"])?;
    form.one_of("ContentRetention", &["retain", "discard"])?;
    form.one_of("AddressRetention", &["retain", "obfuscate"])?;
    form.one_of("TrafficType", &["free"])?;
    let price = form.get("MaxPrice").map(str::parse::<f64>);
    if price.is_some_and(|price| !price.is_ok_and(|price| price >= 0.0)) {
        return Err(invalid("MaxPrice"));
    }
    for unsupported in ["ContentSid", "ContentVariables", "ScheduleType", "SendAt"] {
        if form.get(unsupported).is_some() {
            return Err(invalid(unsupported)); // documented, but not simulated
        }
    }
    Ok(())
}
