//! What each operation does, once it is its turn.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::Value;

use crate::handset::{Message, Sender, spoken_message, text_message};
use crate::sync::locked;
use crate::twilio::answer::Frame;
use crate::twilio::attempts;
use crate::twilio::auth::authorized;
use crate::twilio::call::{Aim, Call, VerifyOp};
use crate::twilio::channel::VerifyChannel;
use crate::twilio::error::TwilioError;
use crate::twilio::journal::{Report, Send};
use crate::twilio::settings::TwilioSettings;
use crate::twilio::start::{Start, is_e164};
use crate::twilio::store::{Accepted, Checked};
use crate::twilio::verification::VerificationStatus;
use crate::twilio::verify::TwilioVerify;

type Done = Result<(StatusCode, Value), TwilioError>;

impl TwilioVerify {
    /// Has the call's effect and makes its answer. `contended`: see [`TwilioSettings::concurrency_check`].
    pub(crate) fn perform(&self, aim: &Aim, call: &Call, contended: bool) -> Response {
        let settings = self.settings();
        match self.dispatch(aim, call, contended, &settings) {
            Ok((status, body)) => (status, Json(body)).into_response(),
            Err(error) => error.into_response(),
        }
    }

    fn dispatch(&self, aim: &Aim, call: &Call, contended: bool, settings: &TwilioSettings) -> Done {
        let account = &self.inner.account;
        if !authorized(account, call.authorization.as_deref()) {
            return Err(TwilioError::new(20003));
        }
        if aim.service.as_ref().is_some_and(|service| *service != account.service_sid) {
            return Err(TwilioError::not_found(resource(call)));
        }
        let frame = Frame { account, settings, base: &self.inner.base };
        let target = aim.target.as_deref();
        match (aim.op, target) {
            (VerifyOp::Create, _) => self.create(call, contended, &frame),
            (VerifyOp::Update, Some(target)) => self.update(target, call, &frame),
            (VerifyOp::Fetch, Some(target)) => {
                let now = self.inner.clock.now();
                let found = locked(&self.inner.store).fetch(target, settings, now);
                let it = found.ok_or_else(|| TwilioError::not_found(resource(call)))?;
                Ok((StatusCode::OK, frame.verification(&it)))
            }
            (VerifyOp::Check, _) => self.check(call, &frame),
            (VerifyOp::Service, _) => Ok((StatusCode::OK, frame.service())),
            (VerifyOp::Attempts, Some(sid)) => {
                let all = locked(&self.inner.store).all(settings, self.inner.clock.now());
                let found = attempts::find(&frame, sid, &all);
                Ok((StatusCode::OK, found.ok_or_else(|| TwilioError::not_found(resource(call)))?))
            }
            (VerifyOp::Attempts, None) => {
                let all = locked(&self.inner.store).all(settings, self.inner.clock.now());
                Ok((StatusCode::OK, attempts::list(&frame, call, &all)?))
            }
            (VerifyOp::Update | VerifyOp::Fetch, None) => Err(TwilioError::not_found(resource(call))),
        }
    }

    fn create(&self, call: &Call, contended: bool, frame: &Frame<'_>) -> Done {
        let start = Start::read(call, frame.settings, resource(call))?;
        if contended && frame.settings.concurrency_check {
            return Err(TwilioError::new(60212));
        }
        let accepted = locked(&self.inner.store).start(start, frame.settings, self.inner.clock.now())?;
        self.deliver(&accepted, frame.settings);
        Ok((StatusCode::CREATED, frame.verification(&accepted.verification)))
    }

    fn deliver(&self, accepted: &Accepted, settings: &TwilioSettings) {
        let Accepted { verification: it, attempt, delivered_code: code } = accepted;
        let send = Send {
            at: attempt.at,
            to: it.to.clone(),
            channel: attempt.channel,
            code: code.clone(),
            locale: it.locale.clone(),
            tags: it.tags.clone(),
            verification_sid: it.sid.clone(),
            attempt_sid: attempt.sid.clone(),
        };
        let words = if attempt.channel == VerifyChannel::Call { spoken_message } else { text_message };
        let message = Message {
            at: attempt.at,
            sender: Sender::Verify,
            channel: attempt.channel.as_str().to_owned(),
            code: code.clone(),
            text: words(&settings.friendly_name, code),
        };
        self.inner.truth.record("send", &send);
        // Under one lock: whoever sees the send also finds the message, and the other way round.
        let mut journal = locked(&self.inner.journal);
        journal.sends.push(send);
        self.inner.handset.deliver(&it.to, message);
        drop(journal);
        self.inner.noted.ring();
    }

    fn update(&self, target: &str, call: &Call, frame: &Frame<'_>) -> Done {
        let now = self.inner.clock.now();
        let wanted = read_status(call);
        let done = match &wanted {
            Ok(status) => {
                let changed = locked(&self.inner.store).finish(target, *status, frame.settings, now);
                changed.ok_or_else(|| TwilioError::not_found(resource(call)))
            }
            Err(error) => Err(error.clone()),
        };
        let report = Report {
            at: now,
            target: target.to_owned(),
            status: call.parameter("Status").unwrap_or_default().to_owned(),
            http_status: done.as_ref().map_or_else(TwilioError::http, |_| 200),
            verification_sid: done.as_ref().ok().map(|it| it.sid.clone()),
        };
        self.inner.truth.record("report", &report);
        locked(&self.inner.journal).reports.push(report);
        self.inner.noted.ring();
        Ok((StatusCode::OK, frame.verification(&done?)))
    }

    fn check(&self, call: &Call, frame: &Frame<'_>) -> Done {
        let form = call.form(&["Code", "To", "VerificationSid", "Amount", "Payee", "SnaClientToken"])?;
        let code = form.required("Code")?;
        let target = match form.get("VerificationSid") {
            Some(sid) => sid,
            None => {
                form.required("To").ok().filter(|to| is_e164(to)).ok_or_else(|| TwilioError::invalid("To"))?
            }
        };
        let now = self.inner.clock.now();
        match locked(&self.inner.store).check(target, code, frame.settings, now)? {
            Some(Checked::Right(it) | Checked::Wrong(it)) => Ok((StatusCode::CREATED, frame.check(&it))),
            None => Err(TwilioError::not_found(resource(call))),
        }
    }
}

fn read_status(call: &Call) -> Result<VerificationStatus, TwilioError> {
    match call.form(&["Status"])?.required("Status")? {
        "approved" => Ok(VerificationStatus::Approved),
        "canceled" => Ok(VerificationStatus::Canceled),
        _ => Err(TwilioError::invalid("Status")),
    }
}

/// The path below `/v2`, as 404 messages name it.
fn resource(call: &Call) -> &str {
    call.path.strip_prefix("/v2").unwrap_or(&call.path)
}
