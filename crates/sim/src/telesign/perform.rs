//! What each operation does, once it is its turn.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use crate::entropy;
use crate::handset::{Message, Sender};
use crate::sync::locked;
use crate::telesign::aim::{Aim, TelesignOp};
use crate::telesign::auth::sign_in;
use crate::telesign::error::TelesignError;
use crate::telesign::journal::{TelesignProduct, TelesignReport, TelesignSend};
use crate::telesign::omnichannel::Wanted;
use crate::telesign::record::Record;
use crate::telesign::trade::TelesignMessaging;
use crate::telesign::{answer, form, omnichannel, status};
use crate::vendor::Arrival;

type Done = Result<Value, TelesignError>;

impl TelesignMessaging {
    /// Has the request's effect and makes its answer.
    pub(crate) fn perform(&self, aim: &Aim, arrival: &Arrival) -> Response {
        match self.dispatch(aim, arrival) {
            Ok(body) => Json(body).into_response(),
            Err(error) => error.answer(aim.op, self.inner.around.clock.now()),
        }
    }

    fn dispatch(&self, aim: &Aim, arrival: &Arrival) -> Done {
        let nonce =
            sign_in(&self.inner.account, arrival).map_err(|why| TelesignError::refused(aim.op, why))?;
        if nonce.is_some_and(|nonce| !locked(&self.inner.state).nonces.insert(nonce)) {
            return Err(TelesignError::new(3409));
        }
        match aim.op {
            TelesignOp::Omnichannel => Ok(self.send(omnichannel::read(arrival, &self.settings())?)),
            TelesignOp::SmsVerify => Ok(self.send(form::sms_verify(arrival, || entropy::unique_code(6))?)),
            TelesignOp::Messaging => Ok(self.send(form::messaging(arrival)?)),
            TelesignOp::Status => self.status(&aim.reference),
            TelesignOp::Completion => self.complete(&aim.reference, arrival),
        }
    }

    fn send(&self, wanted: Wanted) -> Value {
        let now = self.inner.around.clock.now();
        let record = Record {
            reference_id: entropy::reference_id(),
            channel_reference_id: entropy::reference_id(),
            wanted,
            code: status::TO_GATEWAY,
            submitted: now,
            updated: now,
        };
        let (body, wanted) = (answer::accepted(&record), record.wanted.clone());
        let send = TelesignSend {
            at: now,
            reference_id: record.reference_id.clone(),
            product: wanted.product,
            to: format!("+{}", wanted.phone),
            channel: wanted.channel.to_owned(),
            text: wanted.text.clone(),
            code: wanted.code.clone(),
            external_id: wanted.external_id,
            callback_url: wanted.callback_url,
        };
        let told = Message {
            at: now,
            sender: Sender::Telesign,
            channel: if wanted.channel == "voice" { "call" } else { wanted.channel }.to_owned(),
            code: wanted.code,
            text: wanted.text,
        };
        locked(&self.inner.state).messages.push(record);
        let to = send.to.clone();
        self.note_send(send, &to, Some(told));
        body
    }

    fn status(&self, reference: &str) -> Done {
        let now = self.inner.around.clock.now();
        let mut state = locked(&self.inner.state);
        let found = state.find(reference).filter(|it| it.wanted.product == TelesignProduct::Omnichannel);
        let found = found.filter(|it| it.is_remembered(now));
        found.map(|it| answer::status(it)).ok_or_else(|| TelesignError::new(-10004))
    }

    /// Nothing says that omnichannel references are taken: they are not.
    fn complete(&self, reference: &str, arrival: &Arrival) -> Done {
        let now = self.inner.around.clock.now();
        let done = if arrival.body.is_empty() {
            let mut state = locked(&self.inner.state);
            let found = state.find(reference).filter(|it| it.wanted.product != TelesignProduct::Omnichannel);
            found.map(|it| answer::completed(it, now)).ok_or_else(|| TelesignError::new(-10001))
        } else {
            Err(TelesignError::invalid(TelesignOp::Completion, "body"))
        };
        self.note_report(TelesignReport {
            at: now,
            target: reference.to_owned(),
            http_status: done.as_ref().map_or_else(|error| error.http, |_| 200),
            reference_id: done.is_ok().then(|| reference.to_owned()),
        });
        done
    }
}
