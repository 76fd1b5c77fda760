//! Okta's protocol, both directions.
//!
//! **From Okta**: the telephony inline hook ([`TelephonyHook`]), who may call it ([`HookAuth`], [`BearerAuth`]), what it is answered
//! ([`HookAnswer`]); the event hook's deliveries ([`EventDelivery`]) and its one-time [`challenge`].
//! **To Okta**: [`OktaClient`] asks for a user's phones, registers the two hooks, and reads the System Log ([`LogPage`]).
//!
//! Input is read tolerantly: Okta marks no field as required, its own examples write numbers where its schema says strings, and
//! a message that is turned away is a code not sent or an event lost. What is read is bounded and cleaned, and nothing that
//! holds a code or a number prints itself.
//!
//! No storage and no provider is known here.

mod answer;
mod auth;
mod bearer;
mod challenge;
mod clean;
mod client;
mod delivery;
mod event;
mod factor;
mod hook;
mod json;
mod phone_text;
mod send;

pub use answer::{ErrorKind, HookAnswer};
pub use auth::{AuthError, HookAuth, SecretIndex};
pub use bearer::{BearerAuth, BearerError, BearerOptions};
pub use challenge::{challenge, challenge_answer};
pub use client::{
    BuildError, ClientOptions, Credential, EnrolledPhone, Hook, HookDraft, HookKind, KeyError, LogPage,
    LogQuery, NativeProvider, OktaClient, OktaError, Probed, Refusal, Scope, SigningKey, Transient,
};
pub use delivery::{EventDelivery, Unreadable};
pub use event::Parsed;
pub use hook::{ChannelReading, HookError, TelephonyHook};
pub use json::NotJson;
pub use phone_text::PhoneText;
