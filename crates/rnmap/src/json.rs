//! `--json`: the records every program of the kit speaks.

use crate::host::Host;
use crate::sum;
use model::probe::Tally;
use model::record::{Begin, End};
use model::{Coverage, Family, Foreign, Gap, Looked, Probe, Record, SCHEMA, Source};
use scan::{Plan, Ports, Report};
use serde::Serialize;
use std::io::{self, Write};
use std::net::IpAddr;

/// A probe record with what the port said of itself (`-sV`).
#[derive(Serialize)]
struct Spoken<'h> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    probe: Probe,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<&'static str>,
    banner: &'h Foreign,
}

/// An answer under way: the first line is out, rows follow, [`Answer::end`] closes it.
#[derive(Default)]
pub(crate) struct Answer {
    rows: u64,
    gaps: u64,
}

impl Answer {
    /// The first line.
    pub(crate) fn begin(&self, out: &mut dyn Write, source: Source) -> io::Result<()> {
        let begin = Begin {
            schema: SCHEMA,
            tool: "rnmap".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            source: Some(source),
        };
        render::json::line(out, &Record::Begin(begin))
    }

    /// The ports of one host.
    pub(crate) fn host(&mut self, out: &mut dyn Write, host: &Host) -> io::Result<()> {
        for report in &host.reports {
            self.report(out, host, report)?;
        }
        Ok(())
    }

    fn report(&mut self, out: &mut dyn Write, host: &Host, report: &Report) -> io::Result<()> {
        let (listed, sums) = sum::sift(report, sum::for_programs);
        for (port, answer) in listed {
            let probe = Probe {
                technique: report.technique,
                netns: host.netns,
                proto: report.proto,
                addr: report.addr,
                port,
                state: answer.state,
                reason: answer.reason.name().to_owned(),
            };
            match host.banners.get(&(report.proto, port)) {
                Some(banner) => {
                    self.rows += 1;
                    let row = Spoken {
                        kind: "probe",
                        probe,
                        service: banner.service,
                        banner: &banner.words,
                    };
                    render::json::line(out, &row)?;
                }
                None => self.row(out, &Record::Probe(probe))?,
            }
        }
        for sum in sums {
            for (reason, ports) in sum.reasons {
                let tally = Tally {
                    technique: report.technique,
                    proto: report.proto,
                    addr: report.addr,
                    state: sum.state,
                    reason: reason.name().to_owned(),
                    count: u32::try_from(ports.len()).unwrap_or(u32::MAX),
                    ports: Some(ports.to_string()),
                    netns: host.netns,
                };
                self.row(out, &Record::Tally(tally))?;
            }
        }
        Ok(())
    }

    fn row(&mut self, out: &mut dyn Write, record: &Record) -> io::Result<()> {
        self.rows += 1;
        render::json::line(out, record)
    }

    /// Places that could not be asked.
    pub(crate) fn gaps(&mut self, out: &mut dyn Write, gaps: &[Gap]) -> io::Result<()> {
        for gap in gaps {
            self.gaps += 1;
            render::json::line(out, &Record::Gap(gap.clone()))?;
        }
        Ok(())
    }

    /// The last line.
    pub(crate) fn end(&self, out: &mut dyn Write, coverage: Coverage) -> io::Result<()> {
        let end = End {
            rows: self.rows,
            gaps: self.gaps,
            coverage,
        };
        render::json::line(out, &Record::End(end))
    }
}

/// What was asked to the end: the tables, addresses and ports of plans without a gap.
#[derive(Default)]
pub(crate) struct Covered {
    ports: Ports,
    addrs: Vec<IpAddr>,
    looked: Vec<Looked>,
}

impl Covered {
    /// A report came: what it asked for and settled is covered. A table of which a port was
    /// missed is not.
    pub(crate) fn report(&mut self, plan: &Plan, report: &Report) {
        if !report.missed.is_empty() {
            return;
        }
        let set = match report.proto {
            model::Proto::Udp => &mut self.ports.udp,
            _ => &mut self.ports.tcp,
        };
        *set = plan.ports.clone();
        if !self.addrs.contains(&report.addr) {
            self.addrs.push(report.addr);
        }
        let looked = Looked {
            family: match report.addr {
                IpAddr::V4(_) => Family::Inet,
                IpAddr::V6(_) => Family::Inet6,
            },
            proto: Some(report.proto),
            bound: report.technique == model::Technique::Bind,
        };
        if !self.looked.contains(&looked) {
            self.looked.push(looked);
        }
    }

    /// What another run covered too.
    pub(crate) fn join(&mut self, other: Covered) {
        if !other.ports.tcp.is_empty() {
            self.ports.tcp = other.ports.tcp;
        }
        if !other.ports.udp.is_empty() {
            self.ports.udp = other.ports.udp;
        }
        for addr in other.addrs {
            if !self.addrs.contains(&addr) {
                self.addrs.push(addr);
            }
        }
        for looked in other.looked {
            if !self.looked.contains(&looked) {
                self.looked.push(looked);
            }
        }
    }

    /// As the last line has it.
    pub(crate) fn coverage(self) -> Coverage {
        let ports = self.ports.to_string();
        let mut looked = self.looked;
        looked.sort();
        Coverage {
            netns: None,
            looked,
            ports: (!ports.is_empty()).then_some(ports),
            addrs: self.addrs,
            processes: None,
        }
    }
}
