//! The output for grep (`-oG`): a line a host, as nmap 7.93 has it.

use crate::host::Host;
use crate::session::{Ending, Session};
use crate::sum;
use model::service;
use std::io::{self, Write};

pub(crate) fn begin(out: &mut dyn Write, session: &Session) -> io::Result<()> {
    let (version, when) = (env!("CARGO_PKG_VERSION"), session.begun.ctime());
    writeln!(
        out,
        "# rnmap {version} scan initiated {when} as: {}",
        session.command
    )
}

pub(crate) fn host(out: &mut dyn Write, session: &Session, host: &Host) -> io::Result<()> {
    let tone = session.tone;
    if host.is_beneath(tone) {
        return Ok(());
    }
    let name = host.name.as_ref().map_or("", |name| &name.text);
    let head = format!("Host: {} ({name})", host.addr);
    let state = if host.up.is_some() { "Up" } else { "Down" };
    writeln!(out, "{head}\tStatus: {state}")?;
    let mut ports = Vec::new();
    let mut ignored = Vec::new();
    for report in &host.reports {
        let (listed, sums) = sum::sift(report, sum::for_reader(tone.only_open, tone.debug > 0));
        for (port, answer) in listed {
            let (proto, name) = (report.proto, service::name(report.proto, port));
            let version = host.banners.get(&(proto, port)).map(|banner| {
                // A slash separates fields here, as a comma does ports.
                render::safe::escaped(banner.words.as_bytes())
                    .replace('/', "|")
                    .replace(',', ";")
            });
            ports.push(format!(
                "{port}/{}/{proto}//{}//{}/",
                answer.state,
                name.unwrap_or_default(),
                version.unwrap_or_default()
            ));
        }
        ignored.extend(
            sums.iter()
                .map(|sum| format!("{} ({})", sum.state, sum.count())),
        );
    }
    if ports.is_empty() && ignored.is_empty() {
        return Ok(());
    }
    write!(out, "{head}")?;
    if !ports.is_empty() {
        write!(out, "\tPorts: {}", ports.join(", "))?;
    }
    if !ignored.is_empty() {
        write!(out, "\tIgnored State: {}", ignored.join(", "))?;
    }
    writeln!(out)
}

pub(crate) fn end(out: &mut dyn Write, ending: &Ending) -> io::Result<()> {
    for gap in ending.gap_lines() {
        writeln!(out, "# gap: {gap}")?;
    }
    let word = if ending.partial {
        "interrupted"
    } else {
        "done"
    };
    let when = crate::clock::Moment::now().ctime();
    writeln!(out, "# rnmap {word} at {when} -- {}", ending.summary())
}
