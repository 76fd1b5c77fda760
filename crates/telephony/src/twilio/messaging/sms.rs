use super::Messaging;
use crate::{AttemptReport, Budget, Outgoing, SmsLength, observe};

/// The longest that Twilio queues a message for (Twilio docs: Messages, `ValidityPeriod`).
const MOST_SECONDS: u64 = 36_000;

impl Messaging {
    /// Sends a text. Twilio drops it when the code is over, and is told later whether the code was used (`ProvideFeedback`).
    pub(super) async fn text(&self, message: &Outgoing, budget: Budget) -> AttemptReport {
        let body = message.text(&self.wording);
        observe::worded(&self.name, SmsLength::of(&body));
        let validity = message.life().as_secs().clamp(1, MOST_SECONDS).to_string();
        let callback = self.status_callback(message.transaction);
        let mut form = vec![("To", message.to.expose_e164())];
        match (&self.messaging_service_sid, &self.from) {
            (Some(service), _) => form.push(("MessagingServiceSid", service)),
            (None, Some(from)) => form.push(("From", from)),
            (None, None) => {}
        }
        form.extend([("Body", body.as_str()), ("ProvideFeedback", "true"), ("ValidityPeriod", &validity)]);
        form.extend(callback.as_deref().map(|url| ("StatusCallback", url)));
        self.create("Messages", &form, budget).await
    }
}
