//! The NAME column.

use crate::row::Row;
use model::{Inet, Kind, Proto, Special, State, Unix, UnixType, Vsock, service};
use render::Text;
use std::net::IpAddr;

/// Writes the name of a row, state and other ends included.
pub(crate) fn full(row: &Row<'_>, out: &mut Text) {
    plain(row, out);
    if !row.ends.is_empty() {
        out.word(" ");
        // Assembled from numbers and from names that were made harmless.
        out.word(row.ends);
    }
    state(row, out);
    match (row.show.netns, row.socket.and_then(|socket| socket.netns)) {
        (Some(own), Some(other)) if own != other => out.show(format_args!(" netns={other}")),
        _ => {}
    }
    if row.is_guess() {
        out.word(" probably in flight");
    }
}

/// Writes the name alone.
pub(crate) fn plain(row: &Row<'_>, out: &mut Text) {
    match row.socket.map(|socket| &socket.kind) {
        Some(Kind::Inet(inet) | Kind::Inet6(inet)) if inet.proto == Proto::Raw => raw(inet, out),
        Some(Kind::Inet(inet) | Kind::Inet6(inet)) => ends(inet, row.show.port_names, out),
        Some(Kind::Unix(unix)) => unix_name(unix, out),
        Some(Kind::Packet(packet)) => match packet.packet_type {
            2 => out.word("type=SOCK_DGRAM"),
            3 => out.word("type=SOCK_RAW"),
            10 => out.word("type=SOCK_PACKET"),
            other => out.show(format_args!("type={other}")),
        },
        Some(Kind::Netlink(netlink)) => match netlink_word(netlink.protocol) {
            Some(word) => out.word(word),
            None => out.show(format_args!(
                "unknown netlink protocol: {}",
                netlink.protocol
            )),
        },
        Some(Kind::Vsock(vsock)) => vsock_ends(vsock, out),
        Some(Kind::Xdp(xdp)) => {
            out.show(format_args!("iface={} queue={}", xdp.device, xdp.queue));
        }
        None => file(row, out),
    }
}

/// `*:9999` or `1:1024->1:9999`.
fn vsock_ends(vsock: &Vsock, out: &mut Text) {
    let end = |cid: u32, port: u32, out: &mut Text| {
        for (number, after) in [(cid, ":"), (port, "")] {
            match number {
                Vsock::ANY => out.word("*"),
                number => out.number(number.into()),
            }
            out.word(after);
        }
    };
    end(vsock.cid, vsock.port, out);
    if vsock.remote_port != Vsock::ANY {
        out.word("->");
        end(vsock.remote_cid, vsock.remote_port, out);
    }
}

/// What is no socket of a known table: where the kernel's link points, without the parts
/// that stand in other columns.
fn file(row: &Row<'_>, out: &mut Text) {
    let name = row.file.name.as_bytes();
    match row.file.special.as_deref() {
        Some(Special::EventFd(id)) => return out.show(format_args!("[eventfd:{id}]")),
        Some(Special::Epoll(watched)) => return epoll(watched, out),
        Some(Special::PidFd(Some(pid))) => return out.show(format_args!("[pidfd:{pid}]")),
        Some(Special::PidFd(None) | Special::Terminal(_)) | None => {}
    }
    if let Some(rest) = name.strip_prefix(b"anon_inode:") {
        return out.foreign(rest);
    }
    match kernel_word(name) {
        Some(b"socket") => match row.protocol {
            Some(word) => out.show(format_args!("protocol: {word}")),
            None => out.word("in no table, and cannot be asked"),
        },
        Some(word) => out.foreign(word),
        None => out.foreign(name),
    }
}

/// The word of `pipe:[4242]`, `net:[4026531833]` and their like.
fn kernel_word(name: &[u8]) -> Option<&[u8]> {
    let inner = name.strip_suffix(b"]")?;
    let at = inner.iter().position(|&byte| byte == b':')?;
    let (word, number) = inner.split_at_checked(at)?;
    let number = number.strip_prefix(b":[")?;
    let plain = word
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    (plain && number.iter().all(u8::is_ascii_digit)).then_some(word)
}

/// The most watched descriptors that are shown.
const WATCHED_SHOWN: usize = 32;

fn epoll(watched: &[u32], out: &mut Text) {
    out.word("[eventpoll:");
    for (at, fd) in watched.iter().take(WATCHED_SHOWN).enumerate() {
        if at > 0 {
            out.word(",");
        }
        out.number((*fd).into());
    }
    out.word(if watched.len() > WATCHED_SHOWN {
        "...]"
    } else {
        "]"
    });
}

/// `*:22` or `127.0.0.1:22->127.0.0.1:4444`.
fn ends(inet: &Inet, names: bool, out: &mut Text) {
    end(inet, inet.local, inet.port, names, out);
    if inet.remote_port != 0 || !inet.remote.is_unspecified() {
        out.word("->");
        end(inet, inet.remote, inet.remote_port, names, out);
    }
}

