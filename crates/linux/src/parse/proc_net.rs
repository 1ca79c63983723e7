//! Rows of `/proc/net/{tcp,udp,udplite,raw,icmp}{,6}`, `unix`, `netlink` and `packet`.
//!
//! Formats: `net/ipv4/tcp_ipv4.c` (`get_tcp4_sock` and its neighbours), `net/ipv4/udp.c`,
//! `net/ipv4/raw.c`, `net/ipv6/*`, `net/unix/af_unix.c` (`unix_seq_show`),
//! `net/netlink/af_netlink.c`, `net/packet/af_packet.c`. The trees differ only in blanks and
//! in what follows the inode, which is not read.

use super::Order;
use super::text::{Words, decimal, decimal32, hex, hex32, split_once};
use model::{
    Family, Foreign, Gap, Gaps, IfIndex, Inet, Inode, Kind, NetNs, Netlink, Packet, Proto, Socket,
    State, Timer, Uid, Unix, UnixType,
};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Clock ticks a second in `/proc` (`USER_HZ`), on every platform we ship for.
const TICKS_PER_SECOND: u64 = 100;

/// What a table is: enough to read its rows.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// Family of its sockets.
    pub family: Family,
    /// Transport, for the internet families.
    pub proto: Option<Proto>,
    /// The namespace it was read in.
    pub netns: Option<NetNs>,
    /// Byte order of the kernel that wrote it: addresses are printed as numbers.
    pub order: Order,
}

impl Table {
    /// One row, or nothing where the line is none.
    #[must_use]
    pub fn row(&self, line: &[u8]) -> Option<Socket> {
        match (self.family, self.proto) {
            (Family::Inet | Family::Inet6, Some(proto)) => inet(line, self, proto),
            (Family::Inet | Family::Inet6, None) => None,
            (Family::Unix, _) => unix(line, self.netns),
            (Family::Packet, _) => packet(line, self.netns),
            (Family::Netlink, _) => netlink(line, self.netns),
            (Family::Vsock | Family::Xdp, _) => None,
        }
    }
}

/// Reads a whole table. A bad row becomes a gap; the other rows stand. `place` names the
/// file in gaps.
#[must_use]
pub fn table(text: &[u8], place: &str, table: &Table) -> (Vec<Socket>, Gaps) {
    let (mut sockets, mut gaps) = (Vec::new(), Vec::new());
    let mut rows = Rows::new(*table, place);
    rows.push(text, &mut |socket| sockets.push(socket), &mut gaps);
    rows.end(&mut |socket| sockets.push(socket), &mut gaps);
    (sockets, gaps)
}

/// Reads a table in chunks as they come.
pub struct Rows {
    table: Table,
    place: String,
    lines: super::text::Lines,
    number: usize,
}

impl Rows {
    /// Begins a table; its first line is the heading.
    #[must_use]
    pub fn new(table: Table, place: &str) -> Rows {
        Rows {
            table,
            place: place.to_owned(),
            lines: super::text::Lines::default(),
            number: 0,
        }
    }

    /// Gives the rows this chunk completes.
    pub fn push(&mut self, chunk: &[u8], sink: &mut dyn FnMut(Socket), gaps: &mut Gaps) {
        let Rows {
            table,
            place,
            lines,
            number,
        } = self;
        lines.push(chunk, &mut |line| {
            one(line, table, place, number, sink, gaps)
        });
    }

    /// Gives the last row, if the text did not end with a newline.
    pub fn end(self, sink: &mut dyn FnMut(Socket), gaps: &mut Gaps) {
        let Rows {
            table,
            place,
            lines,
            mut number,
        } = self;
        lines.end(&mut |line| one(line, &table, &place, &mut number, sink, gaps));
    }
}

fn one(
    line: &[u8],
    table: &Table,
    place: &str,
    number: &mut usize,
    sink: &mut dyn FnMut(Socket),
    gaps: &mut Gaps,
) {
    *number += 1;
    match table.row(line) {
        Some(socket) => sink(socket),
        // The heading; but a doctored table without one must not cost its first row.
        None if *number == 1 => {}
        None => gaps.push(Gap::new(place, format!("line {number}: not a socket row"))),
    }
}

/// `sl: local rem st tx:rx tr:when retrnsmt uid timeout inode ref …`
fn inet(line: &[u8], table: &Table, proto: Proto) -> Option<Socket> {
    let mut words = Words::new(line);
    let slot = decimal32(words.next()?.strip_suffix(b":")?)?;
    let (local, port) = address(words.next()?, table)?;
    let (remote, remote_port) = address(words.next()?, table)?;
    let state = hex(words.next()?)?;
    let (send, receive) = split_once(words.next()?, b':')?;
    let (send_queue, recv_queue) = (hex32(send)?, hex32(receive)?);
    let (kind, when) = split_once(words.next()?, b':')?;
    let (kind, when) = (hex(kind)?, hex(when)?);
    let retransmits = hex32(words.next()?)?;
    let uid = decimal32(words.next()?)?;
    let probes = decimal32(words.next()?)?;
    let inode = decimal(words.next()?)?;
    let refs = words.next().and_then(decimal32);
    let timer = (kind != 0).then_some(Timer {
        kind: kind.try_into().ok()?,
        expires_ms: when.checked_mul(1000 / TICKS_PER_SECOND)?,
        retransmits,
        probes,
    });
    let state = State::from_number(state.try_into().ok()?);
    let kind = Kind::of(Inet {
        proto,
        local,
        port,
        remote,
        remote_port,
        state,
        device: None,
        v6only: None,
        timer,
    });
    Some(Socket {
        netns: table.netns,
        uid: Some(Uid(uid)),
        recv_queue,
        send_queue,
        refs,
        slot: Some(slot),
        ..Socket::new(kind, Inode(inode))
    })
}

