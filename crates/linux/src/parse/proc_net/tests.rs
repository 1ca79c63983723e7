//! Good, short, long and hostile rows.

use super::*;
use proptest::prelude::*;

const fn of(family: Family, proto: Option<Proto>) -> Table {
    Table {
        family,
        proto,
        netns: Some(NetNs(7)),
        order: Order::Little,
    }
}

const TCP: Table = of(Family::Inet, Some(Proto::Tcp));
const TCP6: Table = of(Family::Inet6, Some(Proto::Tcp));
const UNIX: Table = of(Family::Unix, None);

const LISTEN: &[u8] = b"   0: 00000000:115C 00000000:0000 0A 00000001:00000002 00:00000000 \
    00000000  1000        0 1060 1 0000000063e392af 100 0 0 10 0                      ";

#[track_caller]
fn shown(table: &Table, line: &[u8]) -> String {
    let socket = table.row(line).expect("a row");
    let inet = socket.kind.inet().expect("an internet socket");
    format!(
        "{} {}:{} {}:{} {} r{} s{} u{} i{}",
        inet.proto,
        inet.local,
        inet.port,
        inet.remote,
        inet.remote_port,
        inet.state,
        socket.recv_queue,
        socket.send_queue,
        socket.uid.unwrap(),
        socket.inode
    )
}

#[test]
fn inet_rows() {
    assert_eq!(
        shown(&TCP, LISTEN),
        "tcp 0.0.0.0:4444 0.0.0.0:0 LISTEN r2 s1 u1000 i1060"
    );
    let time_wait = b"   5: 0100007F:1F90 0200007F:CB3A 06 00000000:00000000 03:000016D5 00000000     0        0 0 3 0000000000000000";
    assert_eq!(
        shown(&TCP, time_wait),
        "tcp 127.0.0.1:8080 127.0.0.2:52026 TIME_WAIT r0 s0 u0 i0"
    );
    let timer = TCP
        .row(time_wait)
        .unwrap()
        .kind
        .inet()
        .unwrap()
        .timer
        .unwrap();
    assert_eq!((timer.kind, timer.expires_ms), (3, 58_450));
    let six = b"   1: 00000000000000000000000001000000:115D B80D0120000000000000000001000000:0016 01 00000000:00000000 00:00000000 00000000     0        0 77 1 0000000000000000 100 0 0 10 0";
    assert_eq!(
        shown(&TCP6, six),
        "tcp ::1:4445 2001:db8::1:22 ESTABLISHED r0 s0 u0 i77"
    );
    let big = Table {
        order: Order::Big,
        ..TCP
    };
    let row = b" 0: 7F000001:0016 00000000:0000 0A 0:0 0:0 0 0 0 9 1";
    assert_eq!(
        shown(&big, row),
        "tcp 127.0.0.1:22 0.0.0.0:0 LISTEN r0 s0 u0 i9"
    );
}

#[test]
fn an_unknown_state_is_kept() {
    let row = b" 0: 0100007F:0016 00000000:0000 2A 0:0 0:0 0 0 0 9 1";
    assert!(shown(&TCP, row).contains("STATE-42"));
}

#[test]
fn rows_that_are_none() {
    for bad in [
        &b""[..],
        b"sl local_address",
        b" 0: 0100007F:0016",
        b" 0: 0100007F:00016 00000000:0000 0A 0:0 0:0 0 0 0 9 1",
        b" 0: 0100007:0016 00000000:0000 0A 0:0 0:0 0 0 0 9 1",
        b" +0: 0100007F:0016 00000000:0000 0A 0:0 0:0 0 0 0 9 1",
        b" 0: 0100007F:0016 00000000:0000 0A 0:0 0:0 0 0 0 99999999999999999999 1",
        b" 0: 0100007F:0016 00000000:0000 0A 0:0 0:0 0 -1 0 9 1",
        b" 0: 0100007F:0016 00000000:0000 1FF 0:0 0:0 0 0 0 9 1",
        b" 0: 00000000000000000000000001000000:0016 00000000:0000 0A 0:0 0:0 0 0 0 9 1",
    ] {
        assert_eq!(TCP.row(bad), None, "{}", bad.escape_ascii());
    }
}

#[test]
fn unix_rows_and_names() {
    let unix = |line: &[u8]| match UNIX.row(line).expect("a row").kind {
        Kind::Unix(unix) => unix,
        other => panic!("{other:?}"),
    };
    let listening =
        unix(b"00000000ab: 00000002 00000000 00010000 0001 01 25294819 @abstract/te st");
    assert!(listening.listening);
    assert_eq!(listening.path, Some(Foreign::from("\0abstract/te st")));
    let odd = unix(b"ab: 00000003 00000000 00000000 0002 03 5 /run/\xff x ");
    assert_eq!((odd.unix_type, odd.ss_state), (UnixType::Dgram, Some(3)));
    assert_eq!(odd.path, Some(Foreign::from(&b"/run/\xff x "[..])));
    assert_eq!(unix(b"ab: 00000003 00000000 00000000 0005 01 5").path, None);
}

#[test]
fn packet_and_netlink_rows() {
    let packet = of(Family::Packet, None)
        .row(b"00000000aa 3      3    0003   2     1 0      1000   12345 ")
        .expect("a row");
    let Kind::Packet(inner) = packet.kind else {
        panic!()
    };
    assert_eq!(
        (inner.packet_type, inner.ethertype, inner.device),
        (3, 3, IfIndex(2))
    );
    assert_eq!((packet.uid, packet.inode), (Some(Uid(1000)), Inode(12_345)));
    let netlink = of(Family::Netlink, None)
        .row(b"0000000068b2fa93 16  4294963142 00000111 4    5        0     2        0        22      ")
        .expect("a row");
    let Kind::Netlink(inner) = netlink.kind else {
        panic!()
    };
    assert_eq!(
        (inner.protocol, inner.portid, inner.groups),
        (16, 4_294_963_142, 0x111)
    );
    assert_eq!((netlink.recv_queue, netlink.inode), (4, Inode(22)));
}

#[test]
fn a_bad_row_costs_no_other_row() {
    let good = LISTEN.escape_ascii().to_string();
    let text = format!("heading\n{good}\nnonsense\n\n{good}\n{good}");
    let (sockets, gaps) = table(text.as_bytes(), "/proc/net/tcp", &TCP);
    assert_eq!(sockets.len(), 3);
    let reasons: Vec<&str> = gaps.iter().map(|gap| gap.reason.as_str()).collect();
    assert_eq!(
        reasons,
        ["line 3: not a socket row", "line 4: not a socket row"]
    );
}

proptest! {
    #[test]
    fn rows_and_gaps_are_the_lines(text in "[ -~\n]{0,400}", kind in 0usize..5) {
        let tables = [TCP, TCP6, UNIX, of(Family::Packet, None), of(Family::Netlink, None)];
        let (sockets, gaps) = table(text.as_bytes(), "t", &tables[kind]);
        let lines = text.strip_suffix('\n').unwrap_or(&text).split('\n').count();
        let rows = if text.is_empty() { 0 } else { lines - 1 };
        prop_assert_eq!(sockets.len() + gaps.len(), rows);
    }

    #[test]
    fn damaged_rows_never_panic(at in 0usize..200, byte: u8, order in any::<bool>()) {
        let mut line = LISTEN.to_vec();
        if let Some(place) = line.get_mut(at) {
            *place = byte;
        }
        let order = if order { Order::Big } else { Order::Little };
        let _ = Table { order, ..TCP }.row(&line);
    }
}
