//! What each operation does, once it is its turn.

use axum::response::Response;

use crate::entropy;
use crate::handset::{Message, Sender};
use crate::vendor::Arrival;
use crate::webhook::fields::Fields;
use crate::webhook::journal::{WebhookReport, WebhookSend};
use crate::webhook::trade::{GenericWebhook, WebhookOp};

impl GenericWebhook {
    /// Has the request's effect and makes its answer.
    pub(crate) fn perform(&self, op: WebhookOp, arrival: &Arrival) -> Response {
        let id = entropy::uuid();
        match op {
            WebhookOp::Send => self.send(&id, arrival),
            WebhookOp::Report => self.report(&id, arrival),
        }
    }

    fn send(&self, id: &str, arrival: &Arrival) -> Response {
        let mut answer = None;
        self.configure(|it| answer = it.next_answers.pop_front());
        let answer = answer.unwrap_or_else(|| self.settings().answer);
        if answer.is_accepted() {
            let body = String::from_utf8_lossy(&arrival.body).into_owned();
            let fields = Fields::read(&body);
            let at = self.inner.around.clock.now();
            let told = Message {
                at,
                sender: Sender::Webhook,
                channel: fields.channel.to_owned(),
                code: fields.code.clone(),
                text: fields.text,
            };
            let to = fields.to.clone().unwrap_or_default();
            let delivered = fields.to.is_some().then_some(told);
            let send = WebhookSend {
                at,
                id: id.to_owned(),
                path: below(arrival),
                to: fields.to,
                channel: fields.channel.to_owned(),
                code: fields.code,
                body,
            };
            self.note_send(send, &to, delivered);
        }
        answer.answer(id)
    }

    fn report(&self, id: &str, arrival: &Arrival) -> Response {
        let answer = self.settings().report_answer;
        self.note_report(WebhookReport {
            at: self.inner.around.clock.now(),
            path: below(arrival),
            query: arrival.query.clone(),
            body: String::from_utf8_lossy(&arrival.body).into_owned(),
            http_status: answer.status,
        });
        answer.answer(id)
    }
}

/// The path below `/webhook/`.
fn below(arrival: &Arrival) -> String {
    arrival.path.trim_start_matches("/webhook/").to_owned()
}
