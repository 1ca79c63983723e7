//! The report for a reader: who looked, what is wrong, every port, what was not looked at.

use crate::columns;
use compare::foreign::told::{Missed, Told};
use compare::probes::spelled;
use compare::report::{Blank, Report};
use compare::{Facts, Finding, Verdict, Weight};
use model::{Foreign, Proto};
use render::Text;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

/// Endpoints of connections at their end that get a row each; more are put together.
pub(crate) const REMAINS_MAX: usize = 12;

/// Sockets of one listing that get a line each.
const MISSED_MAX: usize = 16;

/// Ports of one verdict that are told at length; JSON tells each so.
const DETAILS_MAX: usize = 50;

/// Rules and programs that are told at the top; all of them stand in the JSON.
const STEERS_MAX: usize = 8;

/// Writes the report.
///
/// # Errors
/// Those of the writer.
pub(crate) fn report(out: &mut dyn Write, report: &Report, all_gaps: bool) -> io::Result<()> {
    let mut text = Text::default();
    observer(&report.facts, &mut text);
    summary(report, &mut text);
    for sign in &report.signs {
        text.show(format_args!(
            "\n{}  the host  [{}]\n",
            sign.verdict, sign.pattern
        ));
        reasons(&sign.evidence, &sign.causes, &sign.next, &mut text);
    }
    let mut told: BTreeMap<Verdict, usize> = BTreeMap::new();
    for finding in &report.findings {
        if finding.weight >= Weight::Note {
            let count = told.entry(finding.verdict).or_default();
            *count += 1;
            if *count <= DETAILS_MAX {
                details(finding, &mut text);
            }
        }
    }
    for (verdict, count) in told.into_iter().filter(|it| it.1 > DETAILS_MAX) {
        let more = count - DETAILS_MAX;
        text.show(format_args!(
            "\n{verdict}  {more} ports more: in the table below\n"
        ));
    }
    listings(&report.told, &mut text);
    ports(&report.findings, &mut text);
    blanks(&report.blanks, all_gaps, &mut text);
    out.write_all(text.as_bytes())
}

/// First line: with which eyes all this was seen.
fn observer(facts: &Facts, text: &mut Text) {
    let name = |name: &Option<Foreign>, text: &mut Text| match name {
        Some(name) => text.foreign(name.as_bytes()),
        None => text.word("?"),
    };
    text.word("rcompare on ");
    name(&facts.observer.hostname, text);
    text.word(", kernel ");
    name(&facts.observer.kernel, text);
    match facts.observer.uid {
        Some(uid) => text.show(format_args!(", uid {uid}")),
        None => text.word(", uid ?"),
    }
    let lacking = facts.lacking();
    if !lacking.is_empty() {
        text.word(", without ");
        text.word(&lacking.join(" "));
    }
    for (kind, inode, first) in facts.namespaces() {
        text.show(format_args!("; {kind} {inode}"));
        text.word(match first {
            Some(true) => " first",
            Some(false) => " NOT THE FIRST",
            None => "",
        });
    }
    text.word("\n");
}

fn summary(report: &Report, text: &mut Text) {
    let rounds = report.rounds;
    text.show(format_args!(
        "{rounds} round{}",
        if rounds == 1 { "" } else { "s" }
    ));
    if report.findings.is_empty() {
        text.word(": no open port");
    }
    for (at, (verdict, count)) in report.counts.verdicts.iter().enumerate() {
        text.word(if at == 0 { ": " } else { ", " });
        text.show(format_args!("{count} {verdict}"));
    }
    let counts = &report.counts;
    text.show(format_args!(
        "; {} connections agree, {} came or went\n",
        counts.connections, counts.transient
    ));
    let steers = report.facts.steers.iter();
    for steer in steers
        .filter(|it| compare::steer::leads_away(it))
        .take(STEERS_MAX)
    {
        text.word("steering: ");
        text.foreign(compare::steer::line(steer).as_bytes());
        text.word("\n");
    }
    match report.facts.other_netns.len() {
        _ if report.facts.all_netns => {}
        0 => {}
        1 => text.word("1 other network namespace was not examined (--all-netns does)\n"),
        many => text.show(format_args!(
            "{many} other network namespaces were not examined (--all-netns does)\n"
        )),
    }
}

fn details(finding: &Finding, text: &mut Text) {
    text.show(format_args!(
        "\n{}  {} {} port {}",
        finding.verdict, finding.proto, finding.addr, finding.port
    ));
    if let Some(service) = finding.service {
        text.show(format_args!(" ({service})"));
    }
    if let Some(state) = finding.state {
        text.show(format_args!(" {state}"));
    }
    text.show(format_args!("  [{} {}]\n", finding.vector, finding.pattern));
    for holder in &finding.owners {
        text.show(format_args!("    owner: {} ", holder.owner.id.pid));
        text.foreign(holder.owner.comm.as_bytes());
        if let Some(exe) = &holder.exe {
            text.word(" ");
            text.foreign(exe.as_bytes());
        }
        for flag in &holder.flags {
            text.word(" ");
            text.word(flag.name());
        }
        if let Some(since) = holder.since_ms {
            text.word(" since ");
            text.word(&render::moment(since));
        }
        text.word("\n");
    }
    reasons(&finding.evidence, &finding.causes, &finding.next, text);
}

