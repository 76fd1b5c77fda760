//! Configuration: built-in defaults, then a TOML file, then the environment; validated whole before anything opens.

mod default;
mod load;
mod problem;
mod reader;
mod sections;
mod units;

pub(crate) use default::DEFAULT;
pub(crate) use load::{Loaded, load};
pub(crate) use problem::Problems;
pub(crate) use sections::{
    Cancel, Config, KindConfig, LogConfig, LogFormat, LookupConfig, MessagingConfig, Mode, OrgConfig,
    ProviderConfig, TelesignConfig, TwilioAccount, VerifyConfig, WebhookConfig,
};
