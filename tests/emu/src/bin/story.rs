//! Writes the synthetic hosts below a directory, one for each release.

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(top) = std::env::args_os().nth(1).map(PathBuf::from) else {
        return ExitCode::from(2);
    };
    for release in emu::Release::ALL {
        if emu::write(&top.join(format!("{release:?}")), release).is_err() {
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}