/// What was seen, what may have caused it, and what to do next.
fn reasons(evidence: &[String], causes: &[&str], next: &str, text: &mut Text) {
    for line in evidence {
        text.word("    ");
        text.foreign(line.as_bytes());
        text.word("\n");
    }
    for (at, cause) in causes.iter().enumerate() {
        text.show(format_args!("    cause {}: {cause}\n", at + 1));
    }
    text.word("    next: ");
    text.foreign(next.as_bytes());
    text.word("\n");
}

/// What other tools list, and what they leave out.
fn listings(all: &[Told], text: &mut Text) {
    if all.is_empty() {
        return;
    }
    text.word("\nother listings, believed by nobody\n");
    for told in all {
        text.word("  ");
        let name = told.path.as_ref().unwrap_or(&told.name);
        text.word(name);
        if told.runs > 0 {
            match told.runs {
                1 => text.word(", run once"),
                runs => text.show(format_args!(", run {runs} times")),
            }
            text.show(format_args!(": {} rows", told.rows));
        } else {
            text.show(format_args!(" ({}): {} rows", told.words, told.rows));
        }
        if told.doubts > 0 {
            text.show(format_args!(", {} in doubt", told.doubts));
        }
        if told.omits.is_empty() && told.invents.is_empty() {
            text.word(", omits nothing\n");
            continue;
        }
        text.word("\n");
        // A tool of the host lies or errs; a file may just be older.
        let (omits, invents) = if told.runs > 0 {
            ("OMITS", "INVENTS")
        } else {
            ("here and not in it:", "in it and not here:")
        };
        for (word, missed) in [(omits, &told.omits), (invents, &told.invents)] {
            for one in missed.iter().take(MISSED_MAX) {
                text.show(format_args!("    {word} "));
                text.foreign(missed_socket(one).as_bytes());
                text.word("\n");
            }
            if missed.len() > MISSED_MAX {
                text.show(format_args!(
                    "    {word} {} more\n",
                    missed.len() - MISSED_MAX
                ));
            }
        }
        reasons(&[], &told.causes, &told.next, text);
    }
}

/// `tcp 0.0.0.0 port 4444, of process 812`.
pub(crate) fn missed_socket(missed: &Missed) -> String {
    let mut line = format!("{} {} port {}", missed.proto, missed.addr, missed.port);
    if let Some(peer) = &missed.peer {
        line.push_str(&format!(" to {peer}"));
    }
    if let Some(pid) = missed.pid {
        line.push_str(&format!(", of process {pid}"));
    }
    line
}

fn ports(findings: &[Finding], text: &mut Text) {
    let is_remains = |finding: &&Finding| finding.verdict == Verdict::NoProcessByNature;
    let many = findings.iter().filter(is_remains).count() > REMAINS_MAX;
    let rows: Vec<Finding> = findings
        .iter()
        .filter(|it| !many || !is_remains(it))
        .cloned()
        .collect();
    if !rows.is_empty() {
        text.word("\n");
        render::fitted(columns::ALL, &rows, text);
    }
    if many {
        let mut together: BTreeMap<Proto, BTreeSet<u16>> = BTreeMap::new();
        for finding in findings.iter().filter(is_remains) {
            together
                .entry(finding.proto)
                .or_default()
                .insert(finding.port);
        }
        for (proto, ports) in together {
            let verdict = Verdict::NoProcessByNature;
            text.show(format_args!("{verdict} {proto} {}\n", spelled(ports)));
        }
    }
}

fn blanks(blanks: &[Blank], all: bool, text: &mut Text) {
    let weighty = blanks.iter().filter(|blank| blank.weighs).count();
    if blanks.is_empty() {
        return;
    }
    if !all {
        text.show(format_args!(
            "\n{} places could not be looked at, {weighty} of them with nothing to make up for it (--gaps lists them)\n",
            blanks.len()
        ));
        return;
    }
    text.word("\nnot looked at\n");
    for blank in blanks {
        text.word(if blank.weighs { "  ! " } else { "    " });
        if let Some(source) = blank.source {
            text.show(format_args!("{source}: "));
        }
        text.foreign(blank.gap.place.as_bytes());
        text.word(": ");
        text.foreign(blank.gap.reason.as_bytes());
        if blank.views > 1 {
            text.show(format_args!(" ({} times)", blank.views));
        }
        text.word("\n");
    }
}
