//! Port by port: what is to be explained first, all others after the matrix.

use super::matrix::{anchor, endpoint, is_shown};
use super::{Page, badge, class, reasons};
use crate::columns;
use crate::table::command_line;
use compare::finding::Holder;
use compare::{Finding, Report, System, Weight};

/// What is to be explained, the worst first.
pub(super) fn findings(report: &Report, page: &mut Page) {
    let all: Vec<(usize, &Finding)> = report.findings.iter().enumerate().collect();
    let weighty: Vec<_> = all
        .into_iter()
        .filter(|(_, finding)| finding.weight >= Weight::Note)
        .collect();
    if weighty.is_empty() {
        return;
    }
    page.raw("<h2>To be explained</h2>");
    for (at, finding) in weighty {
        article(at, finding, report.system, page);
    }
}

/// All others.
pub(super) fn rest(report: &Report, page: &mut Page) {
    let fine = |finding: &&Finding| finding.weight < Weight::Note && is_shown(report, finding);
    if !report.findings.iter().any(|finding| fine(&finding)) {
        return;
    }
    page.raw("<h2>Explained, port by port</h2>");
    for (at, finding) in report.findings.iter().enumerate() {
        if fine(&finding) {
            article(at, finding, report.system, page);
        }
    }
}

fn article(at: usize, finding: &Finding, system: System, page: &mut Page) {
    page.raw(&format!(
        "<article id=\"{}\" class=\"{}\"><div class=\"top\">",
        anchor(at),
        class(finding.weight)
    ));
    badge(finding.verdict, page);
    page.raw("<h3>");
    page.show(format_args!("{} {}", finding.proto, endpoint(finding)));
    if let Some((addr, port)) = finding.peer {
        page.show(format_args!(
            " to {}",
            std::net::SocketAddr::new(addr, port)
        ));
    }
    if let Some(service) = finding.service {
        page.show(format_args!(" ({service})"));
    }
    if let Some(state) = columns::state(finding) {
        page.show(format_args!(" {state}"));
    }
    page.raw("</h3>");
    page.element(
        "span class=\"vec\"",
        format_args!("{} {}", finding.vector.shown(system), finding.pattern),
    );
    page.raw("</div>");
    if !finding.owners.is_empty() {
        page.raw("<h4>Held by</h4>");
        for holder in &finding.owners {
            owner(holder, page);
        }
    }
    page.raw("<h4>What was seen</h4><ul class=\"evidence\">");
    for line in &finding.evidence {
        let (who, what) = line.split_once(": ").unwrap_or(("", line));
        page.raw("<li>");
        page.element("b", who);
        page.element("span", what);
        page.raw("</li>");
    }
    page.raw("</ul>");
    reasons(&finding.causes, &finding.next, page);
    page.raw("</article>\n");
}

fn owner(holder: &Holder, page: &mut Page) {
    page.raw("<div class=\"owner\"><b>");
    page.foreign(holder.owner.comm.as_bytes());
    page.raw("</b>");
    page.show(format_args!(", process {}", holder.owner.id.pid));
    if let Some(tid) = holder.owner.tid {
        page.show(format_args!(", thread {tid}"));
    }
    if let Some(uid) = holder.owner.uid {
        page.show(format_args!(", user {uid}"));
    }
    if let Some(parent) = holder.ppid {
        page.show(format_args!(", child of {parent}"));
    }
    if let Some(since) = holder.since_ms {
        page.show(format_args!(", since {}", render::moment(since)));
    }
    if let Some(exe) = &holder.exe {
        page.raw("<br>program <code>");
        page.foreign(exe.as_bytes());
        page.raw("</code>");
    }
    if let Some(cmdline) = &holder.cmdline {
        page.raw("<br>run as <code>");
        page.foreign(&command_line(cmdline));
        page.raw("</code>");
    }
    if let Some(cwd) = &holder.cwd {
        page.raw("<br>in <code>");
        page.foreign(cwd.as_bytes());
        page.raw("</code>");
    }
    for flag in &holder.flags {
        page.raw(" ");
        page.element("span class=\"flag\"", flag.name());
    }
    page.raw("</div>");
}
