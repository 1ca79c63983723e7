//! TCP connection tables (`mib2_tcpConnEntry_t`, `mib2_tcp6ConnEntry_t` of `inet/mib2.h`).
//!
//! An entry's size differs by release and CPU, so the kernel is asked for it and the layout
//! is chosen by it. Where a size is unknown the head is read, which no release has changed,
//! and the rest only if every row bears it out.

use super::Parsed;
use super::bytes::{Fields, records};
use super::sockinfo::SockInfo;
use crate::layout::{Abi, TCP4, TCP4_ENTRIES, TCP6, TCP6_ENTRIES, TcpEntry, TcpHead, TcpInfo};
use model::{Gap, IfIndex, Inet, Inode, Kind, Pid, Proto, Socket, State, Streams};
use std::net::IpAddr;

/// Which of the two tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Version {
    fn head(self) -> &'static TcpHead {
        match self {
            Version::V4 => &TCP4,
            Version::V6 => &TCP6,
        }
    }

    fn entries(self) -> &'static [TcpEntry] {
        match self {
            Version::V4 => TCP4_ENTRIES,
            Version::V6 => TCP6_ENTRIES,
        }
    }
}

/// What is known of an entry beyond its head.
#[derive(Clone, Copy)]
struct Tail {
    info: Option<TcpInfo>,
    state: Option<usize>,
    creator: Option<usize>,
    created: Option<usize>,
}

impl From<TcpEntry> for Tail {
    fn from(entry: TcpEntry) -> Tail {
        Tail {
            info: Some(entry.info),
            state: Some(entry.info.state),
            creator: entry.creator,
            created: entry.created,
        }
    }
}

const NO_TAIL: Tail = Tail {
    info: None,
    state: None,
    creator: None,
    created: None,
};

/// Reads a table. `infos` has a slot a row, or is empty.
#[must_use]
pub fn table(
    bytes: &[u8],
    stride: usize,
    version: Version,
    abi: Abi,
    infos: &[Option<SockInfo>],
    place: &str,
) -> Parsed<Socket> {
    let mut parsed = Parsed::default();
    let head = version.head();
    if stride < head.end {
        if !bytes.is_empty() {
            let reason = format!("entries of {stride} bytes cannot hold an address");
            parsed.lost.push(Gap::new(place, reason));
        }
        return parsed;
    }
    let tail = tail(bytes, stride, version, abi);
    if tail.state.is_none() && !bytes.is_empty() {
        let reason = format!("entries of {stride} bytes: windows, queues and creator left out");
        parsed.notes.push(Gap::new(place, reason));
    }
    parsed.rows.reserve(bytes.len() / stride);
    let mut contradictions = 0u64;
    for (number, record) in records(bytes, stride).enumerate() {
        let fields = Fields::new(record, abi);
        let info = infos.get(number).copied().flatten();
        match row(fields, stride, version, tail, info, &mut contradictions) {
            Ok(socket) => parsed.rows.push(socket),
            Err(reason) => {
                let place = format!("{place} row {number}");
                parsed.lost.push(Gap::new(place, reason));
            }
        }
    }
    if contradictions > 0 {
        let reason = format!("{contradictions} rows whose two states contradict each other");
        parsed.notes.push(Gap::new(place, reason));
    }
    parsed
}

fn tail(bytes: &[u8], stride: usize, version: Version, abi: Abi) -> Tail {
    let known = version.entries().iter().find(|e| e.stride == stride);
    known.map_or_else(|| guess(bytes, stride, version, abi), |e| Tail::from(*e))
}

/// Every layout since 2006 ends in state, creator and time, packed to 4 bytes on x86. That
/// is believed of an unknown one only if both states agree in every row.
fn guess(bytes: &[u8], stride: usize, version: Version, abi: Abi) -> Tail {
    let head = version.head();
    let Some(state) = stride.checked_sub(16).filter(|at| *at >= head.end) else {
        return NO_TAIL;
    };
    let agree = |record: &[u8]| {
        let fields = Fields::new(record, abi);
        match (fields.u32(head.state), fields.i32(state)) {
            (Some(mib), Some(tcp)) => agreed(mib, tcp).is_some(),
            _ => true,
        }
    };
    if !records(bytes, stride).all(agree) {
        return NO_TAIL;
    }
    Tail {
        info: None,
        state: Some(state),
        creator: Some(stride - 12),
        created: Some(stride - 8),
    }
}

fn row(
    fields: Fields<'_>,
    stride: usize,
    version: Version,
    tail: Tail,
    info: Option<SockInfo>,
    contradictions: &mut u64,
) -> Result<Socket, String> {
    if fields.bytes.len() < stride {
        return Err(format!("{} bytes of {stride}", fields.bytes.len()));
    }
    let mut inet = inet(fields, version)?;
    if let Some(tcp) = tail.state.and_then(|at| fields.i32(at)) {
        let mib = fields.u32(version.head().state).unwrap_or(0);
        match agreed(mib, tcp) {
            Some(state) => inet.state = state,
            None => *contradictions += 1,
        }
    }
    let windows = tail
        .info
        .and_then(|at| Some((fields.u32(at.swnd)?, fields.u32(at.rwnd)?)));
    let (send_queue, recv_queue) = tail.info.map_or((0, 0), |at| queues(fields, at));
    let streams = Streams {
        creator: creator(fields, tail.creator),
        created_ticks: tail.created.and_then(|at| fields.u64(at)),
        windows,
        ..Streams::default()
    };
    Ok(socket(inet, info, send_queue, recv_queue, streams))
}

