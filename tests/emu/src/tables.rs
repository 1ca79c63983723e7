//! The kernel's tables of the synthetic host: MIB, sockinfo, unix list, counters.

use crate::bytes::Record;
use crate::story::{Release, Sock};
use solaris::layout::{
    ADDR4, ADDR6, AddrHead, KSTAT_LP64, TCP4, TCP4_ENTRIES, TCP6_ENTRIES, UDP4, UDP4_TAILS,
    UNIX_RECORDS, UnixRecord, named, scalars, sockinfo, unix,
};
use solaris::parse::optmgmt;
use std::net::Ipv4Addr;

/// Strides of TCPv4, TCPv6, UDPv4 and UDPv6 entries.
fn strides(release: Release) -> [usize; 4] {
    match release {
        Release::Illumos => [172, 200, 36, 64],
        Release::SmartOs => [176, 204, 36, 64],
        // UDP of 11.4 is longer than any layout that is public.
        Release::Solaris114 => [68, 96, 52, 80],
        Release::Solaris110 => [68, 96, 36, 64],
        Release::Solaris10 => [56, 84, 20, 48],
    }
}

fn word(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// The answer of the STREAMS modules.
pub(crate) fn mib2(release: Release, sockets: &[Sock]) -> Vec<u8> {
    let [tcp4, tcp6, udp4, udp6] = strides(release);
    let mut answer = Vec::new();
    let mut item = |level: u32, name: u32, data: &[u8]| {
        let control: Vec<u8> = [22, 12, 16, 0x20, level, name, word(data.len())]
            .iter()
            .flat_map(|word| word.to_le_bytes())
            .collect();
        optmgmt::keep(&control, data, &mut |part| answer.extend_from_slice(part));
    };
    let [addr4, addr6] = match release {
        Release::Solaris10 => [96, 144],
        _ => [100, 176],
    };
    item(260, 0, &Record::new(160).u32(scalars::ADDR4, word(addr4)).0);
    item(260, 20, &addresses_of(&ADDR4, addr4, ADDRESSES4));
    item(268, 0, &Record::new(128).u32(scalars::ADDR6, word(addr6)).0);
    item(268, 25, &addresses_of(&ADDR6, addr6, ADDRESSES6));
    let (udp, tcp): (Vec<&Sock>, Vec<&Sock>) = sockets.iter().partition(|socket| socket.udp);
    let counters = Record::new(40)
        .u32(scalars::UDP4, word(udp4))
        .u32(scalars::UDP6, word(udp6));
    item(263, 0, &counters.0);
    let rows: Vec<u8> = udp.iter().flat_map(|s| udp_row(udp4, s)).collect();
    item(263, 5, &rows);
    item(271, 6, &[]);
    let counters = Record::new(228)
        .u32(scalars::TCP4, word(tcp4))
        .u32(scalars::TCP6, word(tcp6));
    item(262, 0, &counters.0);
    let rows: Vec<u8> = tcp.iter().flat_map(|s| tcp_row(tcp4, s)).collect();
    item(262, 13, &rows);
    item(270, 14, &[]);
    if release.tells_inodes() {
        item(263, 106, &infos(&udp));
        item(262, 106, &infos(&tcp));
    }
    debug_assert!(TCP6_ENTRIES.iter().any(|entry| entry.stride == tcp6));
    answer
}

/// Bytes of an address, its interface, and whether that is up.
type Own = (&'static [u8], &'static str, bool);

const ADDRESSES4: &[Own] = &[
    (&[127, 0, 0, 1], "lo0", true),
    (&[172, 27, 10, 9], "net0", true),
    (&[10, 9, 9, 9], "net1", false),
    (&[0, 0, 0, 0], "net2", true),
];

/// fe80::9.
const ADDRESSES6: &[Own] = &[(
    &[0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9],
    "net0",
    true,
)];

fn addresses_of(head: &AddrHead, stride: usize, own: &[Own]) -> Vec<u8> {
    let entry = |(addr, name, up): &Own| {
        Record::new(stride)
            .bytes(head.addr, addr)
            .u32(head.name, word(name.len()))
            .bytes(head.name + 4, name.as_bytes())
            // IFF_RUNNING and IFF_IPV4 or the like, and IFF_UP.
            .u32(head.flags, 0x840 | u32::from(*up))
            .0
    };
    own.iter().flat_map(entry).collect()
}

fn infos(sockets: &[&Sock]) -> Vec<u8> {
    let entry = |(row, socket): (u64, &&Sock)| {
        Record::new(sockinfo::STRIDE)
            .u64(sockinfo::ROW, row)
            .u64(sockinfo::INODE, socket.inode)
            .u64(sockinfo::FLAGS, u64::from(socket.endpoint.is_some()))
            .u64(sockinfo::DEVICE, socket.endpoint.unwrap_or(559 << 32))
            .0
    };
    (0..).zip(sockets).flat_map(entry).collect()
}

fn addresses(row: Record, at: (usize, usize, usize, usize), socket: &Sock) -> Record {
    let (local, port, remote, remote_port) = at;
    let octets = |addr: &std::net::SocketAddrV4| addr.ip().octets();
    let peer = socket
        .remote
        .unwrap_or(std::net::SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0));
    row.bytes(local, &octets(&socket.local))
        .u32(port, socket.local.port().into())
        .bytes(remote, &octets(&peer))
        .u32(remote_port, peer.port().into())
}

