//! Every port against every witness, to look at.

use super::{Page, badge, class};
use crate::table::REMAINS_MAX;
use compare::foreign::told::Told;
use compare::{Finding, Report, System, Verdict};

/// The witnesses, in the order of the vector, with what the column is called.
const LINUX: &[&str] = &[
    "table", "netlink", "owner", "bind", "local", "remote", "private", "held",
];

/// Those of Solaris and illumos.
const SOLARIS: &[&str] = &["table", "owner", "bind", "local", "remote"];

/// Whether a port has a row of its own: the ends of many connections have none.
pub(super) fn is_shown(report: &Report, finding: &Finding) -> bool {
    let is_remains = |it: &&Finding| it.verdict == Verdict::NoProcessByNature;
    !is_remains(&finding) || report.findings.iter().filter(is_remains).count() <= REMAINS_MAX
}

/// What the page calls a port's own place.
pub(super) fn anchor(at: usize) -> String {
    format!("p{at}")
}

pub(super) fn matrix(report: &Report, page: &mut Page) {
    page.raw("<h2>Every port, and what each witness says of it</h2>");
    if report.findings.is_empty() {
        page.raw("<p>No open port was found.</p>");
        return;
    }
    let others = report.told.iter().filter(|told| !told.omits.is_empty());
    let others: Vec<&Told> = others.collect();
    page.raw("<div class=\"scroll\"><table class=\"matrix\"><thead><tr><th>Port</th>");
    let solaris = report.system.is_solaris();
    let witnesses = if solaris { SOLARIS } else { LINUX };
    for name in witnesses {
        page.element("th class=\"w\"", name);
    }
    for other in &others {
        let name = other.name.rsplit('/').next().unwrap_or_default();
        page.element("th class=\"w\"", name);
    }
    page.raw("<th>Owner</th></tr></thead><tbody>");
    let mut left_out = 0_usize;
    for (at, finding) in report.findings.iter().enumerate() {
        if is_shown(report, finding) {
            row(at, finding, (report.system, witnesses), &others, page);
        } else {
            left_out += 1;
        }
    }
    page.raw("</tbody></table></div>");
    if left_out > 0 {
        page.element(
            "p class=\"legend\"",
            format_args!("Not shown: {left_out} ends of connections that no process can have."),
        );
    }
    let tables = match solaris {
        true => "the <b>table</b>s of the kernel's MIB",
        false => "the kernel's text <b>table</b>, <b>netlink</b>",
    };
    let extra = match solaris {
        true => "",
        false => {
            ", the text tables through a procfs that nothing can be mounted over (<b>private</b>), descriptors copied out of processes without any procfs (<b>held</b>)"
        }
    };
    page.raw(&format!("<p class=\"legend\">Witnesses: {tables}, the descriptors of every process (<b>owner</b>), a <b>bind</b> probe, a <b>local</b> connection, a scan from elsewhere (<b>remote</b>){extra}. <b>yes</b> seen or open &middot; <b>used</b> the number is taken &middot; <b>free</b> the number could be bound &middot; <b>no</b> looked for and not seen, or closed &middot; <b>filtered</b> no answer &middot; &ndash; not asked, or could not have seen it</p>\n"));
}

fn row(
    at: usize,
    finding: &Finding,
    (system, witnesses): (System, &[&str]),
    others: &[&Told],
    page: &mut Page,
) {
    page.raw(&format!(
        "<tr class=\"{}\"><th class=\"port\"><a href=\"#{}\">",
        class(finding.weight),
        anchor(at)
    ));
    page.show(format_args!("{} {}", finding.proto, endpoint(finding)));
    page.raw("</a><br>");
    badge(finding.verdict, page);
    page.raw("</th>");
    let letters = finding.vector.shown(system);
    for (letter, witness) in letters.chars().zip(witnesses) {
        cell(letter, *witness == "bind", page);
    }
    for other in others {
        let omitted = other.omits.iter().any(|missed| {
            missed.proto == finding.proto
                && missed.port == finding.port
                && missed.addr == finding.addr.to_string()
        });
        cell(if omitted { 'n' } else { '.' }, false, page);
    }
    page.raw("<td>");
    match (&finding.pid, &finding.command) {
        (Some(pid), Some(command)) => {
            page.foreign(command.as_bytes());
            page.show(format_args!(" ({pid})"));
        }
        (Some(pid), None) => page.show(pid),
        (None, _) => page.raw("&ndash;"),
    }
    if finding.owners.len() > 1 {
        page.show(format_args!(" +{}", finding.owners.len() - 1));
    }
    page.raw("</td></tr>");
}

fn cell(letter: char, is_bind: bool, page: &mut Page) {
    let (class, word) = match letter {
        'Y' => ("Y", "yes"),
        'n' => ("n", "no"),
        'u' => ("u", "used"),
        'f' if is_bind => ("f", "free"),
        'f' => ("f", "filtered"),
        _ => ("blind", "\u{2013}"),
    };
    page.raw(&format!(
        "<td class=\"w\"><i class=\"{class}\">{word}</i></td>"
    ));
}

/// `192.0.2.1:22`, `[::1]:22`; the device it is bound to.
pub(super) fn endpoint(finding: &Finding) -> String {
    let mut text = std::net::SocketAddr::new(finding.addr, finding.port).to_string();
    if let Some(device) = &finding.device {
        text.push('%');
        text.push_str(&render::safe::escaped(device.as_bytes()));
    }
    text
}
