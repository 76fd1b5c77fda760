use std::process::ExitCode;

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::CommandError;
use super::output::line;
use crate::cli::Cli;

/// `ringback completions`
pub(super) fn run(shell: Shell) -> Result<ExitCode, CommandError> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "ringback", &mut script);
    line(String::from_utf8_lossy(&script).trim_end());
    Ok(ExitCode::SUCCESS)
}
