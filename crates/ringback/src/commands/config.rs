use std::path::Path;
use std::process::ExitCode;

use super::output::line;
use super::{CommandError, load};
use crate::cli::ConfigCommand;
use crate::config::DEFAULT;

/// `ringback config …`
pub(super) fn run(file: Option<&Path>, what: &ConfigCommand) -> Result<ExitCode, CommandError> {
    match what {
        ConfigCommand::Default => line(DEFAULT.trim_end()),
        ConfigCommand::Check => {
            let loaded = load(file)?;
            for warning in &loaded.warnings {
                line(format_args!("warn {warning}"));
            }
            line("ok   the configuration can be run");
        }
        ConfigCommand::Print => {
            for (name, value) in load(file)?.effective {
                line(format_args!("{name} = {value}"));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
