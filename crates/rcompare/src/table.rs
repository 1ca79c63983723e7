//! The report for a reader: who looked, what is wrong, every port, what was not looked at.

use crate::columns;
use compare::finding::Holder;
use compare::foreign::owners::Misnamed;
use compare::foreign::told::{Missed, Told};
use compare::probes::spelled;
use compare::report::{Blank, Report};
use compare::{Facts, Finding, System, Verdict, Weight};
use model::{Foreign, Proto, ZoneId};
use render::Text;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

/// Endpoints of connections at their end that get a row each; more are put together.
pub(crate) const REMAINS_MAX: usize = 12;

/// Sockets of one listing that get a line each.
const MISSED_MAX: usize = 16;

/// Ports of one verdict that are told at length; JSON tells each so.
const DETAILS_MAX: usize = 50;

/// Whose letters stand in the table.
const LINUX: &str = "witnesses: T text tables, N netlink, O owner walk, B bind probe, L local connection, R remote scan, \
    P private procfs, H walk without procfs\n";

/// The same on Solaris and illumos.
const SOLARIS: &str = "witnesses: T tables of the kernel's MIB, O owner walk, B bind probe, L local connection, R remote scan\n";

/// What the letters mean.
const LETTERS: &str =
    "they say: Y yes, n no, u in use, f free or filtered, . not asked or could not see\n";

/// Rules and programs that are told at the top; all of them stand in the JSON.
const STEERS_MAX: usize = 8;

/// How much is told at length.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Length {
    /// Every place that could not be looked at, instead of their number.
    pub(crate) gaps: bool,
    /// Every port, instead of those with something to explain.
    pub(crate) ports: bool,
}

/// Everything.
pub(crate) const WHOLE: Length = Length {
    gaps: true,
    ports: true,
};

/// Writes the report.
///
/// # Errors
/// Those of the writer.
pub(crate) fn report(out: &mut dyn Write, report: &Report, length: Length) -> io::Result<()> {
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
            if length.ports || *count <= DETAILS_MAX {
                details(finding, report.system, &mut text);
            }
        }
    }
    told.retain(|_, count| *count > DETAILS_MAX && !length.ports);
    for (verdict, count) in told {
        let more = count - DETAILS_MAX;
        text.show(format_args!(
            "\n{verdict}  {}: in the table below, and at length with --verbose\n",
            many(more, "port more", "ports more")
        ));
    }
    listings(&report.told, &mut text);
    ports(&report.findings, report.system, &mut text);
    explained(report, length, &mut text);
    blanks(&report.blanks, length.gaps, &mut text);
    out.write_all(text.as_bytes())
}

/// So many of something, in the words for one and for more.
pub(crate) fn many(count: usize, one: &str, more: &str) -> String {
    model::gap::counted(u64::try_from(count).unwrap_or(u64::MAX), one, more)
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
    match facts.observer.zone {
        Some(ZoneId(0)) => text.word("; global zone"),
        Some(ZoneId(zone)) => text.show(format_args!("; zone {zone} NOT THE GLOBAL ONE")),
        None => {}
    }
    text.word("\n");
}

