//! Callbacks of any form.

use crate::courier::CallbackError;
use crate::webhook::answer::WebhookAnswer;
use crate::webhook::trade::GenericWebhook;

impl GenericWebhook {
    /// Answers the next send that has no answer waiting like this.
    pub fn answer_next(&self, answer: WebhookAnswer) {
        self.configure(|it| it.next_answers.push_back(answer));
    }

    /// Answers every send like this.
    pub fn answer_always(&self, answer: WebhookAnswer) {
        self.configure(|it| it.answer = answer);
    }

    /// Posts anything anywhere, and returns the status of the answer.
    pub async fn call_back(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<u16, CallbackError> {
        let headers: Vec<(&str, String)> =
            headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self.inner.around.courier.post(url, &headers, body.to_owned()).await
    }
}
