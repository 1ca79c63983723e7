//! Files made elsewhere, answers from the network, and what a person types.

use crate::choice;
use compare::statement::Ended;
use compare::{Snapshot, Statement, judge, remote};
use model::{Proto, Record, Source};
use scan::{packet, ports, target};
use select::{Address, Command, Fds, Numbers, StateFilter};
use std::net::{IpAddr, Ipv4Addr};

/// A scan in nmap's XML, its grepable form, or our own lines; then the judgement of it.
pub(crate) fn nmap(bytes: &[u8]) {
    let mut snapshot = Snapshot::default();
    let here = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));
    let own = IpAddr::V4(Ipv4Addr::LOCALHOST);
    remote::take(&mut snapshot, "t", bytes, &[(here, own)]);
    let _ = judge(&snapshot);
}

/// The stored answer of a sibling; then the judgement of it.
pub(crate) fn lines(bytes: &[u8]) {
    let mut snapshot = Snapshot::default();
    for source in [Source::Procfs, Source::Netlink] {
        let opened = Statement::open(&mut snapshot, "rnetstat", source, 1);
        let mut statement = opened.unwrap();
        for line in bytes.split(|&byte| byte == b'\n') {
            statement.line(&mut snapshot, line);
        }
        let ended = Ended {
            code: Some(0),
            ..Ended::default()
        };
        statement.close(&mut snapshot, &ended);
    }
    let _ = judge(&snapshot);
}

/// One line of ours: what is printed is read back the same, and printed the same again.
pub(crate) fn record(bytes: &[u8]) {
    let Ok(record) = serde_json::from_slice::<Record>(bytes) else {
        return;
    };
    let text = serde_json::to_string(&record).unwrap();
    let again: Record = serde_json::from_str(&text).unwrap();
    assert_eq!(record, again, "{text}");
    assert_eq!(text, serde_json::to_string(&again).unwrap());
}

/// Packets from the network.
pub(crate) fn packets(bytes: &[u8]) {
    let _ = packet::tcp(bytes);
    if let Some(ip) = packet::ipv4(bytes) {
        let _ = format!("{:?}", packet::tcp(ip.body));
    }
    let _ = (
        packet::icmp(bytes).is_some(),
        packet::icmp_v6(bytes).is_some(),
    );
    let local = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let _ = packet::checksum(local, local, 6, bytes);
    let shown = render::safe::escaped(bytes);
    assert!(!shown.contains(char::is_control), "{shown:?}");
}

/// Single words that a person types: ports, addresses, names, lists.
pub(crate) fn argv(bytes: &[u8]) {
    let (number, rest) = choice(bytes);
    let Ok(text) = std::str::from_utf8(rest) else {
        return;
    };
    let _ = Address::parse(text);
    for proto in [None, Some(Proto::Tcp), Some(Proto::Udp)] {
        let _ = select::Ports::parse(text, proto);
    }
    if let Ok(command) = Command::parse(text) {
        let _ = command.matches(b"python3");
    }
    let _ = StateFilter::parse(text);
    let _ = Fds::default().add(text);
    let _ = Numbers::default().add(text);
    let _ = target::parse(text, number & 1 == 1);
    if let Ok(set) = ports::parse(text) {
        let counted = set.tcp.iter().count();
        assert_eq!(counted, set.tcp.len());
        assert!(set.tcp.iter().all(|port| set.tcp.contains(port)));
    }
}
