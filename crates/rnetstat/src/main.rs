//! rnetstat: the kernel's socket tables, as netstat shows them.
#![forbid(unsafe_code)]

mod columns;
mod listing;
mod options;
mod owners;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main("rnetstat", |argv, out| {
        let options = cli::parse::<options::Options>(&argv)?;
        let query = options.query();
        let root = options.common.root()?;
        let (exit, gaps) = if options.common.json {
            listing::json(&root, &query, out)?
        } else {
            listing::tables(&root, &query, out)?
        };
        options.common.finish("rnetstat", &root, &gaps)?;
        Ok(exit)
    })
}
