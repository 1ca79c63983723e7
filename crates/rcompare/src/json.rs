//! The report as JSON lines, one object each.

use compare::finding::Finding;
use compare::foreign::told::Told;
use compare::report::{Blank, Report};
use compare::signs::Sign;
use compare::{Facts, Outcome, Verdict};
use model::record::{Begin, End};
use model::{Coverage, Record, SCHEMA};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// One line between the first and the last.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line<'r> {
    /// Who looked.
    Observer(&'r Facts),
    /// Something wrong with the host as a whole.
    Sign(&'r Sign),
    /// One port.
    Port(&'r Finding),
    /// What another tool lists, against what was seen.
    Listing(&'r Told),
    /// What is only counted.
    Summary {
        outcome: Outcome,
        rounds: u32,
        verdicts: &'r BTreeMap<Verdict, usize>,
        connections: usize,
    },
    /// What came or went while we looked.
    Transient { count: usize },
    /// A place not seen.
    Gap(&'r Blank),
}

/// Writes the report.
///
/// # Errors
/// Those of the writer.
pub(crate) fn report(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    render::json::line(
        out,
        &Record::Begin(Begin {
            schema: SCHEMA,
            tool: "rcompare".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            source: None,
            netns: None,
        }),
    )?;
    let mut rows = 3u64;
    render::json::line(out, &Line::Observer(&report.facts))?;
    for sign in &report.signs {
        rows += 1;
        render::json::line(out, &Line::Sign(sign))?;
    }
    for finding in &report.findings {
        rows += 1;
        render::json::line(out, &Line::Port(finding))?;
    }
    for told in &report.told {
        rows += 1;
        render::json::line(out, &Line::Listing(told))?;
    }
    render::json::line(
        out,
        &Line::Summary {
            outcome: report.outcome,
            rounds: report.rounds,
            verdicts: &report.counts.verdicts,
            connections: report.counts.connections,
        },
    )?;
    let count = report.counts.transient;
    render::json::line(out, &Line::Transient { count })?;
    let mut gaps = 0;
    for blank in &report.blanks {
        gaps += 1;
        render::json::line(out, &Line::Gap(blank))?;
    }
    render::json::line(
        out,
        &Record::End(End {
            rows,
            gaps,
            coverage: Coverage::default(),
        }),
    )
}
