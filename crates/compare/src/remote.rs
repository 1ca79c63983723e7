//! Scans made elsewhere: our own JSON lines, nmap's XML (`-oX`) and its grepable form (`-oG`).
//!
//! What such a file says of an address counts only where that address is this host's, or
//! where the person who brings it says which of this host's addresses it is.

use crate::snapshot::Snapshot;
use model::probe::Tally;
use model::{Coverage, Gap, PortState, Probe, Proto, Record, Source, Technique};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Ports taken from one file, at most.
const PORTS_MAX: usize = 4_000_000;

/// Takes a scan into a view of its own. `map` names addresses as scanned and which of the
/// host's own they are.
pub fn take(snapshot: &mut Snapshot, name: &str, bytes: &[u8], map: &[(IpAddr, IpAddr)]) {
    let Some(view) = snapshot.begin(Source::Remote, 0) else {
        return;
    };
    let (records, gaps) = read(name, bytes);
    let mut strangers: BTreeMap<IpAddr, usize> = BTreeMap::new();
    for mut record in records {
        let addr = match &mut record {
            Record::Probe(probe) => &mut probe.addr,
            Record::Tally(tally) => &mut tally.addr,
            _ => continue,
        };
        if let Some((_, own)) = map.iter().find(|(scanned, _)| scanned == addr) {
            *addr = *own;
        } else if !snapshot.facts.addrs.iter().any(|(own, _)| own == addr) {
            *strangers.entry(*addr).or_default() += 1;
            continue;
        }
        snapshot.add(view, record);
    }
    for gap in gaps {
        snapshot.gap(view, gap);
    }
    for (addr, count) in strangers {
        let reason = format!("{addr} is no address of this host: {count} answers left out (--map)");
        snapshot.gap(view, Gap::new(name, reason));
    }
    snapshot.end(view, Coverage::default());
}

/// What is wrong with a file that should be a scan, and where: it is none, it is damaged, or it
/// was cut short. What a sibling says it could not do is no fault of the file.
#[must_use]
pub fn fault(bytes: &[u8]) -> Option<String> {
    let (_, gaps) = read("", bytes);
    gaps.into_iter()
        .find(|gap| gap.place.is_empty())
        .map(|gap| gap.reason)
}

/// Reads whichever of the formats it is.
fn read(name: &str, bytes: &[u8]) -> (Vec<Record>, Vec<Gap>) {
    let mut scan = Scan {
        name,
        records: Vec::new(),
        gaps: Vec::new(),
    };
    match bytes.trim_ascii_start().first() {
        Some(b'<') => scan.xml(bytes),
        Some(b'{') => scan.lines(bytes),
        Some(b'#' | b'H') => scan.grepable(bytes),
        _ => scan.gap("neither our JSON nor nmap's XML or grepable form".to_owned()),
    }
    (scan.records, scan.gaps)
}

struct Scan<'n> {
    name: &'n str,
    records: Vec<Record>,
    gaps: Vec<Gap>,
}