fn tcp_row(stride: usize, socket: &Sock) -> Vec<u8> {
    let entry = TCP4_ENTRIES.iter().find(|entry| entry.stride == stride);
    let Some(entry) = entry else {
        unreachable!("the synthetic host has known TCP layouts")
    };
    let (mib, state) = socket.state;
    let at = (TCP4.local, TCP4.port, TCP4.remote, TCP4.remote_port);
    let mut row = addresses(Record::new(stride), at, socket)
        .u32(TCP4.state, mib)
        .u32(entry.info.snxt, 1001)
        .u32(entry.info.suna, 1000)
        .u32(entry.info.swnd, 64_128)
        .u32(entry.info.rnxt, 2000)
        .u32(entry.info.rack, 2000)
        .u32(entry.info.rwnd, 128_872)
        .i32(entry.info.state, state);
    if let Some(creator) = entry.creator {
        row = row.u32(creator, socket.creator);
    }
    if let Some(created) = entry.created {
        row = row.u64(created, 4242);
    }
    row.0
}

fn udp_row(stride: usize, socket: &Sock) -> Vec<u8> {
    let at = (UDP4.local, UDP4.port, UDP4.remote, UDP4.remote_port);
    let row = addresses(Record::new(stride), at, socket).u32(UDP4.state, 2);
    match UDP4_TAILS.iter().find(|tail| tail.stride == stride) {
        Some(tail) => {
            row.u32(tail.creator, socket.creator)
                .u64(tail.created, 4243)
                .0
        }
        None => row.0,
    }
}

/// The list of unix sockets: one that listens.
pub(crate) fn unix_list(release: Release, path: &[u8], inode: u64) -> Vec<u8> {
    let size = match release {
        Release::Illumos | Release::SmartOs => 2160,
        Release::Solaris114 | Release::Solaris110 => 2152,
        Release::Solaris10 => 2148,
    };
    let layout: Option<&UnixRecord> = UNIX_RECORDS.iter().find(|record| record.stride == size);
    let Some(layout) = layout else {
        unreachable!("the synthetic host has known unix records")
    };
    let record = Record::new(size)
        .u32(unix::SIZE, word(size))
        .u32(unix::STATE, 0x220)
        .u32(unix::LOCAL_MAGIC, 0x7578_7670)
        .u32(unix::SERVICE, 2)
        .u32(unix::LOCAL_LENGTH, 110)
        .bytes(unix::LOCAL_PATH, path)
        .bytes(layout.addresses, b"ffffff0170a1b2c0")
        .bytes(layout.addresses + 17, b"ffffff0171000d80")
        .bytes(layout.addresses + 34, b"0000000000000000");
    match layout.inode {
        Some(at) => record.u64(at, inode).0,
        None => record.0,
    }
}

/// Headers of the statistics there are: number, module, name, class, kind, records, bytes.
pub(crate) fn chain(statistics: &[(i32, &str, &str, &str, u8, u32, usize)]) -> Vec<u8> {
    let at = &KSTAT_LP64;
    let header = |(kid, module, name, class, kind, ndata, size): &(
        i32,
        &str,
        &str,
        &str,
        u8,
        u32,
        usize,
    )| {
        Record::new(at.stride)
            .i32(at.kid, *kid)
            .bytes(at.module, module.as_bytes())
            .bytes(at.name, name.as_bytes())
            .bytes(at.class, class.as_bytes())
            .bytes(at.kind, &[*kind])
            .u32(at.ndata, *ndata)
            .u64(at.data_size, *size as u64)
            .0
    };
    statistics.iter().flat_map(header).collect()
}

/// Named 32-bit numbers.
pub(crate) fn numbers(values: &[(&str, u32)]) -> Vec<u8> {
    const UINT32: u8 = 2;
    let value = |(name, number): &(&str, u32)| {
        Record::new(named::STRIDE)
            .bytes(0, name.as_bytes())
            .bytes(named::KIND, &[UINT32])
            .u32(named::VALUE, *number)
            .0
    };
    values.iter().flat_map(value).collect()
}