fn summary(report: &Report, text: &mut Text) {
    let rounds = report.rounds;
    text.show(format_args!(
        "{rounds} round{}",
        if rounds == 1 { "" } else { "s" }
    ));
    let mut before = ": ";
    if report.findings.is_empty() {
        text.word(": no open port");
        before = ", ";
    }
    for (verdict, count) in &report.counts.verdicts {
        text.show(format_args!("{before}{count} {verdict}"));
        before = ", ";
    }
    let counts = &report.counts;
    text.show(format_args!(
        "; {}, {} came or went\n",
        many(counts.connections, "connection agrees", "connections agree"),
        counts.transient
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

fn details(finding: &Finding, system: System, text: &mut Text) {
    text.show(format_args!(
        "\n{}  {} {} port {}",
        finding.verdict, finding.proto, finding.addr, finding.port
    ));
    if let Some(service) = finding.service {
        text.show(format_args!(" ({service})"));
    }
    if let Some(state) = columns::state(finding) {
        text.show(format_args!(" {state}"));
    }
    let vector = finding.vector.shown(system);
    text.show(format_args!("  [{vector} {}]\n", finding.pattern));
    for holder in &finding.owners {
        owner(holder, text);
    }
    reasons(&finding.evidence, &finding.causes, &finding.next, text);
}

/// Who holds it: process, user, parent, program, arguments, directory.
fn owner(holder: &Holder, text: &mut Text) {
    text.show(format_args!("    owner: process {} ", holder.owner.id.pid));
    text.foreign(holder.owner.comm.as_bytes());
    if let Some(uid) = holder.owner.uid {
        text.show(format_args!(", user {uid}"));
    }
    if let Some(parent) = holder.ppid {
        text.show(format_args!(", child of {parent}"));
    }
    if let Some(since) = holder.since_ms {
        text.word(", since ");
        text.word(&render::moment(since));
    }
    for flag in &holder.flags {
        text.word(" ");
        text.word(flag.name());
    }
    text.word("\n");
    let mut place = |word: &str, foreign: Option<&[u8]>| {
        if let Some(bytes) = foreign {
            text.word("           ");
            text.word(word);
            text.word(" ");
            text.foreign(bytes);
            text.word("\n");
        }
    };
    place("program", holder.exe.as_ref().map(Foreign::as_bytes));
    let words = holder.cmdline.as_ref().map(command_line);
    place("run as", words.as_deref());
    place("in", holder.cwd.as_ref().map(Foreign::as_bytes));
}

/// Arguments with blanks between them.
pub(crate) fn command_line(words: &Foreign) -> Vec<u8> {
    let bytes = words.as_bytes();
    let words = bytes.strip_suffix(b"\0").unwrap_or(bytes);
    let words: Vec<&[u8]> = words.split(|byte| *byte == 0).collect();
    words.join(&b' ')
}

/// Ports with nothing to explain, one by one where that is asked for.
fn explained(report: &Report, length: Length, text: &mut Text) {
    let mut fine = report.findings.iter().filter(|it| it.weight < Weight::Note);
    if length.ports {
        for finding in fine {
            details(finding, report.system, text);
        }
    } else if fine.next().is_some() {
        text.word("\n--verbose tells of each port what every witness said, the causes left, and the next step\n");
    }
}

/// What was seen, what may have caused it, and what to do next.
fn reasons(evidence: &[String], causes: &[&str], next: &str, text: &mut Text) {
    for line in evidence {
        text.word("    ");
        text.printable(line);
        text.word("\n");
    }
    for (at, cause) in causes.iter().enumerate() {
        text.show(format_args!("    cause {}: {cause}\n", at + 1));
    }
    text.word("    next: ");
    text.printable(next);
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
        text.printable(name);
        if told.runs > 0 {
            match told.runs {
                1 => text.word(", run once"),
                runs => text.show(format_args!(", run {runs} times")),
            }
            text.show(format_args!(": {}", many(told.rows, "row", "rows")));
        } else {
            let rows = many(told.rows, "row", "rows");
            text.show(format_args!(" ({}): {rows}", told.words));
        }
        if told.doubts > 0 {
            text.show(format_args!(", {} in doubt", told.doubts));
        }
        if told.is_mute() {
            text.word(", did not tell all: nothing follows\n");
            continue;
        }
        if told.is_silent() {
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
        let more = told.more;
        for (word, missed, more) in [
            (omits, &told.omits, more.omits),
            (invents, &told.invents, more.invents),
        ] {
            for one in missed.iter().take(MISSED_MAX) {
                text.show(format_args!("    {word} "));
                text.printable(&missed_socket(one));
                text.word("\n");
            }
            untold(word, missed.len() + more, text);
        }
        let word = if told.runs > 0 {
            "MISNAMES"
        } else {
            "other owner:"
        };
        for one in told.misnames.iter().take(MISSED_MAX) {
            text.show(format_args!("    {word} "));
            text.printable(&misnamed_socket(one));
            text.word("\n");
        }
        untold(word, told.misnames.len() + more.misnames, text);
        reasons(&[], &told.causes, &told.next, text);
    }
}

/// How many of so many are not told.
fn untold(word: &str, all: usize, text: &mut Text) {
    if let Some(more) = all.checked_sub(MISSED_MAX).filter(|&more| more > 0) {
        text.show(format_args!("    {word} {more} more\n"));
    }
}

/// `tcp 0.0.0.0 port 4444, of process 812: it names process 1 (init)`.
pub(crate) fn misnamed_socket(one: &Misnamed) -> String {
    let names = match &one.names {
        Some(claim) => claim.to_string(),
        None => "nobody".to_owned(),
    };
    format!("{}: it names {names}", missed_socket(&one.socket))
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

fn ports(findings: &[Finding], system: System, text: &mut Text) {
    let is_remains = |finding: &&Finding| finding.verdict == Verdict::NoProcessByNature;
    let many = findings.iter().filter(is_remains).count() > REMAINS_MAX;
    let rows = findings.iter().filter(|it| !many || !is_remains(it));
    if rows.clone().next().is_some() {
        text.word("\n");
        render::fitted(&columns::of(system), rows, text);
        text.word(match system.is_solaris() {
            false => LINUX,
            true => SOLARIS,
        });
        text.word(LETTERS);
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
            "\n{} could not be looked at, {weighty} of them with nothing to make up for it (--gaps lists them)\n",
            many(blanks.len(), "place", "places")
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

#[cfg(test)]
mod tests {
    use super::*;
    use compare::Snapshot;
    use compare::foreign::{self, Ran, Words};

    /// What a case says of its tools and files are an attacker's words too.
    #[test]
    fn no_name_in_a_case_moves_the_cursor() {
        let evil = "\x1b[31mss\u{202e}\n";
        let mut snapshot = Snapshot::default();
        let ran = Ran {
            path: evil.to_owned(),
            round: 1,
            after: 0,
            whole: false,
            ports: None,
        };
        foreign::ran(&mut snapshot, evil, Words::Ss, b"", ran);
        foreign::unreadable(&mut snapshot, evil, evil);
        let mut out = Vec::new();
        report(&mut out, &compare::judge(&snapshot), WHOLE).unwrap();
        let text = String::from_utf8(out).unwrap();
        let harmful = |letter: char| letter.is_control() && letter != '\n';
        assert!(
            !text.contains(harmful) && !text.contains('\u{202e}'),
            "{text}"
        );
        let name = "\\x1b[31mss\\u{202e}\\n";
        assert!(
            text.contains(&format!("  {name}, run once: 0 rows, did not tell all")),
            "{text}"
        );
        assert!(
            text.contains(&format!("  {name} (netstat): 0 rows")),
            "{text}"
        );
    }

    #[test]
    fn what_a_listing_names_no_more_is_counted() {
        let mut snapshot = Snapshot::default();
        let view = snapshot.begin(model::Source::Netlink, 1).unwrap();
        let looked = model::Looked {
            family: model::Family::Inet,
            proto: Some(model::Proto::Tcp),
            bound: false,
        };
        let coverage = model::Coverage {
            looked: vec![looked],
            ..model::Coverage::default()
        };
        snapshot.end(view, coverage);
        let row = |port| format!("tcp 0 0 0.0.0.0:{port} 0.0.0.0:* LISTEN -\n");
        let rows: String = (1..=300).map(row).collect();
        foreign::take(&mut snapshot, "a.txt", rows.as_bytes()).unwrap();
        let judged = compare::judge(&snapshot);
        let mut out = Vec::new();
        report(&mut out, &judged, WHOLE).unwrap();
        let text = String::from_utf8(out).unwrap();
        let left = format!("in it and not here: {} more\n", 300 - MISSED_MAX);
        assert!(text.contains(&left), "{text}");
        let mut page = Vec::new();
        crate::html::report(&mut page, &judged, &crate::html::Heading::default()).unwrap();
        let page = String::from_utf8(page).unwrap();
        assert!(page.contains("<li>and 44 more</li>"), "{page}");
    }
}
