//! Runs a request: groups of hosts, the techniques over each group, the hosts written out.

use crate::clock::Moment;
use crate::host::Host;
use crate::json::{self, Covered};
use crate::options::Options;
use crate::request::Request;
use crate::text::{self, Tone};
use cli::{Error, Exit};
use model::{Gap, Gaps};
use scan::{Answer, Listener, Plan, Report};
use std::io::{self, Write};
use std::net::IpAddr;
use std::time::Instant;

/// Hosts written out together.
const GROUP: usize = 256;

/// Runs it all.
///
/// # Errors
/// Those of writing.
pub(crate) fn run(
    options: &Options,
    request: &Request,
    out: &mut dyn Write,
) -> Result<Exit, Error> {
    let tone = Tone {
        verbose: options.verbose,
        everything: options.debug > 0,
        only_open: options.open,
        reason: options.reason || options.verbose >= 2,
    };
    let from = Instant::now();
    let mut answer = json::Answer::default();
    let mut covered = Covered::default();
    let mut gaps = Gaps::new();
    if options.json {
        answer.begin(out, json::source(request))?;
    } else {
        text::begin(out, Moment::now())?;
    }
    let groups: Vec<&[IpAddr]> = if request.is_bind() {
        vec![&[]]
    } else {
        request.targets.chunks(GROUP).collect()
    };
    let mut count = 0;
    for group in groups {
        let begun = Moment::now();
        let mut reports = Vec::new();
        for plan in request.plans(group) {
            let mut part = Part {
                plan: &plan,
                out: &mut *out,
                tells: tone.verbose > 0 && !options.json,
                reports: Vec::new(),
            };
            gaps.append(&mut part.run()?);
            for report in part.reports {
                covered.report(&plan, &report);
                if !report.missed.is_empty() {
                    gaps.push(Gap::new(
                        format!("{} {}", report.proto, report.addr),
                        format!("{} ports not settled", report.missed.len()),
                    ));
                }
                reports.push(report);
            }
        }
        for host in hosts(reports, begun) {
            count += 1;
            if options.json {
                for report in &host.reports {
                    answer.report(out, report)?;
                }
            } else {
                text::host(out, &host, tone)?;
            }
        }
        out.flush()?;
    }
    if options.json {
        answer.gaps(out, &gaps)?;
        answer.end(out, covered.coverage())?;
    } else {
        text::end(out, count, from.elapsed(), false)?;
    }
    Ok(finish(options, &gaps))
}

/// Brings the reports of each address together, in the order the addresses came.
fn hosts(reports: Vec<Report>, begun: Moment) -> Vec<Host> {
    let ended = Moment::now();
    let mut hosts: Vec<Host> = Vec::new();
    let mut places: std::collections::HashMap<IpAddr, usize> = std::collections::HashMap::new();
    for report in reports {
        let at = *places.entry(report.addr).or_insert(hosts.len());
        match hosts.get_mut(at) {
            Some(host) => host.reports.push(report),
            None => hosts.push(Host {
                addr: report.addr,
                reports: vec![report],
                begun,
                ended,
            }),
        }
    }
    hosts
}

/// Tells of gaps and chooses the exit code.
fn finish(options: &Options, gaps: &[Gap]) -> Exit {
    let line =
        |gap: &Gap| render::safe::escaped(format!("{}: {}", gap.place, gap.reason).as_bytes());
    if options.gaps {
        for gap in gaps {
            cli::note("rnmap", &line(gap));
        }
    } else if !options.json {
        match gaps {
            [] => {}
            [one] => cli::note("rnmap", &line(one)),
            many => {
                let count = many.len();
                cli::note(
                    "rnmap",
                    &format!("{count} places could not be asked (--gaps lists them)"),
                );
            }
        }
    }
    if gaps.is_empty() {
        Exit::Good
    } else {
        Exit::Blind
    }
}

/// One plan under way.
struct Part<'a> {
    plan: &'a Plan,
    out: &'a mut dyn Write,
    tells: bool,
    reports: Vec<Report>,
}

impl Part<'_> {
    fn run(&mut self) -> io::Result<Gaps> {
        let from = Instant::now();
        if self.tells {
            text::initiating(self.out, self.plan, Moment::now())?;
        }
        let plan = self.plan;
        let gaps = scan::scan(plan, self, &|| false)?;
        if self.tells {
            text::completed(self.out, plan, Moment::now(), from.elapsed())?;
        }
        Ok(gaps)
    }
}

impl Listener for Part<'_> {
    fn open(&mut self, addr: IpAddr, port: u16, _answer: Answer) {
        if self.tells {
            // A reader that went away is noticed when the report is written.
            let _ = text::discovered(self.out, self.plan.proto, addr, port)
                .and_then(|()| self.out.flush());
        }
    }

    fn progress(&mut self, _settled: usize, _all: usize) {}

    fn report(&mut self, report: Report) -> io::Result<()> {
        self.reports.push(report);
        Ok(())
    }
}
