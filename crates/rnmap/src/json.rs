//! `--json`: the records every program of the kit speaks.

use crate::host::{Banner, Host};
use crate::resume::Settled;
use crate::session::Session;
use crate::sum;
use model::probe::Tally;
use model::record::{Begin, End};
use model::{Coverage, Family, Foreign, Gap, Looked, NetNs, Probe, Proto, Record, SCHEMA};
use scan::{Plan, PortSet, Ports, Report};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::net::IpAddr;
use std::time::Duration;

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
pub(crate) struct Answer<'s> {
    rows: u64,
    gaps: u64,
    /// What an earlier run settled, where this answer takes its place and begins with it.
    earlier: Option<&'s Settled>,
}

impl<'s> Answer<'s> {
    /// An answer that begins with what an earlier run settled, and tells none of it again.
    pub(crate) fn after(earlier: &'s Settled) -> Answer<'s> {
        Answer {
            earlier: Some(earlier),
            ..Answer::default()
        }
    }

    /// The first line, and what was settled before.
    pub(crate) fn begin(&mut self, out: &mut dyn Write, session: &Session) -> io::Result<()> {
        let begin = Begin {
            schema: SCHEMA,
            tool: "rnmap".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            source: Some(session.source),
            netns: session.netns,
        };
        render::json::line(out, &Record::Begin(begin))?;
        for ((netns, technique, proto, addr), answers) in self.earlier.into_iter().flatten() {
            let report = Report {
                technique: *technique,
                proto: *proto,
                addr: *addr,
                answers: answers.iter().map(|it| (*it.0, *it.1)).collect(),
                missed: PortSet::default(),
                rtt: None,
                took: Duration::ZERO,
                lost: false,
                refused: BTreeMap::new(),
            };
            let netns = netns.filter(|netns| Some(*netns) != session.netns);
            self.report(out, (netns, &BTreeMap::new()), &report)?;
        }
        Ok(())
    }

    /// The ports of one host.
    pub(crate) fn host(
        &mut self,
        out: &mut dyn Write,
        session: &Session,
        host: &Host,
    ) -> io::Result<()> {
        for report in &host.reports {
            let netns = host.netns.or(session.netns);
            let key = (netns, report.technique, report.proto, report.addr);
            match self.earlier.and_then(|earlier| earlier.get(&key)) {
                None => self.report(out, (host.netns, &host.banners), report)?,
                Some(told) => {
                    let is_new = |port: &u16| {
                        !told.contains_key(port)
                            || host.banners.contains_key(&(report.proto, *port))
                    };
                    let answers = report.answers.iter().filter(|(port, _)| is_new(port));
                    let rest = Report {
                        answers: answers.copied().collect(),
                        missed: PortSet::default(),
                        refused: BTreeMap::new(),
                        ..*report
                    };
                    self.report(out, (host.netns, &host.banners), &rest)?;
                }
            }
        }
        Ok(())
    }

    fn report(
        &mut self,
        out: &mut dyn Write,
        (netns, banners): (Option<NetNs>, &BTreeMap<(Proto, u16), Banner>),
        report: &Report,
    ) -> io::Result<()> {
        let (listed, sums) = sum::sift(report, sum::for_programs);
        for (port, answer) in listed {
            let probe = Probe {
                technique: report.technique,
                netns,
                proto: report.proto,
                addr: report.addr,
                port,
                state: answer.state,
                reason: answer.reason.name().to_owned(),
            };
            match banners.get(&(report.proto, port)) {
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
                    netns,
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
    /// Addresses of which a port was missed, by whatever technique and in whatever namespace.
    missed: BTreeSet<IpAddr>,
}

impl Covered {
    /// A report came: what it asked for and settled is covered. An address of which a port was
    /// missed is not.
    pub(crate) fn report(&mut self, plan: &Plan, report: &Report) {
        if !report.missed.is_empty() {
            self.missed.insert(report.addr);
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
        self.missed.extend(other.missed);
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
            addrs: {
                let missed = self.missed;
                let mut addrs = self.addrs;
                addrs.retain(|addr| !missed.contains(addr));
                addrs
            },
            processes: None,
        }
    }
}
