//! Socket tables of the reader's network namespace.

use super::ask::{SocketAsk, States, Told};
use super::{netlink, observer, order};
use crate::parse::netlink::{DONE, ERROR, INTERRUPTED, errno, messages};
use crate::parse::{proc_net, sock_diag};
use model::{Family, Gap, Gaps, Looked, NetNs, Proto, Socket, Source, State};
use nix::sys::socket::SockProtocol;
use std::io;
use sysroot::Sysroot;

/// Gives every socket asked for, in the kernel's order, by the text tables
/// ([`Source::Procfs`]) or by sock_diag ([`Source::Netlink`]). Other sources have no tables:
/// that is a gap.
pub fn sockets(root: &Sysroot, via: Source, ask: &SocketAsk, sink: &mut dyn FnMut(Socket)) -> Told {
    let netns = observer::netns(root);
    let mut told = Told::default();
    told.coverage.netns = netns;
    for &(family, proto) in &ask.tables {
        let gaps_before = told.gaps.len();
        let read = match via {
            Source::Procfs => procfs(root, family, proto, netns, ask.states, sink, &mut told.gaps),
            Source::Netlink => diag(root, family, proto, netns, ask.states, sink, &mut told.gaps),
            other => {
                told.gaps
                    .push(Gap::new(other.name(), "has no socket tables"));
                false
            }
        };
        if read && told.gaps.len() == gaps_before {
            let bound = via == Source::Netlink
                && proto == Some(Proto::Tcp)
                && ask.states.has(State::Bound)
                && observer::tells_bound(root);
            told.coverage.looked.push(Looked {
                family,
                proto,
                bound,
            });
        }
    }
    told
}

/// Reads one text table; false where this kernel has no such table.
fn procfs(
    root: &Sysroot,
    family: Family,
    proto: Option<Proto>,
    netns: Option<NetNs>,
    states: States,
    sink: &mut dyn FnMut(Socket),
    gaps: &mut Gaps,
) -> bool {
    let Some(path) = path(family, proto) else {
        return false;
    };
    let table = proc_net::Table {
        family,
        proto,
        netns,
        order: order(root),
    };
    let mut rows = proc_net::Rows::new(table, path);
    let mut keep = |socket: Socket| {
        if wanted(&socket, states) {
            sink(socket);
        }
    };
    let result = root.stream(path, &mut |chunk| rows.push(chunk, &mut keep, gaps));
    rows.end(&mut keep, gaps);
    match result {
        Ok(()) => true,
        Err(error)
            if error.kind() == io::ErrorKind::NotFound && absent_by_nature(root, family, proto) =>
        {
            false
        }
        Err(error) => {
            gaps.push(Gap::io(path, &error));
            false
        }
    }
}

fn path(family: Family, proto: Option<Proto>) -> Option<&'static str> {
    Some(match (family, proto) {
        (Family::Inet, Some(Proto::Tcp)) => "/proc/net/tcp",
        (Family::Inet6, Some(Proto::Tcp)) => "/proc/net/tcp6",
        (Family::Inet, Some(Proto::Udp)) => "/proc/net/udp",
        (Family::Inet6, Some(Proto::Udp)) => "/proc/net/udp6",
        (Family::Inet, Some(Proto::UdpLite)) => "/proc/net/udplite",
        (Family::Inet6, Some(Proto::UdpLite)) => "/proc/net/udplite6",
        (Family::Inet, Some(Proto::Raw)) => "/proc/net/raw",
        (Family::Inet6, Some(Proto::Raw)) => "/proc/net/raw6",
        (Family::Inet, Some(Proto::Icmp)) => "/proc/net/icmp",
        (Family::Inet6, Some(Proto::Icmp)) => "/proc/net/icmp6",
        (Family::Unix, _) => "/proc/net/unix",
        (Family::Packet, _) => "/proc/net/packet",
        (Family::Netlink, _) => "/proc/net/netlink",
        (Family::Inet | Family::Inet6, _) => return None,
    })
}

/// Tables that a kernel may be built without. Where one is not there nothing was overlooked,
/// and nothing was looked at either. A missing IPv6 table is of that kind only where the
/// kernel has no IPv6 at all.
fn absent_by_nature(root: &Sysroot, family: Family, proto: Option<Proto>) -> bool {
    match (family, proto) {
        (Family::Packet, _)
        | (Family::Inet | Family::Inet6, Some(Proto::UdpLite | Proto::Icmp)) => {
            root.is_live() && root.dir("/proc/net").is_ok()
        }
        (Family::Inet6, _) => {
            root.read("/proc/net/if_inet6").is_err() && root.dir("/proc/net").is_ok()
        }
        _ => false,
    }
}