impl Scan<'_> {
    fn gap(&mut self, reason: String) {
        // One word on what is wrong is enough: a hostile file could hold a million faults.
        if self.gaps.is_empty() {
            self.gaps.push(Gap::new(self.name, reason));
        }
    }

    fn add(&mut self, record: Record) {
        if self.records.len() < PORTS_MAX {
            self.records.push(record);
        } else {
            self.gap("more ports than are read".to_owned());
        }
    }

    fn lines(&mut self, bytes: &[u8]) {
        let mut ended = false;
        for (at, line) in bytes.split(|&byte| byte == b'\n').enumerate() {
            if line.is_empty() {
                continue;
            }
            match serde_json::from_slice::<Record>(line) {
                Ok(
                    Record::Probe(Probe { technique, .. }) | Record::Tally(Tally { technique, .. }),
                ) if technique == Technique::Bind => {
                    self.gap(format!("line {}: a bind probe is no scan", at + 1));
                }
                Ok(record @ (Record::Probe(_) | Record::Tally(_))) => self.add(record),
                Ok(Record::Gap(gap)) => self.gaps.push(gap),
                Ok(Record::End(_)) => ended = true,
                Ok(Record::Begin(_)) => ended = false,
                Ok(_) => self.gap(format!("line {}: not of a scan", at + 1)),
                Err(_) => self.gap(format!("line {}: no record of ours", at + 1)),
            }
        }
        if !ended {
            self.gap("it was cut short".to_owned());
        }
    }

    fn xml(&mut self, bytes: &[u8]) {
        let mut reader = Reader::from_reader(bytes);
        let mut host = None;
        let mut port = None;
        let mut extra = None;
        loop {
            let at = reader.buffer_position();
            let event = match reader.read_event() {
                Ok(event) => event,
                Err(_) => return self.gap(format!("byte {at}: not XML")),
            };
            match event {
                Event::Start(tag) | Event::Empty(tag) => match tag.name().as_ref() {
                    b"host" => host = None,
                    b"address" => host = address(&tag).or(host),
                    b"port" => port = numbered(&tag),
                    b"state" => {
                        if let (Some(addr), Some((proto, port))) = (host, port) {
                            self.told(addr, proto, port, &tag);
                        }
                    }
                    b"extraports" => extra = state(&tag, b"state"),
                    b"extrareasons" => self.extra(&tag, host, extra),
                    _ => {}
                },
                Event::End(tag) if tag.name().as_ref() == b"nmaprun" => return,
                Event::Eof => return self.gap("it was cut short".to_owned()),
                _ => {}
            }
        }
    }

    /// One `<state>` below a `<port>`; a host's own `<status>` has another name.
    fn told(&mut self, addr: IpAddr, proto: Proto, port: u16, tag: &BytesStart<'_>) {
        if let Some(state) = state(tag, b"state") {
            let reason = attribute(tag, b"reason").unwrap_or_default();
            self.add(probe(addr, proto, port, state, reason));
        }
    }

    /// Ports nmap sums up; since 7.9 it says which they are.
    fn extra(&mut self, tag: &BytesStart<'_>, host: Option<IpAddr>, state: Option<PortState>) {
        let proto = attribute(tag, b"proto").and_then(|name| transport(&name));
        let count = attribute(tag, b"count").and_then(|count| count.parse().ok());
        let (Some(addr), Some(state), Some(proto), Some(count), Some(ports)) =
            (host, state, proto, count, attribute(tag, b"ports"))
        else {
            return;
        };
        self.add(Record::Tally(Tally {
            technique: Technique::Connect,
            proto,
            addr,
            state,
            reason: attribute(tag, b"reason").unwrap_or_default(),
            count,
            ports: Some(ports),
            netns: None,
        }));
    }

    fn grepable(&mut self, bytes: &[u8]) {
        for (at, line) in bytes.split(|&byte| byte == b'\n').enumerate() {
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            let Some(addr) = std::str::from_utf8(line).ok().and_then(host_line) else {
                self.gap(format!("line {}: not of nmap's grepable form", at + 1));
                continue;
            };
            let text = std::str::from_utf8(line).unwrap_or_default();
            let fields = text.split('\t').filter_map(|it| it.strip_prefix("Ports: "));
            for word in fields.flat_map(|ports| ports.split(", ")) {
                match port_word(word) {
                    Some((proto, port, state)) => {
                        self.add(probe(addr, proto, port, state, String::new()));
                    }
                    // The rest of a version that has a comma in it.
                    None if !word.starts_with(|c: char| c.is_ascii_digit()) => {}
                    None => self.gap(format!("line {}: a port not understood", at + 1)),
                }
            }
        }
    }
}

