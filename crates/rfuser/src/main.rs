//! rfuser: who uses this file, port or mount, as fuser shows it.
#![forbid(unsafe_code)]

mod argv;
mod kernel;
mod kill;
mod options;
mod ports;
mod print;
mod run;
mod search;
mod signals;
mod solaris;
mod target;
mod users;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main("rfuser", |argv, out| {
        if let Some(words) = solaris::words(&argv) {
            return solaris::run(&words, &argv, out);
        }
        let options = cli::parse::<options::Options>(&argv::spell_out(&argv))?;
        run::run(&options, out)
    })
}
