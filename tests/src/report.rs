//! What rcompare reports, read back by the published names of its JSON.

use crate::{Inside, Output};
use model::{Foreign, Held, Owner};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// What a test about verdicts runs rcompare with: a machine that is busy with something else
/// makes a full scan slow, and patience is not what is tested there.
pub const PATIENT: &str = "--deadline 250";

/// One line of type `port`.
#[derive(Clone, Debug, Deserialize)]
pub struct Port {
    /// Transport.
    pub protocol: String,
    /// Local address.
    pub address: IpAddr,
    /// Local port.
    pub port: u16,
    /// The verdict's word.
    pub verdict: String,
    /// First owner.
    pub pid: Option<u32>,
    /// Its name.
    pub command: Option<Foreign>,
    /// The socket's state.
    pub state: Option<String>,
    /// The interface it is bound to.
    pub device: Option<Foreign>,
    /// All owners.
    pub owners: Vec<Holder>,
    /// How many sockets this is about.
    pub count: u64,
    /// Which view said what.
    pub evidence: Vec<String>,
    /// Causes not ruled out.
    pub causes: Vec<String>,
    /// What each witness says, a letter each.
    pub vector: String,
    /// Its number in the explanation catalogue.
    pub pattern: String,
    /// What to do next.
    pub next: String,
}

/// An owner in a report.
#[derive(Clone, Debug, Deserialize)]
pub struct Holder {
    /// Who, and where.
    #[serde(flatten)]
    pub owner: Owner,
    /// What is odd about the process.
    #[serde(default)]
    pub flags: Vec<String>,
}

impl Port {
    /// Verdict, endpoint and owners as one line: `AGREE tcp 0.0.0.0:4444 7:fd3`.
    #[must_use]
    pub fn line(&self) -> String {
        let local = std::net::SocketAddr::new(self.address, self.port);
        let mut owners: Vec<String> = self.owners.iter().map(Holder::line).collect();
        owners.sort();
        let owners = match owners.as_slice() {
            [] => "-".to_owned(),
            some => some.join(","),
        };
        format!("{} {} {local} {owners}", self.verdict, self.protocol)
    }

    /// Whether any evidence line holds these words.
    #[must_use]
    pub fn says(&self, words: &str) -> bool {
        self.evidence.iter().any(|line| line.contains(words))
    }
}

impl Holder {
    /// `7:fd3`, `7/8:fd3` in a thread's own table, `7:ring3/2` in an io_uring.
    #[must_use]
    pub fn line(&self) -> String {
        let owner = &self.owner;
        let place = match owner.held {
            Held::Fd { fd } => format!("fd{fd}"),
            Held::IoUring { ring, slot } => format!("ring{ring}/{slot}"),
            Held::InFlight { via, .. } => format!("via{via}"),
            Held::Mapped => "mapped".to_owned(),
        };
        match owner.tid {
            Some(tid) => format!("{}/{tid}:{place}", owner.id.pid),
            None => format!("{}:{place}", owner.id.pid),
        }
    }
}

/// A report, sorted by what its lines are.
#[derive(Debug)]
pub struct Report {
    /// Ports, the worst first.
    pub ports: Vec<Port>,
    /// The summary's line.
    pub summary: serde_json::Value,
    /// All other lines, by their type.
    pub others: BTreeMap<String, Vec<serde_json::Value>>,
}

impl Report {
    /// Reads a report that must be whole.
    ///
    /// # Panics
    /// It is none, or was cut short.
    #[track_caller]
    #[must_use]
    pub fn of(output: &Output) -> Report {
        match Report::parse(&output.text()) {
            Ok(report) => report,
            Err(why) => panic!("{why}\n{output}"),
        }
    }

    /// rcompare's report from inside a stage, with the exit code that must go with it.
    ///
    /// # Panics
    /// There is none, or the code is another one.
    #[track_caller]
    #[must_use]
    pub fn told(inside: &Inside<'_>, args: &str, code: i32) -> Report {
        let output = inside.tool("rcompare", &format!("--json {PATIENT} {args}"));
        let report = Report::of(&output);
        assert_eq!(output.code, code, "exit code\n{output}");
        report
    }

    /// The evidence of every sign with this verdict, a string a sign.
    #[must_use]
    pub fn signs(&self, verdict: &str) -> Vec<String> {
        let signs = self.others.get("sign").into_iter().flatten();
        signs
            .filter(|sign| sign.get("verdict").and_then(|it| it.as_str()) == Some(verdict))
            .map(|sign| sign.get("evidence").unwrap_or(sign).to_string())
            .collect()
    }

    /// What is said of listings of others.
    pub fn listings(&self) -> impl Iterator<Item = &serde_json::Value> {
        self.others.get("listing").into_iter().flatten()
    }

    /// Whether a place that was not seen is told of with these words.
    #[must_use]
    pub fn missed(&self, words: &str) -> bool {
        let mut gaps = self.others.get("gap").into_iter().flatten();
        gaps.any(|gap| gap.to_string().contains(words))
    }

    fn parse(text: &str) -> Result<Report, String> {
        let mut report = Report {
            ports: Vec::new(),
            summary: serde_json::Value::Null,
            others: BTreeMap::new(),
        };
        let mut rows = 0u64;
        for line in text.lines() {
            let value: serde_json::Value =
                serde_json::from_str(line).map_err(|why| format!("{why}: {line}"))?;
            let kind = value.get("type").and_then(serde_json::Value::as_str);
            let kind = kind.ok_or_else(|| format!("no type: {line}"))?.to_owned();
            if !["begin", "gap", "end"].contains(&kind.as_str()) {
                rows += 1;
            }
            match kind.as_str() {
                "port" => report
                    .ports
                    .push(serde_json::from_value(value).map_err(|why| format!("{why}: {line}"))?),
                "summary" => report.summary = value,
                _ => report.others.entry(kind).or_default().push(value),
            }
        }
        let end = report.others.get("end").and_then(|ends| ends.first());
        let told = end.and_then(|end| end.get("rows")?.as_u64());
        if told == Some(rows) {
            Ok(report)
        } else {
            Err(format!("{rows} rows, but the end says {told:?}"))
        }
    }

    /// Every port as one line, in order of the text.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.ports.iter().map(Port::line).collect();
        lines.sort();
        lines
    }

    /// The one finding about a port number.
    ///
    /// # Panics
    /// There is none, or more than one.
    #[track_caller]
    #[must_use]
    pub fn port(&self, port: u16) -> &Port {
        let mut found = self.ports.iter().filter(|found| found.port == port);
        match (found.next(), found.next()) {
            (Some(one), None) => one,
            _ => panic!("not exactly one finding about {port}: {:?}", self.lines()),
        }
    }

    /// Findings whose verdict begins with one of these words.
    #[must_use]
    pub fn with_verdict(&self, words: &[&str]) -> Vec<String> {
        let wanted = |port: &&Port| words.iter().any(|word| port.verdict.starts_with(word));
        self.ports.iter().filter(wanted).map(Port::line).collect()
    }
}
