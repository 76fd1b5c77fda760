//! Faults as JSON.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::control::error::ControlError;
use crate::fault::Fault;

/// `{"op": "create", "fault": {"kind": "twilio", "code": 20429}, "times": 2}`; `"always": true` makes it stay.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FaultOrder<Op> {
    pub(crate) op: Op,
    fault: Kind,
    #[serde(default)]
    times: Option<usize>,
    #[serde(default)]
    always: bool,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum Kind {
    Delay {
        ms: u64,
    },
    DelayAfterAccept {
        ms: u64,
    },
    Twilio {
        code: u32,
        #[serde(default)]
        accepted: bool,
    },
    Telesign {
        code: i32,
        #[serde(default)]
        accepted: bool,
    },
    Okta {
        code: String,
    },
    Status {
        http: u16,
        body: Value,
        #[serde(default)]
        headers: std::collections::BTreeMap<String, String>,
        #[serde(default)]
        accepted: bool,
    },
    Junk {
        status: u16,
        content_type: String,
        body: String,
        #[serde(default)]
        accepted: bool,
    },
    ResetBeforeAccept,
    ResetAfterAccept,
    SlowBody {
        bytes_per_second: u64,
    },
    HugeBody {
        bytes: u64,
    },
    Redirect,
}

/// How long an ordered fault lasts.
pub(crate) enum Lasting {
    Times(usize),
    Always,
}

impl<Op> FaultOrder<Op> {
    pub(crate) fn read(self) -> Result<(Op, Fault, Lasting), ControlError> {
        let lasting = match (self.times, self.always) {
            (None, true) => Lasting::Always,
            (times, false) => Lasting::Times(times.unwrap_or(1)),
            (Some(_), true) => return Err(ControlError::Bad("either times or always, not both".to_owned())),
        };
        Ok((self.op, self.fault.into(), lasting))
    }
}

impl From<Kind> for Fault {
    fn from(kind: Kind) -> Self {
        let when = |fault: Fault, accepted: bool| if accepted { fault.after_accept() } else { fault };
        match kind {
            Kind::Delay { ms } => Fault::Delay(Duration::from_millis(ms)),
            Kind::DelayAfterAccept { ms } => Fault::DelayAfterAccept(Duration::from_millis(ms)),
            Kind::Twilio { code, accepted } => when(Fault::twilio(code), accepted),
            Kind::Telesign { code, accepted } => when(Fault::telesign(code), accepted),
            Kind::Okta { code } => Fault::okta(&code),
            Kind::Status { http, body, headers, accepted } => {
                Fault::Status { http, body, headers: headers.into_iter().collect(), accepted }
            }
            Kind::Junk { status, content_type, body, accepted } => {
                Fault::Junk { status, content_type, body, accepted }
            }
            Kind::ResetBeforeAccept => Fault::ResetBeforeAccept,
            Kind::ResetAfterAccept => Fault::ResetAfterAccept,
            Kind::SlowBody { bytes_per_second } => Fault::SlowBody { bytes_per_second },
            Kind::HugeBody { bytes } => Fault::HugeBody { bytes },
            Kind::Redirect => Fault::Redirect,
        }
    }
}
