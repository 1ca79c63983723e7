//! rcompare: runs its siblings, joins what they say, and judges every open port.
#![forbid(unsafe_code)]

mod case;
mod columns;
mod facts;
mod given;
mod json;
mod keep;
mod lines;
mod media;
mod options;
mod plan;
mod progress;
mod run;
mod sibling;
mod table;

use cli::{Error, Exit};
use compare::{Outcome, Report};
use given::Given;
use options::{Command, Elsewhere, Options, Shown};
use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main("rcompare", |argv, out| {
        let options = cli::parse::<Options>(&argv)?;
        if let Some(medium) = &options.verify_media {
            return media::verify(medium.as_deref(), options.shown.json, out);
        }
        match &options.command {
            None => look(&options, &argv, out),
            Some(Command::Verify { case }) => verify(case, out),
            Some(Command::Judge {
                case,
                elsewhere,
                shown,
            }) => judge(case, elsewhere, *shown, out),
        }
    })
}

/// Looks at this host.
fn look(options: &Options, argv: &[OsString], out: &mut dyn Write) -> Result<Exit, Error> {
    let report = report(options, argv, &mut *out)?;
    match &options.case {
        Some(place) if keep::is_stream(place) => Ok(exit(&report)),
        Some(_) | None => show(&report, options.shown, out),
    }
}

/// Looks, keeps a case where one is wanted, and judges.
fn report(options: &Options, argv: &[OsString], out: &mut dyn Write) -> Result<Report, Error> {
    let given = Given::read(&options.elsewhere)?;
    let plan = plan::Plan::new(options, facts::facts());
    let mut keep = keep::Keep::begin(options, argv, out)?;
    let mut snapshot = run::run(&plan, keep.as_mut())?;
    given.add_to(&mut snapshot);
    let report = compare::judge(&snapshot);
    if let Some(keep) = keep {
        keep.finish(&given, &report)?;
    }
    Ok(report)
}

/// Judges a case again.
fn judge(
    case: &Path,
    elsewhere: &Elsewhere,
    shown: Shown,
    out: &mut dyn Write,
) -> Result<Exit, Error> {
    let loaded = case::load::load(case)?;
    let given = Given::of_case(&loaded, Given::read(elsewhere)?);
    let mut snapshot = keep::replay(&loaded);
    given.add_to(&mut snapshot);
    show(&compare::judge(&snapshot), shown, out)
}

/// Holds a case against its sums.
fn verify(case: &Path, out: &mut dyn Write) -> Result<Exit, Error> {
    let loaded = case::load::load(case)?;
    writeln!(out, "{} files, all as they were stored", loaded.files.len())?;
    Ok(Exit::Good)
}

fn show(report: &Report, shown: Shown, out: &mut dyn Write) -> Result<Exit, Error> {
    if shown.json {
        json::report(out, report)?;
    } else {
        table::report(out, report, shown.gaps)?;
    }
    Ok(exit(report))
}

fn exit(report: &Report) -> Exit {
    match report.outcome {
        Outcome::Agree => Exit::Good,
        Outcome::Finding => Exit::Nothing,
        Outcome::Limited => Exit::Blind,
    }
}
