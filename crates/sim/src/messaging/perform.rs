//! What each operation does, once it is its turn.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::Value;

use crate::code;
use crate::entropy;
use crate::handset::{Message as Told, Sender};
use crate::messaging::aim::{Aim, MessagingOp};
use crate::messaging::answer;
use crate::messaging::call::NewCall;
use crate::messaging::form::{Parameters, invalid};
use crate::messaging::journal::{MessagingChannel, MessagingReport, MessagingSend};
use crate::messaging::list::Filter;
use crate::messaging::message::NewMessage;
use crate::messaging::record::{Call as VoiceCall, Message};
use crate::messaging::trade::TwilioMessaging;
use crate::sync::locked;
use crate::twilio::{Call, TwilioError, authorized};

type Done = Result<(StatusCode, Value), TwilioError>;

impl TwilioMessaging {
    /// Has the call's effect and makes its answer.
    pub(crate) fn perform(&self, aim: &Aim, call: &Call) -> Response {
        match self.dispatch(aim, call) {
            Ok((status, body)) => (status, Json(body)).into_response(),
            Err(error) => error.into_response(),
        }
    }

    fn dispatch(&self, aim: &Aim, call: &Call) -> Done {
        let account = &self.inner.account;
        if !authorized(account, call.authorization.as_deref()) {
            return Err(TwilioError::new(20003));
        }
        let not_found = || TwilioError::not_found(&call.path);
        if aim.account != account.account_sid {
            return Err(not_found());
        }
        let mut state = locked(&self.inner.state);
        match aim.op {
            MessagingOp::FetchMessage => {
                let it = state.message(&aim.sid).ok_or_else(not_found)?;
                return Ok((StatusCode::OK, answer::message(account, it)));
            }
            MessagingOp::FetchCall => {
                let it = state.call(&aim.sid).ok_or_else(not_found)?;
                return Ok((StatusCode::OK, answer::call(account, it)));
            }
            MessagingOp::ListMessages => {
                let filter = Filter::read(call, "DateSent")?;
                let hits = state.messages.iter().rev();
                let hits = hits.filter(|it| filter.lets_through(&it.asked.to, it.from.as_deref(), it.sent));
                let hits: Vec<Value> = hits.map(|it| answer::message(account, it)).collect();
                return Ok((StatusCode::OK, filter.page("messages", &hits)));
            }
            MessagingOp::ListCalls => {
                let filter = Filter::read(call, "StartTime")?;
                let hits = state.calls.iter().rev();
                let hits =
                    hits.filter(|it| filter.lets_through(&it.asked.to, Some(&it.asked.from), it.started));
                let hits: Vec<Value> = hits.map(|it| answer::call(account, it)).collect();
                return Ok((StatusCode::OK, filter.page("calls", &hits)));
            }
            MessagingOp::CreateMessage | MessagingOp::Feedback | MessagingOp::CreateCall => {}
        }
        drop(state);
        match aim.op {
            MessagingOp::CreateMessage => self.create_message(call),
            MessagingOp::CreateCall => self.create_call(call),
            _ => self.feed_back(&aim.sid, call),
        }
    }

    fn create_message(&self, call: &Call) -> Done {
        let account = &self.inner.account;
        let asked = NewMessage::read(call, account)?;
        let fresh = Message::new(entropy::sid("SM"), asked, self.inner.around.clock.now());
        let body = answer::message(account, &fresh);
        let sent = fresh.sent(account);
        let send = MessagingSend {
            at: sent.created,
            sid: sent.sid.clone(),
            to: sent.asked.to.clone(),
            from: sent.from.clone().unwrap_or_default(),
            channel: MessagingChannel::Sms,
            text: sent.asked.body.clone(),
            code: code::in_text(&sent.asked.body, &sent.asked.to),
            provide_feedback: sent.asked.provide_feedback,
            validity_period: sent.asked.validity_period,
            status_callback: sent.asked.status_callback.clone(),
        };
        locked(&self.inner.state).messages.push(sent);
        self.deliver(send);
        Ok((StatusCode::CREATED, body))
    }

    fn create_call(&self, call: &Call) -> Done {
        let account = &self.inner.account;
        let asked = NewCall::read(call, account)?;
        let now = self.inner.around.clock.now();
        let sid = entropy::sid("CA");
        let mut it =
            VoiceCall { sid, asked, status: "queued".to_owned(), created: now, started: None, sequence: 0 };
        let body = answer::call(account, &it);
        it.started = Some(it.created);
        "completed".clone_into(&mut it.status);
        let send = MessagingSend {
            at: now,
            sid: it.sid.clone(),
            to: it.asked.to.clone(),
            from: it.asked.from.clone(),
            channel: MessagingChannel::Call,
            text: it.asked.words.clone(),
            code: code::in_speech(&it.asked.words, &it.asked.to),
            provide_feedback: false,
            validity_period: None,
            status_callback: it.asked.status_callback.clone(),
        };
        locked(&self.inner.state).calls.push(it);
        self.deliver(send);
        Ok((StatusCode::CREATED, body))
    }

    fn deliver(&self, send: MessagingSend) {
        let told = Told {
            at: send.at,
            sender: Sender::TwilioMessaging,
            channel: send.channel.as_str().to_owned(),
            code: send.code.clone(),
            text: send.text.clone(),
        };
        let (to, sid) = (send.to.clone(), send.status_callback.is_some().then(|| send.sid.clone()));
        self.note_send(send, &to, Some(told));
        if let Some(sid) = sid {
            self.deliver_by_itself(sid);
        }
    }

    fn feed_back(&self, sid: &str, call: &Call) -> Done {
        let now = self.inner.around.clock.now();
        let done = self.take_feedback(sid, call);
        self.note_report(MessagingReport {
            at: now,
            target: sid.to_owned(),
            outcome: call.parameter("Outcome").unwrap_or_default().to_owned(),
            http_status: done.as_ref().map_or_else(TwilioError::http, |_| 200),
            message_sid: done.is_ok().then(|| sid.to_owned()),
        });
        Ok((StatusCode::OK, answer::feedback(&self.inner.account, sid, &done?, now)))
    }

    fn take_feedback(&self, sid: &str, call: &Call) -> Result<String, TwilioError> {
        let form = Parameters::form(call, &["Outcome"], &[])?;
        let outcome =
            form.one_of("Outcome", &["confirmed", "unconfirmed"])?.ok_or_else(|| invalid("Outcome"))?;
        let mut state = locked(&self.inner.state);
        let it = state.message(sid).ok_or_else(|| TwilioError::not_found(&call.path))?;
        if !it.asked.provide_feedback {
            // Which code Twilio answers is not documented.
            return Err(TwilioError::saying(20422, "Message was not sent with ProvideFeedback"));
        }
        Ok(outcome.to_owned())
    }
}
