//! rcompare: runs its siblings, joins what they say, and judges every open port.
#![forbid(unsafe_code)]

mod columns;
mod facts;
mod json;
mod options;
mod plan;
mod progress;
mod run;
mod sibling;
mod table;

use compare::Outcome;
use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main("rcompare", |argv, out| {
        let options = cli::parse::<options::Options>(&argv)?;
        let plan = plan::Plan::new(&options, facts::facts());
        let snapshot = run::run(&plan)?;
        let report = compare::judge(&snapshot);
        if options.json {
            json::report(out, &report)?;
        } else {
            table::report(out, &report, options.gaps)?;
        }
        Ok(match report.outcome {
            Outcome::Agree => cli::Exit::Good,
            Outcome::Finding => cli::Exit::Nothing,
            Outcome::Limited => cli::Exit::Blind,
        })
    })
}
