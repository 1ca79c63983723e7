//! sock_diag: requests, and the messages of its answers
//! (`include/uapi/linux/{sock_diag,inet_diag,unix_diag,packet_diag,netlink_diag}.h`).

mod beside;

use super::netlink::{attributes, request};
use super::{Order, bpf};
use model::{
    Cookie, Family, Foreign, IfIndex, Inet, Inode, Kind, NetNs, Netlink, Packet, Proto, Socket,
    State, Timer, Uid, Unix, UnixType,
};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// `SOCK_DIAG_BY_FAMILY`: the type of requests and of the messages of an answer.
pub const BY_FAMILY: u16 = 20;
/// `NLM_F_REQUEST | NLM_F_ROOT | NLM_F_MATCH`
const DUMP: u16 = 0x301;

const AF_UNIX: u8 = 1;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
const AF_NETLINK: u8 = 16;
const AF_PACKET: u8 = 17;
const AF_VSOCK: u8 = 40;
const AF_XDP: u8 = 44;

/// The transport's number in the request; those above 255 go into an attribute.
fn ip_protocol(proto: Proto) -> u16 {
    match proto {
        Proto::Tcp => 6,
        Proto::Udp => 17,
        Proto::Dccp => 33,
        Proto::Sctp => 132,
        Proto::UdpLite => 136,
        Proto::Raw => 255,
        Proto::Icmp => 1,
        Proto::Mptcp => 262,
    }
}

/// Whether sock_diag can be asked for this table at all: no kernel has a handler for ICMP
/// echo sockets.
#[must_use]
pub fn answers(family: Family, proto: Option<Proto>) -> bool {
    !matches!(
        (family, proto),
        (Family::Inet | Family::Inet6, None | Some(Proto::Icmp))
    )
}

/// The request for a table. `states` has a bit a TCP state and holds for the internet
/// families, unix and vsock; of a port, the internet families tell only sockets that have it as
/// their own.
#[must_use]
pub fn dump(family: Family, proto: Option<Proto>, states: u32, port: Option<u16>) -> Vec<u8> {
    const UNIX_SHOW: u32 = 0x1 | 0x4 | 0x10 | 0x40; // name, peer, queues, uid
    const PACKET_SHOW: u32 = 0x1 | 0x10 | 0x20; // info with the uid, memory, filter
    const NETLINK_SHOW: u32 = 0x1 | 0x2; // memory, groups
    const ALL_PROTOCOLS: u8 = 255;
    let body = match family {
        Family::Inet => inet_body(AF_INET, proto, states, port),
        Family::Inet6 => inet_body(AF_INET6, proto, states, port),
        Family::Unix => small_body(AF_UNIX, 0, &[states, 0, UNIX_SHOW, 0, 0]),
        Family::Packet => small_body(AF_PACKET, 0, &[0, PACKET_SHOW, 0, 0]),
        Family::Netlink => small_body(AF_NETLINK, ALL_PROTOCOLS, &[0, NETLINK_SHOW, 0, 0]),
        Family::Vsock => beside::vsock_request(states),
        Family::Xdp => beside::xdp_request(),
    };
    request(BY_FAMILY, DUMP, &body)
}

fn small_body(family: u8, protocol: u8, words: &[u32]) -> Vec<u8> {
    let mut body = vec![family, protocol, 0, 0];
    body.extend(words.iter().flat_map(|word| word.to_ne_bytes()));
    body
}

/// `struct inet_diag_req_v2`: family, protocol, extensions, padding, states, then an
/// `inet_diag_sockid` of 48 bytes that a dump leaves empty but for its first field, the
/// local port (`inet_diag_dump_icsk` in `net/ipv4/inet_diag.c`).
fn inet_body(family: u8, proto: Option<Proto>, states: u32, port: Option<u16>) -> Vec<u8> {
    const REQ_PROTOCOL: u16 = 3; // INET_DIAG_REQ_PROTOCOL
    let number = proto.map_or(0, ip_protocol);
    let mut body = vec![family, u8::try_from(number).unwrap_or(255), 0, 0];
    body.extend_from_slice(&states.to_ne_bytes());
    body.extend_from_slice(&port.unwrap_or(0).to_be_bytes());
    body.resize(body.len() + 46, 0);
    if number > 255 {
        body.extend_from_slice(&8u16.to_ne_bytes());
        body.extend_from_slice(&REQ_PROTOCOL.to_ne_bytes());
        body.extend_from_slice(&u32::from(number).to_ne_bytes());
    }
    body
}

