use otp::AttemptOutcome;

use super::Messaging;
use crate::{AttemptReport, Budget, Outgoing};

impl Messaging {
    /// Places a call that says the code; what it says goes along with the request, so nobody has to be asked for it.
    pub(super) async fn call(&self, message: &Outgoing, budget: Budget) -> AttemptReport {
        let Some(from) = self.caller() else {
            return AttemptReport::without_answer(AttemptOutcome::NotSent, "no_caller");
        };
        let twiml = message.speech(&self.wording).twiml();
        let callback = self.status_callback(message.transaction);
        let mut form = vec![("To", message.to.expose_e164()), ("From", from), ("Twiml", twiml.as_str())];
        form.extend(callback.as_deref().map(|url| ("StatusCallback", url)));
        self.create("Calls", &form, budget).await
    }
}
