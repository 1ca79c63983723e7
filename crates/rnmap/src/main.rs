//! rnmap: what answers on which port, from inside and from a trusted machine.
#![forbid(unsafe_code)]

mod argv;
mod clock;
mod common;
mod host;
mod json;
mod options;
mod request;
mod run;
mod sum;
mod text;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main("rnmap", |argv, out| {
        let argv = argv::long_options(&argv).map_err(cli::Error::Usage)?;
        let options: options::Options = cli::parse(&argv)?;
        let request = request::Request::new(&options)?;
        run::run(&options, &request, out)
    })
}