/// What an answer is about: enough to read its messages.
#[derive(Clone, Copy, Debug)]
pub struct Dump {
    /// The family asked for.
    pub family: Family,
    /// The transport asked for; messages do not repeat it.
    pub proto: Option<Proto>,
    /// The namespace asked in.
    pub netns: Option<NetNs>,
    /// Byte order of the kernel that answered.
    pub order: Order,
}

impl Dump {
    /// The socket of one message, or nothing where the body is none.
    #[must_use]
    pub fn socket(&self, body: &[u8]) -> Option<Socket> {
        let family = *body.first()?;
        match self.family {
            Family::Inet if family == AF_INET => self.inet(body),
            Family::Inet6 if family == AF_INET6 => self.inet(body),
            Family::Unix if family == AF_UNIX => self.unix(body),
            Family::Packet if family == AF_PACKET => self.packet(body),
            Family::Netlink if family == AF_NETLINK => self.netlink(body),
            Family::Vsock if family == AF_VSOCK => self.vsock(body),
            Family::Xdp if family == AF_XDP => self.xdp(body),
            _ => None,
        }
    }

    fn word(&self, body: &[u8], at: usize) -> Option<u32> {
        Some(self.order.u32(*body.get(at..)?.first_chunk()?))
    }

    /// The two halves of a cookie, the low one first.
    fn cookie(&self, body: &[u8], at: usize) -> Option<Cookie> {
        let (low, high) = (self.word(body, at)?, self.word(body, at + 4)?);
        Some(Cookie(u64::from(high) << 32 | u64::from(low)))
    }

    /// `struct inet_diag_msg`, 72 bytes, then attributes.
    fn inet(&self, body: &[u8]) -> Option<Socket> {
        const HEAD: usize = 72;
        const SKV6ONLY: u16 = 11;
        const PEERS: u16 = 13;
        let head = body.get(..HEAD)?;
        let [family, state, timer, retrans] = *head.first_chunk()?;
        let port = |at: usize| Some(u16::from_be_bytes(*head.get(at..)?.first_chunk()?));
        let address = |at: usize| {
            let raw = head.get(at..)?;
            Some(if family == AF_INET {
                IpAddr::V4(Ipv4Addr::from(*raw.first_chunk::<4>()?))
            } else {
                IpAddr::V6(Ipv6Addr::from(*raw.first_chunk::<16>()?))
            })
        };
        let device = self.word(head, 40)?;
        let find = |wanted: u16| {
            let mut all = attributes(body.get(HEAD..)?, self.order);
            all.find(|(kind, _)| *kind == wanted)
        };
        let v6only = find(SKV6ONLY).and_then(|(_, payload)| Some(*payload.first()? != 0));
        let proto = self.proto?;
        // Only an association has a list of the peer's addresses. Its interface is that of its
        // route, to which nothing is bound.
        let association = proto == Proto::Sctp && find(PEERS).is_some();
        let kind = Kind::of(Inet {
            proto,
            local: address(8)?,
            port: port(4)?,
            remote: address(24)?,
            remote_port: port(6)?,
            state: if association {
                association_state(state)
            } else {
                told_state(proto, state)
            },
            device: (device != 0 && !association).then_some(IfIndex(device)),
            v6only,
            timer: self.timer(timer, retrans, head)?,
        });
        Some(Socket {
            netns: self.netns,
            cookie: Some(self.cookie(head, 44)?),
            uid: Some(Uid(self.word(head, 64)?)),
            recv_queue: self.word(head, 56)?,
            send_queue: self.word(head, 60)?,
            ..Socket::new(kind, Inode(self.word(head, 68)?.into()))
        })
    }

    /// The field that counts retransmissions counts probes while the probe timer runs.
    fn timer(&self, kind: u8, count: u8, head: &[u8]) -> Option<Option<Timer>> {
        const PROBE: u8 = 4;
        let expires_ms = self.word(head, 52)?.into();
        let count = u32::from(count);
        let (retransmits, probes) = if kind == PROBE {
            (0, count)
        } else {
            (count, 0)
        };
        Some((kind != 0).then_some(Timer {
            kind,
            expires_ms,
            retransmits,
            probes,
        }))
    }

