//! Looks again and again, and shows only what changed.

use crate::case::clock;
use crate::json;
use cli::{Error, Exit};
use compare::{Finding, Outcome, Report, Verdict};
use model::{Foreign, Pid, Proto};
use render::Text;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write;
use std::net::IpAddr;
use std::thread;
use std::time::{Duration, Instant};

/// How often we look whether somebody wants an end.
const PATIENCE: Duration = Duration::from_millis(50);

/// What makes two ports of two looks the same.
type Key = (Proto, IpAddr, u16, Option<Foreign>);

/// What is compared of a port: the verdict, and who has it.
type State = (Verdict, Option<Pid>, Option<Foreign>);

/// What happened to a port between two looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Happened {
    New,
    Gone,
    Changed,
}

impl Happened {
    fn word(self) -> &'static str {
        match self {
            Happened::New => "NEW",
            Happened::Gone => "GONE",
            Happened::Changed => "CHANGED",
        }
    }
}

/// One change, as a line of JSON.
#[derive(Serialize)]
struct Change<'f> {
    #[serde(rename = "type")]
    kind: &'static str,
    at_ms: u64,
    happened: Happened,
    /// The verdict before, of a port whose verdict is another one now.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<Verdict>,
    port: &'f Finding,
}

/// Looks until interrupted: all at first, then only changes. Gives the exit code of the last
/// whole look.
///
/// # Errors
/// Those of looking and of writing.
pub(crate) fn run(
    seconds: u32,
    as_json: bool,
    out: &mut dyn Write,
    mut look: impl FnMut(&mut dyn Write, bool) -> Result<Report, Error>,
) -> Result<Exit, Error> {
    let interrupt = host::session::Interrupt::catch();
    let pause = Duration::from_secs(seconds.into());
    let mut known: Option<BTreeMap<Key, Finding>> = None;
    let mut exit = Exit::Good;
    loop {
        let began = Instant::now();
        let report = look(out, known.is_none())?;
        // What an interrupted look did not see is not gone.
        if interrupt.came() {
            return Ok(exit);
        }
        exit = match report.outcome {
            Outcome::Agree => Exit::Good,
            Outcome::Finding => Exit::Nothing,
            Outcome::Limited => Exit::Blind,
        };
        let now = ports(report);
        if let Some(before) = &known {
            tell(out, as_json, before, &now)?;
        }
        out.flush()?;
        known = Some(now);
        while began.elapsed() < pause {
            if interrupt.came() {
                return Ok(exit);
            }
            thread::sleep(PATIENCE);
        }
    }
}

/// Ports by what makes them the same; ends of connections come and go all the time.
fn ports(report: Report) -> BTreeMap<Key, Finding> {
    let findings = report.findings.into_iter();
    findings
        .filter(|finding| finding.peer.is_none())
        .map(|finding| {
            let key = (finding.proto, finding.addr, finding.port);
            ((key.0, key.1, key.2, finding.device.clone()), finding)
        })
        .collect()
}

fn state(finding: &Finding) -> State {
    (finding.verdict, finding.pid, finding.command.clone())
}

fn tell(
    out: &mut dyn Write,
    as_json: bool,
    before: &BTreeMap<Key, Finding>,
    now: &BTreeMap<Key, Finding>,
) -> Result<(), Error> {
    let at_ms = clock::now_ms();
    let mut changes: Vec<(Happened, Option<Verdict>, &Finding)> = Vec::new();
    for (key, finding) in now {
        match before.get(key) {
            None => changes.push((Happened::New, None, finding)),
            Some(old) if state(old) != state(finding) => {
                let other = (old.verdict != finding.verdict).then_some(old.verdict);
                changes.push((Happened::Changed, other, finding));
            }
            Some(_) => {}
        }
    }
    let gone = before.iter().filter(|(key, _)| !now.contains_key(key));
    changes.extend(gone.map(|(_, finding)| (Happened::Gone, None, finding)));
    for (happened, before, port) in changes {
        if as_json {
            let change = Change {
                kind: "change",
                at_ms,
                happened,
                before,
                port,
            };
            render::json::line(out, &change)?;
        } else {
            let mut text = Text::default();
            line(at_ms, happened, before, port, &mut text);
            out.write_all(text.as_bytes())?;
        }
    }
    Ok(())
}

/// `2026-11-26 21:04:05 NEW      AGREE tcp 0.0.0.0 port 4444, process 812 nc`.
fn line(at_ms: u64, happened: Happened, before: Option<Verdict>, port: &Finding, text: &mut Text) {
    text.show(format_args!(
        "{} {:<8} {} {} {} port {}",
        clock::utc(at_ms),
        happened.word(),
        port.verdict,
        port.proto,
        port.addr,
        port.port
    ));
    if let Some(pid) = port.pid {
        text.show(format_args!(", process {pid} "));
        if let Some(command) = &port.command {
            text.foreign(command.as_bytes());
        }
    }
    if let Some(before) = before {
        text.show(format_args!(", before {before}"));
    }
    text.word("\n");
}

/// The first look, whole.
///
/// # Errors
/// Those of the writer.
pub(crate) fn first(out: &mut dyn Write, report: &Report, as_json: bool) -> Result<(), Error> {
    if as_json {
        json::report(out, report)?;
    } else {
        let length = crate::table::Length {
            gaps: false,
            ports: false,
        };
        crate::table::report(out, report, length)?;
        writeln!(out, "\nwatching: from here on only what changes")?;
    }
    out.flush()?;
    Ok(())
}
