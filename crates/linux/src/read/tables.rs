//! Socket tables of the reader's network namespace.

use super::ahead::{Pieces, ahead};
use super::ask::{SocketAsk, States, Told};
use super::{netlink, observer, order};
use crate::parse::netlink::{CHANGED, DONE, ERROR, INTERRUPTED, errno, messages};
use crate::parse::{proc_net, sock_diag};
use model::gap::counted;
use model::{Family, Gap, Gaps, Looked, NetNs, Proto, Socket, Source, State};
use nix::sys::socket::SockProtocol;
use std::io;
use sysroot::Sysroot;

/// Gives every socket asked for, in the kernel's order, by the text tables
/// ([`Source::Procfs`]) or by sock_diag ([`Source::Netlink`]). Other sources have no tables:
/// that is a gap.
pub fn sockets(root: &Sysroot, via: Source, ask: &SocketAsk, sink: &mut dyn FnMut(Socket)) -> Told {
    sockets_in(&Stand::own(root), root, via, ask, sink)
}

/// Where a reader stands: the namespace it asks in, and the directory of its text tables.
#[derive(Clone, Copy, Debug)]
pub struct Stand {
    /// The namespace.
    pub netns: Option<NetNs>,
    /// `/proc/net` is that of the process; a thread in another namespace has its own.
    pub net: &'static str,
}

impl Stand {
    /// The namespace of this process.
    #[must_use]
    pub fn own(root: &Sysroot) -> Stand {
        Stand {
            netns: observer::netns(root),
            net: "/proc/net",
        }
    }

    /// The namespace a thread of this process went into.
    #[must_use]
    pub fn of_thread(netns: NetNs) -> Stand {
        Stand {
            netns: Some(netns),
            net: "/proc/thread-self/net",
        }
    }
}

/// As [`sockets`], of the namespace the caller stands in.
pub fn sockets_in(
    stand: &Stand,
    root: &Sysroot,
    via: Source,
    ask: &SocketAsk,
    sink: &mut dyn FnMut(Socket),
) -> Told {
    let mut told = Told::default();
    told.coverage.netns = stand.netns;
    if !matches!(via, Source::Procfs | Source::Netlink) {
        let gaps = ask
            .tables
            .iter()
            .map(|_| Gap::new(via.name(), "has no socket tables"));
        told.gaps.extend(gaps);
        return told;
    }
    let asked = ask.tables.iter();
    let questions: Vec<Question> = asked
        .filter_map(|&(family, proto)| Question::new(root, stand, via, (family, proto), ask))
        .collect();
    let read = |question: &Question, pieces: Pieces<'_>| question.read(root, pieces);
    ahead(&questions, Question::is_long, read, |question, pump| {
        let gaps_before = told.gaps.len();
        let answer = Answer {
            root,
            stand,
            question,
            ask,
        };
        let read = match question.way {
            Way::Text => answer.text(pump, sink, &mut told.gaps),
            Way::Diag(_) => answer.diag(pump, sink, &mut told.gaps),
        };
        if read && told.gaps.len() == gaps_before {
            let bound = via == Source::Netlink
                && question.proto == Some(Proto::Tcp)
                && ask.states.has(State::Bound)
                && observer::tells_bound(root);
            told.coverage.looked.push(Looked {
                family: question.family,
                proto: question.proto,
                bound,
            });
        }
    });
    told
}

/// One table to be asked for.
struct Question {
    family: Family,
    proto: Option<Proto>,
    /// The path of the text table, or the name of the question to sock_diag.
    place: String,
    way: Way,
}

enum Way {
    Text,
    /// With this request.
    Diag(Vec<u8>),
}

impl Question {
    /// None where the source has no such table on any kernel.
    fn new(
        root: &Sysroot,
        stand: &Stand,
        via: Source,
        (family, proto): (Family, Option<Proto>),
        ask: &SocketAsk,
    ) -> Option<Question> {
        let (place, way) = if via == Source::Procfs {
            let name = name(family, proto)?;
            (format!("{}/{name}", stand.net), Way::Text)
        } else if sock_diag::answers(family, proto) {
            // A recording is to answer for other ports as well.
            let port = ask.port.filter(|_| root.is_plain());
            let request = sock_diag::dump(family, proto, asked_states(ask.states), port);
            (place(family, proto, ask.states), Way::Diag(request))
        } else {
            return None;
        };
        Some(Question {
            family,
            proto,
            place,
            way,
        })
    }

    /// Whether the answer may be worth a thread of its own.
    fn is_long(&self) -> bool {
        self.proto == Some(Proto::Tcp)
    }

    fn read(&self, root: &Sysroot, pieces: Pieces<'_>) -> io::Result<()> {
        match &self.way {
            Way::Text => root.stream(&self.place, pieces),
            Way::Diag(request) => root.answer(
                &self.place,
                |pieces| netlink::ask(SockProtocol::NetlinkSockDiag, request, pieces),
                pieces,
            ),
        }
    }
}

/// What is needed to understand the answer to a question.
struct Answer<'a> {
    root: &'a Sysroot,
    stand: &'a Stand,
    question: &'a Question,
    ask: &'a SocketAsk,
}

