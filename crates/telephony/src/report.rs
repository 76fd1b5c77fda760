use std::time::Duration;

use otp::PhoneNumber;

/// What a report is about.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    /// The message with this reference, as the provider gave it ([`AttemptReport::provider_ref`](crate::AttemptReport)).
    Reference(&'a str),
    /// Whatever is pending for this number, where no reference is known.
    Phone(&'a PhoneNumber),
}

/// The provider took a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reported {
    /// The HTTP status it said so with.
    pub http_status: u16,
    /// Its reference of what was reported about, where it says it: what was open for a number.
    pub provider_ref: Option<String>,
}

/// Why a report was not taken: each says what to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// There is nothing to report on any more: it is final or has expired. An end, not a fault.
    #[error("the verification is final or has expired")]
    Gone,
    /// Later, then.
    #[error("the provider asks for fewer requests")]
    RateLimited {
        /// How long it asked to be left alone.
        wait: Option<Duration>,
    },
    /// The provider will not take it, now or later, until somebody changes the configuration (or the reference is no reference).
    #[error("the provider refuses the report: credentials, settings or reference are wrong")]
    Refused,
    /// It may work another time.
    #[error("the provider could not be reached or did not answer clearly")]
    Transient {
        /// It may have had its effect: a [`ReportError::Gone`] after this one means it had.
        doubtful: bool,
    },
    /// This provider takes no reports, or none on such a subject.
    #[error("the provider takes no such reports")]
    Unsupported,
}
