/// Every setting with its default, for people to start from.
pub(crate) const DEFAULT: &str = include_str!("default.toml");
