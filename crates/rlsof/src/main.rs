//! rlsof: what processes hold open, as lsof shows it.
#![forbid(unsafe_code)]

mod argv;
mod cells;
mod elsewhere;
mod endpoints;
mod fields;
mod flight;
mod json;
mod listing;
mod lsof_json;
mod name;
mod options;
mod pfiles;
mod places;
mod query;
mod repeat;
mod row;
mod run;
mod sockets;
mod table;
mod witness;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main("rlsof", |argv, out| {
        let options = cli::parse::<options::Options>(&argv::spell_out(&argv))?;
        run::run(&options, out)
    })
}