/// The head of an entry, its state as RFC 4022 numbers it.
fn inet(fields: Fields<'_>, version: Version) -> Result<Inet, String> {
    let head = version.head();
    let addr = |at: usize| match version {
        Version::V4 => fields.v4(at).map(IpAddr::V4),
        Version::V6 => fields.v6(at).map(IpAddr::V6),
    };
    let cut = || "cut short".to_owned();
    let local = addr(head.local).ok_or_else(cut)?;
    let remote = addr(head.remote).ok_or_else(cut)?;
    let port = |at: usize| {
        let number = fields.u32(at).unwrap_or(0);
        fields
            .port(at)
            .ok_or_else(|| format!("{local} to {remote}: {number} is no port"))
    };
    let port_local = port(head.port)?;
    let mib = fields.u32(head.state).ok_or_else(cut)?;
    let state =
        mib_state(mib).ok_or_else(|| format!("{local} port {port_local}: {mib} is no state"))?;
    Ok(Inet {
        proto: Proto::Tcp,
        local,
        port: port_local,
        remote,
        remote_port: port(head.remote_port)?,
        state,
        device: device(fields, head.device),
        v6only: None,
        timer: None,
    })
}

/// Bytes not acknowledged and bytes not read. A FIN takes a sequence number, so one is taken
/// off what is sent; unprivileged readers get differences, for which the same holds.
fn queues(fields: Fields<'_>, at: TcpInfo) -> (u32, u32) {
    let word = |at: usize| fields.u32(at).unwrap_or(0);
    let positive = |difference: u32| u32::try_from(difference.cast_signed()).unwrap_or(0);
    let sent = word(at.snxt).wrapping_sub(word(at.suna)).wrapping_sub(1);
    let received = word(at.rnxt).wrapping_sub(word(at.rack));
    (positive(sent), positive(received))
}

/// `tcpConnState` of RFC 4022.
fn mib_state(number: u32) -> Option<State> {
    Some(match number {
        1 | 12 => State::Close,
        2 => State::Listen,
        3 => State::SynSent,
        4 => State::SynRecv,
        5 => State::Established,
        6 => State::FinWait1,
        7 => State::FinWait2,
        8 => State::CloseWait,
        9 => State::LastAck,
        10 => State::Closing,
        11 => State::TimeWait,
        _ => return None,
    })
}

/// `ce_state` (`TCPS_*` of `inet/tcp.h`), if it is no other than the MIB's state. It tells
/// CLOSED, IDLE and BOUND apart, which are all "closed" to the MIB.
fn agreed(mib: u32, tcp: i32) -> Option<State> {
    let (state, as_mib) = match tcp {
        -6 => (State::Close, 1),
        -5 => (State::Idle, 1),
        -4 => (State::Bound, 1),
        -3 => (State::Listen, 2),
        -2 => (State::SynSent, 3),
        -1 => (State::SynRecv, 4),
        0 => (State::Established, 5),
        1 => (State::CloseWait, 8),
        2 => (State::FinWait1, 6),
        3 => (State::Closing, 10),
        4 => (State::LastAck, 9),
        5 => (State::FinWait2, 7),
        6 => (State::TimeWait, 11),
        _ => return None,
    };
    (as_mib == mib).then_some(state)
}

/// The creating process; 0 is "not known".
pub(crate) fn creator(fields: Fields<'_>, at: Option<usize>) -> Option<Pid> {
    let pid = fields.u32(at?)?;
    (pid != 0 && pid <= u32::MAX / 2).then_some(Pid(pid))
}

pub(crate) fn device(fields: Fields<'_>, at: Option<usize>) -> Option<IfIndex> {
    let index = fields.u32(at?)?;
    (index != 0).then_some(IfIndex(index))
}

/// Puts a row and what the socket-to-inode table says of it together.
pub(crate) fn socket(
    inet: Inet,
    info: Option<SockInfo>,
    send_queue: u32,
    recv_queue: u32,
    streams: Streams,
) -> Socket {
    let streams = Streams {
        dual_stack: info.is_some_and(|info| info.ipv6),
        endpoint_device: info.filter(|info| info.stream).map(|info| info.device),
        ..streams
    };
    Socket {
        netns: None,
        kind: Kind::of(inet),
        inode: Inode(info.map_or(0, |info| info.inode)),
        cookie: None,
        uid: None,
        recv_queue,
        send_queue,
        refs: None,
        slot: None,
        filter: None,
        streams: Some(Box::new(streams)),
    }
}

#[cfg(test)]
#[path = "tcp_tests.rs"]
mod tests;
