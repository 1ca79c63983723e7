//! The normal output, line by line as nmap 7.93 has it. The first and last line name us.

use crate::clock::Moment;
use crate::host::{Banner, Host};
use crate::session::{Ending, Session, Tone};
use crate::sum::{self, Sum};
use model::{Proto, Technique, service};
use render::{Align, Column, Text};
use scan::{Answer, Plan, Report};
use std::io::{self, Write};
use std::time::Duration;

/// The first line.
pub(crate) fn begin(out: &mut dyn Write, session: &Session) -> io::Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    writeln!(
        out,
        "Starting rnmap {version} at {}",
        session.begun.minute()
    )
}

/// How a technique is called.
fn scan_name(technique: Technique) -> &'static str {
    match technique {
        Technique::Connect => "Connect Scan",
        Technique::Syn => "SYN Stealth Scan",
        Technique::Udp => "UDP Scan",
        Technique::Bind => "Bind Probe",
    }
}

/// `-v`: a plan begins.
pub(crate) fn initiating(out: &mut dyn Write, plan: &Plan) -> io::Result<()> {
    let now = Moment::now().time();
    writeln!(out, "Initiating {} at {now}", scan_name(plan.technique))?;
    let ports = plan.ports.len();
    let s = if ports == 1 { "" } else { "s" };
    match plan.targets.as_slice() {
        [one] => writeln!(out, "Scanning {one} [{ports} port{s}]"),
        many => writeln!(out, "Scanning {} hosts [{ports} port{s}/host]", many.len()),
    }
}

/// `-v`: a plan is done.
pub(crate) fn completed(out: &mut dyn Write, plan: &Plan, took: Duration) -> io::Result<()> {
    let (name, now) = (scan_name(plan.technique), Moment::now().time());
    let (total, seconds) = (plan.size(), took.as_secs_f64());
    writeln!(
        out,
        "Completed {name} at {now}, {seconds:.2}s elapsed ({total} total ports)"
    )
}

/// One host. With `--open` a host on which nothing answers is not worth a line.
pub(crate) fn host(out: &mut dyn Write, session: &Session, host: &Host) -> io::Result<()> {
    let tone = session.tone;
    if host.is_beneath(tone) {
        return Ok(());
    }
    if host.up.is_none() {
        return writeln!(out, "Nmap scan report for {} [host down]", host.title());
    }
    writeln!(out, "Nmap scan report for {}", host.title())?;
    if let Some(netns) = host.netns {
        writeln!(out, "Asked from network namespace {netns}")?;
    }
    status(out, tone, host)?;
    if host.reports.is_empty() {
        return Ok(());
    }
    let mut listed_rows: Vec<Row> = Vec::new();
    let mut sums: Vec<(Proto, Sum)> = Vec::new();
    let mut total = 0;
    for report in &host.reports {
        let (listed, summed) = sum::sift(report, sum::for_reader(tone.only_open, tone.debug > 0));
        total += report.answers.len();
        listed_rows.extend(rows(host, report, listed));
        sums.extend(summed.into_iter().map(|sum| (report.proto, sum)));
    }
    not_shown(out, host, listed_rows.is_empty(), &sums, total)?;
    out.write_all(table(&listed_rows, tone).as_bytes())?;
    not_settled(out, host)?;
    writeln!(out)
}

/// How many ports have no answer, where any has none.
pub(crate) fn not_settled(out: &mut dyn Write, host: &Host) -> io::Result<()> {
    let unsure = host.reports.iter().filter(|it| !it.missed.is_empty());
    for report in unsure {
        let (count, proto) = (report.missed.len(), report.proto);
        let s = if count == 1 { "" } else { "s" };
        writeln!(out, "Not settled: {count} {proto} port{s}")?;
    }
    Ok(())
}

/// Whether it is up, how far away, and when it was asked.
fn status(out: &mut dyn Write, tone: Tone, host: &Host) -> io::Result<()> {
    let reason = host.up.unwrap_or_default();
    let received = if tone.reason {
        format!(", received {reason}")
    } else {
        String::new()
    };
    match host.reports.iter().find_map(|report| report.rtt) {
        Some((mean, _)) => {
            writeln!(
                out,
                "Host is up{received} ({}s latency).",
                latency_text(mean)
            )?;
        }
        None => writeln!(out, "Host is up{received}.")?,
    }
    if tone.verbose >= 2 {
        let took = host.ended.0.saturating_sub(host.begun.0);
        writeln!(out, "Scanned at {} for {took}s", host.begun.second())?;
    }
    Ok(())
}

