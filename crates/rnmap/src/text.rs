//! The normal output, line by line as nmap 7.93 has it. The first and last line name us.

use crate::clock::Moment;
use crate::host::Host;
use crate::sum::{self, Sum};
use model::{Proto, Technique, service};
use render::{Align, Column, Text};
use scan::{Answer, Plan, Report};
use std::io::{self, Write};
use std::net::IpAddr;
use std::time::Duration;

/// How much is told.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tone {
    /// Times `-v` was given.
    pub(crate) verbose: u8,
    /// `-d`: every port gets a line.
    pub(crate) everything: bool,
    /// `--open`
    pub(crate) only_open: bool,
    /// `--reason`, also from `-vv` on.
    pub(crate) reason: bool,
}

/// The first line.
pub(crate) fn begin(out: &mut dyn Write, now: Moment) -> io::Result<()> {
    writeln!(
        out,
        "Starting rnmap {} at {}",
        env!("CARGO_PKG_VERSION"),
        now.minute()
    )
}

/// How a technique is called.
pub(crate) fn scan_name(technique: Technique) -> &'static str {
    match technique {
        Technique::Connect => "Connect Scan",
        Technique::Syn => "SYN Stealth Scan",
        Technique::Udp => "UDP Scan",
        Technique::Bind => "Bind Probe",
    }
}

/// `-v`: a plan begins.
pub(crate) fn initiating(out: &mut dyn Write, plan: &Plan, now: Moment) -> io::Result<()> {
    writeln!(
        out,
        "Initiating {} at {}",
        scan_name(plan.technique),
        now.time()
    )?;
    let ports = plan.ports.len();
    let s = if ports == 1 { "" } else { "s" };
    match plan.targets.as_slice() {
        [one] => writeln!(out, "Scanning {} [{ports} port{s}]", title(*one)),
        many => writeln!(out, "Scanning {} hosts [{ports} port{s}/host]", many.len()),
    }
}

/// `-v`: a port answers.
pub(crate) fn discovered(
    out: &mut dyn Write,
    proto: Proto,
    addr: IpAddr,
    port: u16,
) -> io::Result<()> {
    writeln!(out, "Discovered open port {port}/{proto} on {addr}")
}

/// `-v`: a plan is done.
pub(crate) fn completed(
    out: &mut dyn Write,
    plan: &Plan,
    now: Moment,
    took: Duration,
) -> io::Result<()> {
    let (name, time, seconds) = (scan_name(plan.technique), now.time(), took.as_secs_f64());
    let total = plan.size();
    writeln!(
        out,
        "Completed {name} at {time}, {seconds:.2}s elapsed ({total} total ports)"
    )
}

/// How an address is headed.
fn title(addr: IpAddr) -> String {
    addr.to_string()
}

/// One host. With `--open` a host on which nothing answers is not worth a line.
pub(crate) fn host(out: &mut dyn Write, host: &Host, tone: Tone) -> io::Result<()> {
    if tone.only_open && !host.answers() {
        return Ok(());
    }
    writeln!(out, "Nmap scan report for {}", title(host.addr))?;
    let received = if tone.reason {
        ", received user-set"
    } else {
        ""
    };
    let latency = host.reports.iter().find_map(|report| report.rtt);
    match latency {
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
    let mut rows: Vec<Row> = Vec::new();
    let mut sums: Vec<(Proto, Sum)> = Vec::new();
    let mut total = 0;
    for report in &host.reports {
        let (listed, summed) = sum::sift(report, sum::for_reader(tone.only_open, tone.everything));
        total += report.answers.len();
        rows.extend(
            listed
                .into_iter()
                .map(|(port, answer)| Row::new(report, port, answer)),
        );
        sums.extend(summed.into_iter().map(|sum| (report.proto, sum)));
    }
    not_shown(out, host, &rows, &sums, total)?;
    let mut text = Text::default();
    if !rows.is_empty() {
        let mut columns = vec![&PORT, &STATE, &SERVICE];
        if tone.reason {
            columns.push(&REASON);
        }
        render::fitted(&columns, &rows, &mut text);
    }
    out.write_all(text.as_bytes())?;
    for report in host
        .reports
        .iter()
        .filter(|report| !report.missed.is_empty())
    {
        writeln!(
            out,
            "Not settled: {} {} ports",
            report.missed.len(),
            report.proto
        )?;
    }
    writeln!(out)
}

fn not_shown(
    out: &mut dyn Write,
    host: &Host,
    rows: &[Row],
    sums: &[(Proto, Sum)],
    total: usize,
) -> io::Result<()> {
    if rows.is_empty() && total > 0 {
        let title = title(host.addr);
        writeln!(
            out,
            "All {total} scanned ports on {title} are in ignored states."
        )?;
    }
    if sums.is_empty() {
        return if rows.is_empty() {
            Ok(())
        } else {
            writeln!(out)
        };
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

/// One line of the table.
pub(crate) struct Row {
    port: u16,
    proto: Proto,
    answer: Answer,
}

impl Row {
    fn new(report: &Report, port: u16, answer: Answer) -> Row {
        Row {
            port,
            proto: report.proto,
            answer,
        }
    }
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
    help: "the name registered for the port; not what was found there",
    align: Align::Left,
    width: 0,
    cell: |row, out| out.word(service::name(row.proto, row.port).unwrap_or("unknown")),
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

/// The last line.
pub(crate) fn end(
    out: &mut dyn Write,
    hosts: usize,
    took: Duration,
    partial: bool,
) -> io::Result<()> {
    let es = if hosts == 1 { "" } else { "es" };
    let s = if hosts == 1 { "" } else { "s" };
    let seconds = took.as_secs_f64();
    let word = if partial { "interrupted" } else { "done" };
    writeln!(
        out,
        "rnmap {word}: {hosts} IP address{es} ({hosts} host{s} up) scanned in {seconds:.2} seconds"
    )
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
