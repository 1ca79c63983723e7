//! Looks again and again, and shows only what changed.

use crate::case::clock;
use crate::json;
use cli::{Error, Exit};
use compare::signs::Sign;
use compare::{Finding, Outcome, Report, Verdict};
use model::{Foreign, NetNs, Pid, Proto};
use render::Text;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write;
use std::net::IpAddr;
use std::thread;
use std::time::{Duration, Instant};

/// How often we look whether somebody wants an end.
const PATIENCE: Duration = Duration::from_millis(50);

/// What makes two ports of two looks the same.
type Key = (Proto, IpAddr, u16, Option<Foreign>, Option<NetNs>);

/// What is compared of a port: the verdict, and who has it.
type State = (Verdict, Option<Pid>, Option<Foreign>);

/// What one look found.
struct Seen {
    ports: BTreeMap<Key, Finding>,
    /// What is wrong with the host as a whole: two signs are one where they tell the same.
    signs: BTreeMap<(Verdict, Vec<String>), Sign>,
}

/// What happened to a port or a sign between two looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Happened {
    New,
    Gone,
    Changed,
}

impl Happened {
    fn word(self) -> &'static str {
        match self {
            Happened::New => "NEW",
            Happened::Gone => "GONE",
            Happened::Changed => "CHANGED",
        }
    }
}

/// One change, as a line of JSON.
#[derive(Serialize)]
struct Change<'f> {
    #[serde(rename = "type")]
    kind: &'static str,
    at_ms: u64,
    happened: Happened,
    /// The verdict before, of a port whose verdict is another one now.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<Verdict>,
    #[serde(flatten)]
    what: What<'f>,
}

