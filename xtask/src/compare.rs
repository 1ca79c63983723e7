//! `cargo xtask compare`: builds, then compares all ways of asking this host.

use crate::dist;
use crate::sh::{self, Outcome};
use std::process::{Command, ExitCode};

/// Runs `rcompare` from `dist/` with these arguments and gives its exit code: 0, 1 and 3
/// are answers, see docs/OUTPUT.md.
///
/// # Errors
/// The programs cannot be built, or rcompare was killed.
pub(crate) fn run(arguments: &[&str]) -> Outcome<ExitCode> {
    let program = dist::host()?.join("rcompare");
    let status = sh::status(Command::new(program).args(arguments))?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.map(ExitCode::from)
        .ok_or(format!("rcompare: {status}"))
}
