//! rcompare: runs its siblings, joins what they say, and judges every open port.
#![forbid(unsafe_code)]

mod archive;
mod case;
mod columns;
mod facts;
mod given;
mod gzip;
mod host_tools;
mod html;
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
mod watch;

use cli::{Error, Exit};
use compare::{Outcome, Report};
use given::Given;
use html::Heading;
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
            }) => judge(case, elsewhere, shown, out),
            Some(Command::Witness { argv }) => witness(argv),
        }
    })
}

/// Looks at this host.
fn look(options: &Options, argv: &[OsString], out: &mut dyn Write) -> Result<Exit, Error> {
    let as_json = options.shown.json;
    if let Some(seconds) = options.watch {
        return watch::run(seconds, as_json, out, |out, is_first| {
            let report = report(options, argv, &mut *out)?;
            if is_first {
                watch::first(out, &report, as_json)?;
            }
            Ok(report)
        });
    }
    let heading = Heading::now(options);
    let report = report(options, argv, &mut *out)?;
    match &options.case {
        Some(place) if keep::is_stream(place) => {
            page(&report, &options.shown, &heading)?;
            Ok(exit(&report))
        }
        Some(_) | None => show(&report, &options.shown, &heading, out),
    }
}

/// Looks, keeps a case where one is wanted, and judges.
fn report(options: &Options, argv: &[OsString], out: &mut dyn Write) -> Result<Report, Error> {
    let given = Given::read(&options.elsewhere)?;
    let mut keep = keep::Keep::begin(options, argv, out)?;
    let facts = match &mut keep {
        None => facts::facts(),
        Some(keep) => {
            let (facts, record) = facts::recorded();
            keep.host(&facts, &record)?;
            facts
        }
    };
    let plan = plan::Plan::new(options, facts);
    let (mut snapshot, mut report) = run::run(&plan, keep.as_mut())?;
    if !given.is_empty() {
        given.add_to(&mut snapshot);
        report = compare::judge(&snapshot);
    }
    if let Some(keep) = keep {
        keep.finish(&given, &report)?;
    }
    Ok(report)
}

/// Judges a case again.
fn judge(
    case: &Path,
    elsewhere: &Elsewhere,
    shown: &Shown,
    out: &mut dyn Write,
) -> Result<Exit, Error> {
    let loaded = case::load::load(case)?;
    let given = Given::of_case(&loaded, Given::read(elsewhere)?);
    let mut snapshot = keep::replay(&loaded);
    given.add_to(&mut snapshot);
    let report = compare::judge(&snapshot);
    show(&report, shown, &Heading::of_case(&loaded.case), out)
}

/// Holds a case against its sums.
fn verify(case: &Path, out: &mut dyn Write) -> Result<Exit, Error> {
    let loaded = case::load::load(case)?;
    writeln!(out, "{} files, all as they were stored", loaded.files.len())?;
    Ok(Exit::Good)
}

/// Becomes a program of the host.
fn witness(argv: &[OsString]) -> Result<Exit, Error> {
    let Some((program, args)) = argv.split_first() else {
        return Err(Error::Usage("no program".to_owned()));
    };
    let why = sibling::become_tool(program, args);
    Err(Error::io(program.display().to_string(), why))
}

fn show(
    report: &Report,
    shown: &Shown,
    heading: &Heading,
    out: &mut dyn Write,
) -> Result<Exit, Error> {
    page(report, shown, heading)?;
    if shown.json {
        json::report(out, report)?;
    } else {
        table::report(out, report, shown.length())?;
    }
    Ok(exit(report))
}

/// Writes the page, where one is wanted.
fn page(report: &Report, shown: &Shown, heading: &Heading) -> Result<(), Error> {
    let Some(path) = &shown.html else {
        return Ok(());
    };
    let failed = |why| Error::io(path.display().to_string(), why);
    let mut bytes = Vec::new();
    html::report(&mut bytes, report, heading).map_err(failed)?;
    std::fs::write(path, bytes).map_err(failed)
}

fn exit(report: &Report) -> Exit {
    match report.outcome {
        Outcome::Agree => Exit::Good,
        Outcome::Finding => Exit::Nothing,
        Outcome::Limited => Exit::Blind,
    }
}