/// What changed: one of these stands under its name.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum What<'f> {
    Port(&'f Finding),
    Sign(&'f Sign),
}

/// Looks until interrupted: all at first, then only changes. Gives the exit code of the last
/// whole look.
///
/// # Errors
/// Those of looking and of writing.
pub(crate) fn run(
    seconds: u32,
    as_json: bool,
    out: &mut dyn Write,
    mut look: impl FnMut(&mut dyn Write, bool) -> Result<Report, Error>,
) -> Result<Exit, Error> {
    let interrupt = host::session::Interrupt::catch();
    let pause = Duration::from_secs(seconds.into());
    let mut known: Option<Seen> = None;
    let mut exit = Exit::Good;
    loop {
        let began = Instant::now();
        let report = look(out, known.is_none())?;
        // What an interrupted look did not see is not gone.
        if interrupt.came() {
            return Ok(exit);
        }
        exit = match report.outcome {
            Outcome::Agree => Exit::Good,
            Outcome::Finding => Exit::Nothing,
            Outcome::Limited => Exit::Blind,
        };
        let now = seen(report);
        if let Some(before) = &known {
            tell(out, as_json, before, &now)?;
        }
        out.flush()?;
        known = Some(now);
        while began.elapsed() < pause {
            if interrupt.came() {
                return Ok(exit);
            }
            thread::sleep(PATIENCE);
        }
    }
}

/// What a look found, by what makes it the same; ends of connections come and go all the time.
/// Of several findings on one port the worst stands: it comes first.
fn seen(report: Report) -> Seen {
    let mut ports = BTreeMap::new();
    for finding in report.findings {
        if finding.peer.is_none() {
            let (device, netns) = (finding.device.clone(), finding.netns);
            let key = (finding.proto, finding.addr, finding.port, device, netns);
            ports.entry(key).or_insert(finding);
        }
    }
    let signs = report.signs.into_iter();
    let signs = signs.map(|sign| ((sign.verdict, sign.evidence.clone()), sign));
    Seen {
        ports,
        signs: signs.collect(),
    }
}

fn state(finding: &Finding) -> State {
    (finding.verdict, finding.pid, finding.command.clone())
}

/// Everything that is not as it was: signs, then ports, then what is gone.
fn changes<'f>(before: &'f Seen, now: &'f Seen, at_ms: u64) -> Vec<Change<'f>> {
    let change = |happened, before, what| Change {
        kind: "change",
        at_ms,
        happened,
        before,
        what,
    };
    let mut all = Vec::new();
    for (key, sign) in &now.signs {
        if !before.signs.contains_key(key) {
            all.push(change(Happened::New, None, What::Sign(sign)));
        }
    }
    for (key, port) in &now.ports {
        match before.ports.get(key) {
            None => all.push(change(Happened::New, None, What::Port(port))),
            Some(old) if state(old) != state(port) => {
                let other = (old.verdict != port.verdict).then_some(old.verdict);
                all.push(change(Happened::Changed, other, What::Port(port)));
            }
            Some(_) => {}
        }
    }
    let gone = before.signs.iter();
    let gone = gone.filter(|(key, _)| !now.signs.contains_key(*key));
    all.extend(gone.map(|(_, sign)| change(Happened::Gone, None, What::Sign(sign))));
    let gone = before.ports.iter();
    let gone = gone.filter(|(key, _)| !now.ports.contains_key(*key));
    all.extend(gone.map(|(_, port)| change(Happened::Gone, None, What::Port(port))));
    all
}

fn tell(out: &mut dyn Write, as_json: bool, before: &Seen, now: &Seen) -> Result<(), Error> {
    for change in changes(before, now, clock::now_ms()) {
        if as_json {
            render::json::line(out, &change)?;
        } else {
            let mut text = Text::default();
            line(&change, &mut text);
            out.write_all(text.as_bytes())?;
        }
    }
    Ok(())
}

/// `2026-11-26 21:04:05 NEW      AGREE tcp 0.0.0.0 port 4444, process 812 nc`, or
/// `… NEW      HIDDEN_PROCESS the host: process 812 is there for kill, and is not listed`.
fn line(change: &Change<'_>, text: &mut Text) {
    let (at, happened) = (clock::utc(change.at_ms), change.happened.word());
    text.show(format_args!("{at} {happened:<8} "));
    match change.what {
        What::Port(port) => {
            text.show(format_args!(
                "{} {} {} port {}",
                port.verdict, port.proto, port.addr, port.port
            ));
            if let Some(pid) = port.pid {
                text.show(format_args!(", process {pid} "));
                if let Some(command) = &port.command {
                    text.foreign(command.as_bytes());
                }
            }
        }
        What::Sign(sign) => {
            text.show(format_args!("{} the host: ", sign.verdict));
            text.printable(&sign.evidence.join("; "));
        }
    }
    if let Some(before) = change.before {
        text.show(format_args!(", before {before}"));
    }
    text.word("\n");
}

/// The first look, whole.
///
/// # Errors
/// Those of the writer.
pub(crate) fn first(out: &mut dyn Write, report: &Report, as_json: bool) -> Result<(), Error> {
    if as_json {
        json::report(out, report)?;
    } else {
        let length = crate::table::Length {
            gaps: false,
            ports: false,
        };
        crate::table::report(out, report, length)?;
        writeln!(out, "\nwatching: from here on only what changes")?;
    }
    out.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use compare::Snapshot;
    use model::census::{Census, HiddenPid};
    use model::record::SocketRow;
    use model::{Cookie, Inet, Inode, Kind, Record, Socket, Source, State};

    /// A look that found listeners on one port, by the namespace of each, and maybe a process
    /// that is not listed.
    fn look(netns: &[u64], hidden: bool) -> Seen {
        let mut snapshot = Snapshot::default();
        snapshot.facts.observer.netns = Some(NetNs(1));
        let view = snapshot.begin(Source::Netlink, 1).unwrap();
        for &number in netns {
            let local = "0.0.0.0".parse().unwrap();
            let kind = Kind::of(Inet {
                proto: Proto::Tcp,
                local,
                port: 80,
                remote: local,
                remote_port: 0,
                state: State::Listen,
                device: None,
                v6only: None,
                timer: None,
            });
            let mut socket = Socket::new(kind, Inode(number));
            (socket.netns, socket.cookie) = (Some(NetNs(number)), Some(Cookie(number)));
            let owners = None;
            snapshot.add(view, Record::Socket(SocketRow { socket, owners }));
        }
        if hidden {
            let pid = HiddenPid {
                pid: Pid(812),
                answered: vec!["kill".to_owned()],
                denied: Vec::new(),
            };
            let census = Census {
                hidden: vec![pid],
                ..Census::default()
            };
            snapshot.add(view, Record::Census(census));
        }
        seen(compare::judge(&snapshot))
    }

    #[track_caller]
    fn check(before: &Seen, now: &Seen, expected: &[&str]) {
        let mut told = Vec::new();
        for change in changes(before, now, 0) {
            let mut text = Text::default();
            line(&change, &mut text);
            told.push(text.as_bytes().escape_ascii().to_string());
        }
        let said: Vec<&str> = told.iter().map(|line| line.get(20..).unwrap()).collect();
        assert_eq!(said, expected);
    }

    #[test]
    fn a_sign_that_comes_or_goes_is_a_change() {
        let (calm, alarmed) = (look(&[1], false), look(&[1], true));
        let sign = "HIDDEN_PROCESS the host: process 812 is there for kill, and is not listed\\n";
        check(&calm, &alarmed, &[&format!("NEW      {sign}")]);
        check(&alarmed, &calm, &[&format!("GONE     {sign}")]);
        check(&alarmed, &alarmed, &[]);
    }

    #[test]
    fn one_number_in_two_namespaces_is_two_ports() {
        let line = "NEW      OTHER_NETNS tcp 0.0.0.0 port 80\\n";
        check(&look(&[1], false), &look(&[1, 2], false), &[line]);
        check(&look(&[1, 2], false), &look(&[1, 2, 3], false), &[line]);
    }
}