fn end(inet: &Inet, addr: IpAddr, port: u16, names: bool, out: &mut Text) {
    match addr {
        addr if addr.is_unspecified() => out.word("*"),
        IpAddr::V4(_) => out.address(addr),
        IpAddr::V6(addr) => match addr.to_ipv4_mapped() {
            Some(mapped) => out.address(mapped.into()),
            None => out.show(format_args!("[{addr}]")),
        },
    }
    out.word(":");
    let name = if names {
        service::name(inet.proto, port)
    } else {
        None
    };
    match name {
        _ if port == 0 => out.word("*"),
        Some(name) => out.word(name),
        None => out.number(port.into()),
    }
}

/// As `/proc/net/raw` has it, the address a number in the machine's byte order.
fn raw(inet: &Inet, out: &mut Text) {
    hex(inet.local, out);
    out.show(format_args!(":{:04X}->", inet.port));
    hex(inet.remote, out);
    out.show(format_args!(
        ":{:04X} st={:02X}",
        inet.remote_port,
        inet.state.number()
    ));
}

fn hex(addr: IpAddr, out: &mut Text) {
    let octets = match addr {
        IpAddr::V4(addr) => addr.octets().to_vec(),
        IpAddr::V6(addr) => addr.octets().to_vec(),
    };
    for word in octets.as_chunks::<4>().0 {
        out.show(format_args!("{:08X}", u32::from_le_bytes(*word)));
    }
}

fn unix_name(unix: &Unix, out: &mut Text) {
    if let Some(path) = unix
        .path
        .as_ref()
        .filter(|path| !path.as_bytes().is_empty())
    {
        match path.as_bytes() {
            [0, name @ ..] => {
                out.word("@");
                out.foreign(name);
            }
            path => out.foreign(path),
        }
        out.word(" ");
    }
    match unix.unix_type {
        UnixType::Stream => out.word("type=STREAM"),
        UnixType::Dgram => out.word("type=DGRAM"),
        UnixType::Seqpacket => out.word("type=SEQPACKET"),
        UnixType::Other(number) => out.show(format_args!("type={number}")),
    }
}

/// Writes ` (LISTEN)` and its like.
fn state(row: &Row<'_>, out: &mut Text) {
    match row.socket.map(|socket| (&socket.kind, socket)) {
        Some((Kind::Unix(unix), _)) => {
            out.word(" (");
            out.word(unix_state(unix));
            out.word(")");
        }
        Some((Kind::Inet(inet) | Kind::Inet6(inet), socket)) => {
            let queues = row.show.tcp_queues;
            match state_word(inet).filter(|_| row.show.tcp_state) {
                Some(state) if queues => out.show(format_args!(
                    " ({state} QR={} QS={})",
                    socket.recv_queue, socket.send_queue
                )),
                Some(state) => {
                    out.word(" (");
                    match state.name() {
                        Some(name) => out.word(name),
                        None => out.show(state),
                    }
                    out.word(")");
                }
                None if queues && inet.proto != Proto::Raw => out.show(format_args!(
                    " (QR={} QS={})",
                    socket.recv_queue, socket.send_queue
                )),
                None => {}
            }
        }
        _ => {}
    }
}

/// The state of an internet socket that has one: a UDP socket only with a peer.
pub(crate) fn state_word(inet: &Inet) -> Option<State> {
    match (inet.proto, inet.state) {
        (Proto::Raw, _) | (Proto::Udp | Proto::UdpLite | Proto::Icmp, State::Close) => None,
        (_, state) => Some(state),
    }
}

/// The state of a unix socket. sock_diag does not tell the kernel's `ss_state`: having a
/// peer is being connected.
pub(crate) fn unix_state(unix: &Unix) -> &'static str {
    match (unix.listening, unix.ss_state, unix.peer) {
        (true, ..) => "LISTEN",
        (_, Some(2), _) => "CONNECTING",
        (_, Some(3), _) | (_, None, Some(_)) => "CONNECTED",
        (_, Some(4), _) => "DISCONNECTING",
        (_, Some(1) | None, _) => "UNCONNECTED",
        (_, Some(_), _) => "UNKNOWN",
    }
}

/// Names of the netlink families (include/uapi/linux/netlink.h).
#[rustfmt::skip]
fn netlink_word(protocol: u8) -> Option<&'static str> {
    const WORDS: &[(u8, &str)] = &[
        (0, "ROUTE"), (1, "UNUSED"), (2, "USERSOCK"), (3, "FIREWALL"), (4, "INET_DIAG"),
        (5, "NFLOG"), (6, "XFRM"), (7, "SELINUX"), (8, "ISCSI"), (9, "AUDIT"),
        (10, "FIB_LOOKUP"), (11, "CONNECTOR"), (12, "NETFILTER"), (13, "IP6_FW"),
        (14, "DNRTMSG"), (15, "KOBJECT_UEVENT"), (16, "GENERIC"), (18, "SCSITRANSPORT"),
        (19, "ECRYPTFS"), (20, "RDMA"), (21, "CRYPTO"), (22, "SMC"),
    ];
    WORDS.iter().find(|row| row.0 == protocol).map(|row| row.1)
}