/// Whether a row is among the states asked for; only the internet families have states here.
fn wanted(socket: &Socket, states: States) -> bool {
    socket.kind.inet().is_none_or(|inet| states.has(inet.state))
}

/// Asks sock_diag for one table; false where no kernel, or not this one, can answer for it.
fn diag(
    root: &Sysroot,
    family: Family,
    proto: Option<Proto>,
    netns: Option<NetNs>,
    states: States,
    sink: &mut dyn FnMut(Socket),
    gaps: &mut Gaps,
) -> bool {
    if !sock_diag::answers(family, proto) {
        return false;
    }
    let place = place(family, proto, states);
    let request = sock_diag::dump(family, proto, asked_states(states));
    let mut dump = Reading {
        dump: sock_diag::Dump {
            family,
            proto,
            netns,
            order: order(root),
        },
        states,
        place: &place,
        gaps,
        refused: None,
        done: false,
    };
    let result = root.answer(
        &place,
        |sink| netlink::ask(SockProtocol::NetlinkSockDiag, &request, sink),
        &mut |datagram| dump.datagram(datagram, sink),
    );
    let (refused, done) = (dump.refused, dump.done);
    match (result, refused) {
        (Err(error), _) => gaps.push(Gap::io(place, &error)),
        (Ok(()), Some(errno)) if no_such_table(proto, errno) => return false,
        (Ok(()), Some(errno)) => {
            gaps.push(Gap::io(place, &io::Error::from_raw_os_error(errno)));
        }
        (Ok(()), None) if !done => gaps.push(Gap::new(place, "the answer was cut short")),
        (Ok(()), None) => return true,
    }
    false
}

/// The kernel's bits for the states asked for. A socket told as CLOSE by `TCPF_BOUND_INACTIVE`
/// is what we call BOUND; UDP and raw sockets without a peer are CLOSE themselves.
fn asked_states(states: States) -> u32 {
    if states == States::ALL {
        u32::MAX
    } else {
        states.0
    }
}

/// The name of the question: in gaps, and of the answer in a recording.
fn place(family: Family, proto: Option<Proto>, states: States) -> String {
    let family = match family {
        Family::Inet => "inet",
        Family::Inet6 => "inet6",
        Family::Unix => "unix",
        Family::Packet => "packet",
        Family::Netlink => "netlink",
    };
    let mut place = format!("sock_diag/{family}");
    if let Some(proto) = proto {
        place.push('-');
        place.push_str(proto.name());
    }
    if states != States::ALL {
        place.push_str(&format!("-{:x}", states.0));
    }
    place
}

/// Transports that many kernels have no handler for.
fn no_such_table(proto: Option<Proto>, errno: i32) -> bool {
    matches!(
        proto,
        Some(Proto::UdpLite | Proto::Sctp | Proto::Mptcp | Proto::Dccp | Proto::Icmp)
    ) && matches!(
        errno,
        libc::ENOENT | libc::EOPNOTSUPP | libc::EINVAL | libc::EPROTONOSUPPORT
    )
}

struct Reading<'a> {
    dump: sock_diag::Dump,
    states: States,
    place: &'a str,
    gaps: &'a mut Gaps,
    refused: Option<i32>,
    done: bool,
}

impl Reading<'_> {
    fn datagram(&mut self, datagram: &[u8], sink: &mut dyn FnMut(Socket)) {
        for message in messages(datagram, self.dump.order) {
            let message = match message {
                Ok(message) => message,
                Err(at) => {
                    self.gap(format!("{} bytes that are no message", datagram.len() - at));
                    continue;
                }
            };
            if message.flags & INTERRUPTED != 0 {
                self.gap("the table changed while it was read".to_owned());
            }
            match message.kind {
                DONE => {
                    self.done = true;
                    self.refuse(errno(message.body, self.dump.order));
                }
                ERROR => self.refuse(errno(message.body, self.dump.order)),
                sock_diag::BY_FAMILY => match self.dump.socket(message.body) {
                    Some(socket) if wanted(&socket, self.states) => sink(socket),
                    Some(_) => {}
                    None => self.gap("a message that is no socket".to_owned()),
                },
                other => self.gap(format!("a message of unknown type {other}")),
            }
        }
    }

    fn refuse(&mut self, errno: i32) {
        if errno != 0 {
            self.refused = Some(errno);
        }
    }

    fn gap(&mut self, reason: String) {
        self.gaps.push(Gap::new(self.place, reason));
    }
}