/// Hands on the pieces of an answer, and gives how the reading ended.
type Pump<'a> = &'a mut dyn FnMut(Pieces<'_>) -> io::Result<()>;

impl Answer<'_> {
    /// A text table; false where this kernel has no such table.
    fn text(&self, pump: Pump<'_>, sink: &mut dyn FnMut(Socket), gaps: &mut Gaps) -> bool {
        let Question {
            family,
            proto,
            ref place,
            ..
        } = *self.question;
        let table = proc_net::Table {
            family,
            proto,
            netns: self.stand.netns,
            order: order(self.root),
        };
        let mut rows = proc_net::Rows::new(table, place);
        let mut keep = |socket: Socket| {
            if wanted(&socket, self.ask) {
                sink(socket);
            }
        };
        let result = pump(&mut |chunk| rows.push(chunk, &mut keep, gaps));
        rows.end(&mut keep, gaps);
        match result {
            Ok(()) => true,
            Err(error)
                if error.kind() == io::ErrorKind::NotFound
                    && absent_by_nature(self.root, self.stand, family, proto) =>
            {
                false
            }
            Err(error) => {
                gaps.push(Gap::io(place, &error));
                false
            }
        }
    }

    /// What sock_diag says; false where this kernel has no such table.
    fn diag(&self, pump: Pump<'_>, sink: &mut dyn FnMut(Socket), gaps: &mut Gaps) -> bool {
        let Question {
            family,
            proto,
            ref place,
            ..
        } = *self.question;
        let mut dump = Reading {
            dump: sock_diag::Dump {
                family,
                proto,
                netns: self.stand.netns,
                order: order(self.root),
            },
            ask: self.ask,
            place,
            gaps,
            refused: None,
            done: false,
        };
        let result = pump(&mut |datagram| dump.datagram(datagram, sink));
        let (refused, done) = (dump.refused, dump.done);
        match (result, refused) {
            (Err(error), _) => gaps.push(Gap::io(place, &error)),
            (Ok(()), Some(errno)) if no_such_table(family, proto, errno) => return false,
            (Ok(()), Some(errno)) => {
                gaps.push(Gap::io(place, &io::Error::from_raw_os_error(errno)));
            }
            (Ok(()), None) if !done => gaps.push(Gap::new(place, "the answer was cut short")),
            (Ok(()), None) => return true,
        }
        false
    }
}

fn name(family: Family, proto: Option<Proto>) -> Option<&'static str> {
    Some(match (family, proto) {
        (Family::Inet, Some(Proto::Tcp)) => "tcp",
        (Family::Inet6, Some(Proto::Tcp)) => "tcp6",
        (Family::Inet, Some(Proto::Udp)) => "udp",
        (Family::Inet6, Some(Proto::Udp)) => "udp6",
        (Family::Inet, Some(Proto::UdpLite)) => "udplite",
        (Family::Inet6, Some(Proto::UdpLite)) => "udplite6",
        (Family::Inet, Some(Proto::Raw)) => "raw",
        (Family::Inet6, Some(Proto::Raw)) => "raw6",
        (Family::Inet, Some(Proto::Icmp)) => "icmp",
        (Family::Inet6, Some(Proto::Icmp)) => "icmp6",
        (Family::Unix, _) => "unix",
        (Family::Packet, _) => "packet",
        (Family::Netlink, _) => "netlink",
        (Family::Inet | Family::Inet6 | Family::Vsock | Family::Xdp, _) => return None,
    })
}

/// Tables that a kernel may be built without. Where one is not there nothing was overlooked,
/// and nothing was looked at either. A missing IPv6 table is of that kind only where the
/// kernel has no IPv6 at all.
fn absent_by_nature(root: &Sysroot, stand: &Stand, family: Family, proto: Option<Proto>) -> bool {
    match (family, proto) {
        (Family::Packet, _)
        | (Family::Inet | Family::Inet6, Some(Proto::UdpLite | Proto::Icmp)) => {
            root.is_live() && root.dir(stand.net).is_ok()
        }
        (Family::Inet6, _) => {
            root.read(format!("{}/if_inet6", stand.net)).is_err() && root.dir(stand.net).is_ok()
        }
        _ => false,
    }
}

/// Whether a row has a state and the port asked for; only the internet families have any.
fn wanted(socket: &Socket, ask: &SocketAsk) -> bool {
    let inet = socket.kind.inet();
    inet.is_none_or(|inet| {
        ask.states.has(inet.state) && ask.port.is_none_or(|port| inet.port == port)
    })
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
        Family::Vsock => "vsock",
        Family::Xdp => "xdp",
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

/// Transports and families that many kernels have no handler for.
fn no_such_table(family: Family, proto: Option<Proto>, errno: i32) -> bool {
    let rare = matches!(
        proto,
        Some(Proto::UdpLite | Proto::Sctp | Proto::Mptcp | Proto::Dccp | Proto::Icmp)
    );
    (rare || matches!(family, Family::Vsock | Family::Xdp))
        && matches!(
            errno,
            libc::ENOENT | libc::EOPNOTSUPP | libc::EINVAL | libc::EPROTONOSUPPORT
        )
}

struct Reading<'a> {
    dump: sock_diag::Dump,
    ask: &'a SocketAsk,
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
                    let left = (datagram.len() - at) as u64;
                    self.gap(counted(left, "byte that is", "bytes that are") + " no message");
                    continue;
                }
            };
            if message.flags & INTERRUPTED != 0 {
                self.gap(CHANGED.to_owned());
            }
            match message.kind {
                DONE => {
                    self.done = true;
                    self.refuse(errno(message.body, self.dump.order));
                }
                ERROR => self.refuse(errno(message.body, self.dump.order)),
                sock_diag::BY_FAMILY => match self.dump.socket(message.body) {
                    Some(socket) if wanted(&socket, self.ask) => sink(socket),
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
