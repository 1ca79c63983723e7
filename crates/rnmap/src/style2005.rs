//! The normal output as nmap 3.9x had it in 2005 (`--style 2005`), which course texts of the
//! time show. The first line names us; the rest keeps the words.

use crate::clock::Moment;
use crate::host::Host;
use crate::session::{Ending, Session};
use crate::sum;
use crate::text;
use model::Technique;
use scan::Plan;
use std::io::{self, Write};
use std::time::Duration;

pub(crate) fn begin(out: &mut dyn Write, session: &Session) -> io::Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    writeln!(
        out,
        "\nStarting rnmap {version} at {}",
        session.begun.minute()
    )
}

fn scan_name(technique: Technique) -> &'static str {
    match technique {
        Technique::Connect => "Connect() Scan",
        Technique::Syn => "SYN Stealth Scan",
        Technique::Udp => "UDP Scan",
        Technique::Bind => "Bind() Probe",
    }
}

pub(crate) fn initiating(out: &mut dyn Write, plan: &Plan) -> io::Result<()> {
    let (name, ports) = (scan_name(plan.technique), plan.ports.len());
    let time = Moment::now().time();
    match plan.targets.as_slice() {
        [one] => writeln!(
            out,
            "Initiating {name} against {one} [{ports} ports] at {time}"
        ),
        many => {
            let hosts = many.len();
            writeln!(
                out,
                "Initiating {name} against {hosts} hosts [{ports} ports/host] at {time}"
            )
        }
    }
}

pub(crate) fn completed(out: &mut dyn Write, plan: &Plan, took: Duration) -> io::Result<()> {
    let (name, total) = (scan_name(plan.technique), plan.size());
    let seconds = took.as_secs_f64();
    writeln!(
        out,
        "The {name} took {seconds:.2}s to scan {total} total ports."
    )
}

pub(crate) fn host(out: &mut dyn Write, session: &Session, host: &Host) -> io::Result<()> {
    let tone = session.tone;
    if host.is_beneath(tone) {
        return Ok(());
    }
    if host.up.is_none() {
        return writeln!(out, "Host {} appears to be down.", host.title());
    }
    if host.reports.is_empty() {
        return writeln!(out, "Host {} appears to be up.", host.title());
    }
    let mut rows = Vec::new();
    let mut hidden = Vec::new();
    for report in &host.reports {
        let (listed, sums) = sum::sift(report, sum::for_reader(tone.only_open, tone.debug > 0));
        rows.extend(text::rows(host, report, listed));
        hidden.extend(sums);
    }
    let count: usize = hidden.iter().map(sum::Sum::count).sum();
    let states: Vec<&str> = hidden.iter().map(|sum| sum.state.name()).collect();
    let (title, states) = (host.title(), states.join(", "));
    if rows.is_empty() {
        if count > 0 {
            writeln!(out, "All {count} scanned ports on {title} are: {states}")?;
        }
        text::not_settled(out, host)?;
        return writeln!(out);
    }
    writeln!(out, "Interesting ports on {title}:")?;
    if count > 0 {
        writeln!(
            out,
            "(The {count} ports scanned but not shown below are in state: {states})"
        )?;
    }
    out.write_all(text::table(&rows, tone).as_bytes())?;
    text::not_settled(out, host)?;
    writeln!(out)
}

pub(crate) fn end(out: &mut dyn Write, ending: &Ending) -> io::Result<()> {
    let word = if ending.partial {
        "interrupted"
    } else {
        "finished"
    };
    writeln!(out, "rnmap {word}: {}", ending.summary())
}