fn not_shown(
    out: &mut dyn Write,
    host: &Host,
    is_empty: bool,
    sums: &[(Proto, Sum)],
    total: usize,
) -> io::Result<()> {
    if is_empty && total > 0 {
        let title = host.title();
        writeln!(
            out,
            "All {total} scanned ports on {title} are in ignored states."
        )?;
    }
    if sums.is_empty() {
        return if is_empty { Ok(()) } else { writeln!(out) };
    }
    let parts: Vec<String> = sums
        .iter()
        .map(|(proto, sum)| {
            let reasons: Vec<&str> = sum
                .reasons
                .iter()
                .map(|(reason, _)| reason.name())
                .collect();
            let count = sum.count();
            let s = if count == 1 { "" } else { "s" };
            format!(
                "{count} {} {proto} port{s} ({})",
                sum.state,
                reasons.join(", ")
            )
        })
        .collect();
    writeln!(out, "Not shown: {}", parts.join(", "))
}

/// Two digits that mean something, as nmap shows a latency.
fn latency_text(rtt: Duration) -> String {
    let seconds = rtt.as_secs_f64();
    let mut places: usize = 2;
    let mut shown = seconds;
    while shown < 1.0 && places < 8 {
        shown *= 10.0;
        places += 1;
    }
    let places = if seconds >= 1.0 { 1 } else { places - 1 };
    format!("{seconds:.places$}")
}

/// The rows of one report.
pub(crate) fn rows(
    host: &Host,
    report: &Report,
    listed: Vec<(u16, Answer)>,
) -> impl Iterator<Item = Row> {
    let proto = report.proto;
    listed.into_iter().map(move |(port, answer)| Row {
        port,
        proto,
        answer,
        banner: host.banners.get(&(proto, port)).cloned(),
    })
}

/// The table of ports; nothing where there are none.
pub(crate) fn table(rows: &[Row], tone: Tone) -> Text {
    let mut text = Text::default();
    if !rows.is_empty() {
        let mut columns = vec![&PORT, &STATE, &SERVICE];
        if tone.reason {
            columns.push(&REASON);
        }
        if tone.versions {
            columns.push(&VERSION);
        }
        render::fitted(&columns, rows.iter(), &mut text);
    }
    text
}

/// One line of the table.
pub(crate) struct Row {
    port: u16,
    proto: Proto,
    answer: Answer,
    banner: Option<Banner>,
}

const PORT: Column<Row> = Column {
    key: "port",
    heading: "PORT",
    help: "port and protocol",
    align: Align::Left,
    width: 0,
    cell: |row, out| {
        out.number(row.port.into());
        out.word("/");
        out.word(row.proto.name());
    },
};

const STATE: Column<Row> = Column {
    key: "state",
    heading: "STATE",
    help: "open, closed, filtered, open|filtered; in-use or free from a bind probe",
    align: Align::Left,
    width: 0,
    cell: |row, out| out.word(row.answer.state.name()),
};

const SERVICE: Column<Row> = Column {
    key: "service",
    heading: "SERVICE",
    help: "the protocol found by -sV, else the name registered for the port",
    align: Align::Left,
    width: 0,
    cell: |row, out| {
        let found = row.banner.as_ref().and_then(|banner| banner.service);
        let registered = service::name(row.proto, row.port);
        out.word(found.or(registered).unwrap_or("unknown"));
    },
};

const REASON: Column<Row> = Column {
    key: "reason",
    heading: "REASON",
    help: "what said so",
    align: Align::Left,
    width: 0,
    cell: |row, out| {
        out.word(row.answer.reason.name());
        if let Some(ttl) = row.answer.ttl {
            out.word(" ttl ");
            out.number(ttl.into());
        }
    },
};

const VERSION: Column<Row> = Column {
    key: "version",
    heading: "VERSION",
    help: "what the port said of itself",
    align: Align::Left,
    width: 0,
    cell: |row, out| {
        if let Some(banner) = &row.banner {
            out.foreign(banner.words.as_bytes());
        }
    },
};

/// The last line.
pub(crate) fn end(out: &mut dyn Write, ending: &Ending) -> io::Result<()> {
    let word = if ending.partial {
        "interrupted"
    } else {
        "done"
    };
    writeln!(out, "rnmap {word}: {}", ending.summary())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_have_two_digits() {
        for (micros, shown) in [
            (7, "0.0000070"),
            (140, "0.00014"),
            (28_000, "0.028"),
            (1_500_000, "1.5"),
        ] {
            assert_eq!(latency_text(Duration::from_micros(micros)), shown);
        }
    }
}
