//! Okta's protocol against the sample messages (`../samples`: shapes from Okta's documentation, fake data), against damaged ones,
//! and against a fake Okta on a socket.

#![cfg(test)]

mod answer;
mod auth;
mod bearer;
mod client;
mod delivery;
mod fake_okta;
mod hook;
mod logs;
mod properties;
mod samples;
mod tokens;
