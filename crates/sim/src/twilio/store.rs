//! All verifications of the service, and what may happen to them.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::clock::later;
use crate::entropy;
use crate::twilio::error::TwilioError;
use crate::twilio::settings::{ResendDelivers, TwilioSettings};
use crate::twilio::start::Start;
use crate::twilio::verification::{Attempt, Verification, VerificationStatus};

/// Verifications by SID, and the newest of each number.
///
/// Every method first lets time pass for the verification it is about.
#[derive(Default)]
pub(crate) struct Store {
    by_sid: HashMap<String, Verification>,
    newest: HashMap<String, String>,
    order: Vec<String>,
}

/// A send that was just accepted.
pub(crate) struct Accepted {
    pub(crate) verification: Verification,
    pub(crate) attempt: Attempt,
    pub(crate) delivered_code: String,
}

/// What a check found.
pub(crate) enum Checked {
    Right(Verification),
    Wrong(Verification),
}

impl Store {
    /// Starts a verification, or sends again within the one that is pending for the number.
    pub(crate) fn start(
        &mut self,
        start: Start,
        settings: &TwilioSettings,
        now: Timestamp,
    ) -> Result<Accepted, TwilioError> {
        let pending = self
            .lookup(&start.to, settings, now)
            .filter(|it| it.status == VerificationStatus::Pending)
            .map(|it| (it.sid.clone(), it.attempts.len()));
        let sid = match pending {
            Some((_, sends)) if sends >= settings.max_sends => return Err(TwilioError::new(60203)),
            Some((sid, _)) => sid,
            None => self.open(&start, settings, now),
        };
        let attempt = Attempt { sid: entropy::sid("VL"), at: now, channel: start.channel };
        // `open` or `lookup` has just seen it; the error is for form's sake.
        let it = self.by_sid.get_mut(&sid).ok_or_else(|| TwilioError::new(20500))?;
        if let (ResendDelivers::NewCode, Some(code)) = (settings.resend_delivers, start.custom_code) {
            it.code = code;
        }
        it.channel = start.channel;
        it.locale = start.locale;
        it.tags = start.tags;
        it.updated = now;
        it.attempts.push(attempt.clone());
        Ok(Accepted { verification: it.clone(), attempt, delivered_code: it.code.clone() })
    }

    fn open(&mut self, start: &Start, settings: &TwilioSettings, now: Timestamp) -> String {
        let sid = entropy::sid("VE");
        let code = start.custom_code.clone().unwrap_or_else(|| entropy::unique_code(settings.code_length));
        let verification = Verification {
            sid: sid.clone(),
            to: start.to.clone(),
            channel: start.channel,
            status: VerificationStatus::Pending,
            code,
            locale: None,
            tags: start.tags.clone(),
            created: now,
            updated: now,
            attempts: Vec::new(),
            wrong_checks: 0,
        };
        self.by_sid.insert(sid.clone(), verification);
        self.newest.insert(start.to.clone(), sid.clone());
        self.order.push(sid.clone());
        sid
    }

    /// What Twilio shows under a SID or number: pending and canceled verifications.
    pub(crate) fn fetch(
        &mut self,
        target: &str,
        settings: &TwilioSettings,
        now: Timestamp,
    ) -> Option<Verification> {
        self.lookup(target, settings, now).filter(|it| it.is_visible()).map(|it| it.clone())
    }

    /// What the simulator knows under a SID or number, whatever its status.
    pub(crate) fn inspect(
        &mut self,
        target: &str,
        settings: &TwilioSettings,
        now: Timestamp,
    ) -> Option<Verification> {
        self.lookup(target, settings, now).map(|it| it.clone())
    }

    /// Approves or cancels a pending verification; `None` where Twilio answers 404.
    ///
    /// Whether a canceled one can still be changed is not documented: here it cannot.
    pub(crate) fn finish(
        &mut self,
        target: &str,
        status: VerificationStatus,
        settings: &TwilioSettings,
        now: Timestamp,
    ) -> Option<Verification> {
        let it = self.lookup(target, settings, now).filter(|it| it.status == VerificationStatus::Pending)?;
        it.status = status;
        it.updated = now;
        Some(it.clone())
    }

    /// Checks a code; `Ok(None)` where Twilio answers 404.
    ///
    /// After too many wrong codes every further check within the window is 60202, and the verification is
    /// no longer shown.
    pub(crate) fn check(
        &mut self,
        target: &str,
        code: &str,
        settings: &TwilioSettings,
        now: Timestamp,
    ) -> Result<Option<Checked>, TwilioError> {
        let Some(it) = self.lookup(target, settings, now) else { return Ok(None) };
        let in_window = now < later(it.created, settings.window);
        match it.status {
            VerificationStatus::Pending if it.wrong_checks >= settings.max_checks => {
                it.status = VerificationStatus::MaxAttemptsReached;
                it.updated = now;
                Err(TwilioError::new(60202))
            }
            VerificationStatus::MaxAttemptsReached if in_window => Err(TwilioError::new(60202)),
            VerificationStatus::Pending if it.code == code => {
                it.status = VerificationStatus::Approved;
                it.updated = now;
                Ok(Some(Checked::Right(it.clone())))
            }
            VerificationStatus::Pending => {
                it.wrong_checks += 1;
                it.updated = now;
                Ok(Some(Checked::Wrong(it.clone())))
            }
            _ => Ok(None),
        }
    }

    /// All verifications, newest first.
    pub(crate) fn all(&mut self, settings: &TwilioSettings, now: Timestamp) -> Vec<Verification> {
        for it in self.by_sid.values_mut() {
            it.expire(now, settings.window);
        }
        self.order.iter().rev().filter_map(|sid| self.by_sid.get(sid)).cloned().collect()
    }

    fn lookup(
        &mut self,
        target: &str,
        settings: &TwilioSettings,
        now: Timestamp,
    ) -> Option<&mut Verification> {
        let sid = self.newest.get(target).map_or(target, String::as_str);
        let it = self.by_sid.get_mut(sid)?;
        it.expire(now, settings.window);
        Some(it)
    }
}