    /// `struct unix_diag_msg`, 16 bytes, then attributes.
    fn unix(&self, body: &[u8]) -> Option<Socket> {
        let [_, unix_type, state, _] = *body.first_chunk()?;
        let inode = self.word(body, 4)?;
        let cookie = self.cookie(body, 8)?;
        let (mut path, mut peer, mut queues, mut uid) = (None, None, (0, 0), None);
        for (kind, payload) in attributes(body.get(16..)?, self.order) {
            match kind {
                0 => path = Some(unix_name(payload)),
                2 => peer = self.word(payload, 0).map(|inode| Inode(inode.into())),
                4 => queues = (self.word(payload, 0)?, self.word(payload, 4)?),
                7 => uid = self.word(payload, 0).map(Uid),
                _ => {}
            }
        }
        let listening = State::from_number(state) == State::Listen;
        let kind = Kind::Unix(Unix {
            unix_type: UnixType::from_number(unix_type),
            listening,
            ss_state: None,
            peer,
            path,
        });
        Some(Socket {
            netns: self.netns,
            cookie: Some(cookie),
            uid,
            recv_queue: queues.0,
            send_queue: queues.1,
            ..Socket::new(kind, Inode(inode.into()))
        })
    }

    /// `struct packet_diag_msg`, 16 bytes, then attributes.
    fn packet(&self, body: &[u8]) -> Option<Socket> {
        const RUNNING: u32 = 1; // PDI_RUNNING
        let packet_type = *body.get(1)?;
        let ethertype = self.order.u16(*body.get(2..)?.first_chunk()?);
        let (mut device, mut flags, mut uid, mut memory) = (0, 0, None, (0, 0));
        let mut filter = None;
        for (kind, payload) in attributes(body.get(16..)?, self.order) {
            match kind {
                0 => (device, flags) = (self.word(payload, 0)?, self.word(payload, 20)?),
                5 => uid = self.word(payload, 0).map(Uid),
                6 => memory = (self.word(payload, 0)?, self.word(payload, 8)?),
                // Present and empty where there is no filter.
                7 if !payload.is_empty() => {
                    filter = Some(Box::new(bpf::filter(payload, self.order)));
                }
                _ => {}
            }
        }
        let kind = Kind::Packet(Packet {
            packet_type,
            ethertype,
            device: IfIndex(device),
            running: flags & RUNNING != 0,
        });
        Some(Socket {
            netns: self.netns,
            cookie: Some(self.cookie(body, 8)?),
            uid,
            recv_queue: memory.0,
            send_queue: memory.1,
            filter,
            ..Socket::new(kind, Inode(self.word(body, 4)?.into()))
        })
    }

    /// `struct netlink_diag_msg`, 28 bytes, then attributes.
    fn netlink(&self, body: &[u8]) -> Option<Socket> {
        let protocol = *body.get(2)?;
        let (mut groups, mut memory) = (0, (0, 0));
        let cookie = self.cookie(body, 20)?;
        for (kind, payload) in attributes(body.get(28..)?, self.order) {
            match kind {
                0 => memory = (self.word(payload, 0)?, self.word(payload, 8)?),
                1 => groups = self.word(payload, 0).unwrap_or(0),
                _ => {}
            }
        }
        let kind = Kind::Netlink(Netlink {
            protocol,
            portid: self.word(body, 4)?,
            groups,
        });
        Some(Socket {
            netns: self.netns,
            cookie: Some(cookie),
            recv_queue: memory.0,
            send_queue: memory.1,
            ..Socket::new(kind, Inode(self.word(body, 16)?.into()))
        })
    }
}

/// A TCP socket that is told as CLOSE holds a port without listening: the kernel lists no
/// other closed TCP socket, and these only since Linux 6.8 (`TCPF_BOUND_INACTIVE`).
fn told_state(proto: Proto, number: u8) -> State {
    match (proto, State::from_number(number)) {
        (Proto::Tcp, State::Close) => State::Bound,
        (_, state) => state,
    }
}

/// An association counts its states otherwise than a socket (`enum sctp_state` in
/// `include/net/sctp/constants.h`): the one of TCP that stands nearest.
fn association_state(number: u8) -> State {
    match number {
        0 => State::Close,
        1 | 2 => State::SynSent, // COOKIE_WAIT, COOKIE_ECHOED
        3 => State::Established,
        4 => State::FinWait1,  // SHUTDOWN_PENDING
        5 => State::FinWait2,  // SHUTDOWN_SENT
        6 => State::CloseWait, // SHUTDOWN_RECEIVED
        7 => State::LastAck,   // SHUTDOWN_ACK_SENT
        other => State::Other(other),
    }
}

/// A path ends with the NUL the kernel adds; an abstract name begins with one and ends with
/// the attribute.
fn unix_name(payload: &[u8]) -> Foreign {
    match payload {
        [0, ..] => Foreign::from(payload),
        path => Foreign::from(path.strip_suffix(b"\0").unwrap_or(path)),
    }
}

#[cfg(test)]
mod tests;