fn probe(addr: IpAddr, proto: Proto, port: u16, state: PortState, reason: String) -> Record {
    let technique = if proto == Proto::Udp {
        Technique::Udp
    } else {
        Technique::Connect
    };
    Record::Probe(Probe {
        technique,
        netns: None,
        proto,
        addr,
        port,
        state,
        reason,
    })
}

/// The address of `Host: 192.0.2.1 (name)`.
fn host_line(line: &str) -> Option<IpAddr> {
    let rest = line.strip_prefix("Host: ")?;
    rest.split([' ', '\t']).next()?.parse().ok()
}

/// `22/open/tcp//ssh///`.
fn port_word(word: &str) -> Option<(Proto, u16, PortState)> {
    let mut parts = word.trim().split('/');
    let port = parts.next()?.parse().ok()?;
    let state = named_state(parts.next()?)?;
    Some((transport(parts.next()?)?, port, state))
}

fn address(tag: &BytesStart<'_>) -> Option<IpAddr> {
    attribute(tag, b"addr")?.parse().ok()
}

fn numbered(tag: &BytesStart<'_>) -> Option<(Proto, u16)> {
    let proto = transport(&attribute(tag, b"protocol")?)?;
    Some((proto, attribute(tag, b"portid")?.parse().ok()?))
}

fn state(tag: &BytesStart<'_>, name: &[u8]) -> Option<PortState> {
    named_state(&attribute(tag, name)?)
}

/// The text of an attribute; what is no UTF-8 or no number of ours is left out by its reader.
fn attribute(tag: &BytesStart<'_>, name: &[u8]) -> Option<String> {
    let mut attributes = tag.attributes();
    let found = attributes
        .with_checks(false)
        .flatten()
        .find(|attribute| attribute.key.as_ref() == name)?;
    std::str::from_utf8(&found.value).ok().map(str::to_owned)
}

fn transport(name: &str) -> Option<Proto> {
    match name {
        "tcp" => Some(Proto::Tcp),
        "udp" => Some(Proto::Udp),
        "sctp" => Some(Proto::Sctp),
        _ => None,
    }
}