/// `0100007F:1F90`, or four such words without a gap for IPv6: each word is a number in the
/// kernel's byte order.
fn address(word: &[u8], table: &Table) -> Option<(IpAddr, u16)> {
    let (address, port) = split_once(word, b':')?;
    let bytes = |word: &[u8]| {
        let number = hex32(word)?;
        Some(match table.order {
            Order::Little => number.to_le_bytes(),
            Order::Big => number.to_be_bytes(),
        })
    };
    if port.len() != 4 {
        return None;
    }
    let port = hex(port)?.try_into().ok()?;
    let address = match (table.family, address.len()) {
        (Family::Inet, 8) => IpAddr::V4(Ipv4Addr::from(bytes(address)?)),
        (Family::Inet6, 32) => {
            let mut all = [0u8; 16];
            let (words, _) = address.as_chunks::<8>();
            for (place, word) in all.as_chunks_mut::<4>().0.iter_mut().zip(words) {
                *place = bytes(word)?;
            }
            IpAddr::V6(Ipv6Addr::from(all))
        }
        _ => return None,
    };
    Some((address, port))
}

/// `Num: RefCount Protocol Flags Type St Inode[ Path]`. The path is the rest of the line, as
/// it is; a leading `@` stands for the NUL of an abstract name (a path that begins with `@`
/// looks the same: only sock_diag can tell).
fn unix(line: &[u8], netns: Option<NetNs>) -> Option<Socket> {
    const ACCEPTS: u64 = 0x1_0000; // __SO_ACCEPTCON
    let mut words = Words::new(line);
    hex(words.next()?.strip_suffix(b":")?)?;
    let refs = hex32(words.next()?)?;
    hex(words.next()?)?;
    let flags = hex(words.next()?)?;
    let unix_type = hex(words.next()?)?;
    let ss_state = hex(words.next()?)?;
    let inode = decimal(words.next()?)?;
    let path = words.rest().strip_prefix(b" ").map(|path| match path {
        [b'@', name @ ..] => Foreign::from([b"\0", name].concat()),
        path => Foreign::from(path),
    });
    let kind = Kind::Unix(Unix {
        unix_type: UnixType::from_number(unix_type.try_into().ok()?),
        listening: flags & ACCEPTS != 0,
        ss_state: Some(ss_state.try_into().ok()?),
        peer: None,
        path,
    });
    Some(Socket {
        netns,
        refs: Some(refs),
        ..Socket::new(kind, Inode(inode))
    })
}

/// `sk RefCnt Type Proto Iface R Rmem User Inode`
fn packet(line: &[u8], netns: Option<NetNs>) -> Option<Socket> {
    let mut words = Words::new(line);
    hex(words.next()?)?;
    let refs = decimal32(words.next()?)?;
    let packet_type = decimal(words.next()?)?;
    let ethertype = hex(words.next()?)?;
    let device = decimal32(words.next()?)?;
    let running = decimal(words.next()?)?;
    let recv_queue = decimal32(words.next()?)?;
    let uid = decimal32(words.next()?)?;
    let inode = decimal(words.next()?)?;
    let kind = Kind::Packet(Packet {
        packet_type: packet_type.try_into().ok()?,
        ethertype: ethertype.try_into().ok()?,
        device: IfIndex(device),
        running: running != 0,
    });
    Some(Socket {
        netns,
        uid: Some(Uid(uid)),
        recv_queue,
        refs: Some(refs),
        ..Socket::new(kind, Inode(inode))
    })
}

/// `sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode`
fn netlink(line: &[u8], netns: Option<NetNs>) -> Option<Socket> {
    let mut words = Words::new(line);
    hex(words.next()?)?;
    let protocol = decimal(words.next()?)?;
    let portid = decimal32(words.next()?)?;
    let groups = hex32(words.next()?)?;
    let recv_queue = decimal32(words.next()?)?;
    let send_queue = decimal32(words.next()?)?;
    words.next()?;
    let refs = decimal32(words.next()?)?;
    words.next()?;
    let inode = decimal(words.next()?)?;
    let kind = Kind::Netlink(Netlink {
        protocol: protocol.try_into().ok()?,
        portid,
        groups,
    });
    Some(Socket {
        netns,
        recv_queue,
        send_queue,
        refs: Some(refs),
        ..Socket::new(kind, Inode(inode))
    })
}

#[cfg(test)]
mod tests;
