//! rnmap: what answers on which port, from inside and from a trusted machine.
#![forbid(unsafe_code)]

mod argv;
mod clock;
mod common;
mod dry;
mod grepable;
mod host;
mod input;
mod interrupt;
mod json;
mod named;
mod netns;
mod options;
mod progress;
mod request;
mod resume;
mod run;
mod session;
mod sink;
mod style2005;
mod sum;
mod text;
mod versions;
mod whole;
mod xml;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main("rnmap", |argv, out| {
        let long = argv::long_options(&argv).map_err(cli::Error::Usage)?;
        argv::version_of_nmap(&long)?;
        let options: options::Options = cli::parse(&long)?;
        let request = request::Request::new(&options)?;
        whole::run(&options, &request, &argv, out)
    })
}