fn named_state(name: &str) -> Option<PortState> {
    match name {
        "open" => Some(PortState::Open),
        "closed" | "unfiltered" => Some(PortState::Closed),
        "filtered" | "closed|filtered" => Some(PortState::Filtered),
        "open|filtered" => Some(PortState::OpenFiltered),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const XML: &str = r#"<?xml version="1.0"?><!DOCTYPE nmaprun>
<nmaprun scanner="nmap"><host><status state="up"/><address addr="10.0.0.2" addrtype="ipv4"/>
<address addr="02:00:00:00:00:01" addrtype="mac"/><ports>
<extraports state="closed" count="2"><extrareasons reason="reset" count="2" proto="tcp" ports="1-2"/></extraports>
<port protocol="tcp" portid="22"><state state="open" reason="syn-ack" reason_ttl="64"/><service name="ssh"/></port>
<port protocol="tcp" portid="80"><state state="filtered" reason="no-response"/></port>
</ports></host></nmaprun>"#;

    const GREPABLE: &str = "# Nmap 7.93 scan initiated\nHost: 10.0.0.2 ()\tStatus: Up\n\
        Host: 10.0.0.2 ()\tPorts: 22/open/tcp//ssh//OpenSSH 9.2, Debian/, 80/filtered/tcp//http///\tIgnored State: closed (998)\n# Nmap done\n";

    const LINES: &str = r#"{"type":"begin","schema":1,"tool":"rnmap","version":"0","source":"remote"}
{"type":"probe","technique":"connect","proto":"tcp","addr":"10.0.0.2","port":22,"state":"open","reason":"syn-ack"}
{"type":"probe","technique":"connect","proto":"tcp","addr":"10.0.0.2","port":80,"state":"filtered","reason":"no-response"}
{"type":"end","rows":2,"gaps":0}
"#;

    fn taken(bytes: &[u8], map: &[(IpAddr, IpAddr)]) -> Snapshot {
        let mut snapshot = Snapshot::default();
        let own = "10.0.0.2".parse().unwrap();
        snapshot.facts.addrs.push((own, model::IfIndex(2)));
        take(&mut snapshot, "scan", bytes, map);
        snapshot
    }

    #[test]
    fn three_forms_say_the_same() {
        let addr: IpAddr = "10.0.0.2".parse().unwrap();
        for text in [XML, GREPABLE, LINES] {
            let snapshot = taken(text.as_bytes(), &[]);
            let view = &snapshot.views[0];
            assert_eq!(view.gaps, [], "{text}");
            let state = |port| view.probes.state(Proto::Tcp, addr, port);
            assert_eq!(state(22), Some(PortState::Open), "{text}");
            assert_eq!(state(80), Some(PortState::Filtered), "{text}");
            assert_eq!(state(81), None, "{text}");
        }
        let view = &taken(XML.as_bytes(), &[]).views[0];
        let state = view.probes.state(Proto::Tcp, addr, 2);
        assert_eq!(state, Some(PortState::Closed));
    }

    #[test]
    fn only_addresses_of_this_host_count() {
        let other = XML.replace("10.0.0.2", "203.0.113.9");
        let snapshot = taken(other.as_bytes(), &[]);
        assert!(snapshot.views[0].gaps[0].reason.contains("203.0.113.9"));
        let scanned = "203.0.113.9".parse().unwrap();
        let own = "10.0.0.2".parse().unwrap();
        let snapshot = taken(other.as_bytes(), &[(scanned, own)]);
        let state = snapshot.views[0].probes.state(Proto::Tcp, own, 22);
        assert_eq!(state, Some(PortState::Open));
    }

    #[test]
    fn what_is_wrong_with_a_file_is_told_with_its_place() {
        for text in [XML, GREPABLE, LINES] {
            assert_eq!(fault(text.as_bytes()), None);
        }
        let told = |text: &str| fault(text.as_bytes()).unwrap_or_default();
        assert_eq!(
            told("tcp 22 open"),
            "neither our JSON nor nmap's XML or grepable form"
        );
        assert_eq!(
            told(&LINES.replacen("probe", "prob", 1)),
            "line 2: no record of ours"
        );
        assert!(told("<nmaprun><a b=<").ends_with("not XML"));
        assert_eq!(told(&XML[..XML.len() - 10]), "it was cut short");
        let gap = r#"{"type":"gap","place":"10.0.0.2","reason":"late"}"#;
        let lines = LINES.replacen(
            "\n{\"type\":\"end",
            &format!("\n{gap}\n{{\"type\":\"end"),
            1,
        );
        assert_eq!(fault(lines.as_bytes()), None);
    }

    #[test]
    fn a_damaged_file_is_a_gap_and_what_was_read_stands() {
        let addr = "10.0.0.2".parse().unwrap();
        for text in [XML, LINES] {
            let cut = text.len() - 12;
            let snapshot = taken(&text.as_bytes()[..cut], &[]);
            assert_eq!(snapshot.views[0].gaps.len(), 1, "{text}");
            let state = snapshot.views[0].probes.state(Proto::Tcp, addr, 22);
            assert_eq!(state, Some(PortState::Open), "{text}");
        }
        for text in [
            "",
            "\0\0",
            "<",
            "<a",
            "{",
            "Host: x\n",
            "# x\nHost: 10.0.0.2 ()\tPorts: 7x\n",
        ] {
            assert!(
                !taken(text.as_bytes(), &[]).views[0].gaps.is_empty(),
                "{text}"
            );
        }
        // Entities are not expanded: a bomb stays small.
        let bomb = "<!DOCTYPE x [<!ENTITY a \"&a;&a;\">]><nmaprun><host><address addr=\"&a;\"/></host></nmaprun>";
        assert_eq!(taken(bomb.as_bytes(), &[]).views[0].gaps, []);
    }
}
