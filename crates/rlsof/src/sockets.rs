//! The sockets of this network namespace and of those processes are in, found by inode.

use host::read::beside;
use host::read::tables::Stand;
use model::ask::{SocketAsk, States};
use model::{Family, FileKind, Gap, Gaps, Inode, OpenFile, Pid, Proto, Socket, Source, State};
use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use sysroot::Sysroot;

/// Sockets, and where each stands by inode.
#[derive(Default)]
pub(crate) struct Sockets {
    sockets: Vec<Socket>,
    /// In order, each inode once. A socket without inode (Solaris 11.4) has a number of its own
    /// here, above every inode.
    places: Vec<(Inode, u32)>,
    /// Those without inode by their addresses: none where several have the same.
    named: HashMap<Name, Option<Inode>>,
}

/// Transport, local and remote address.
type Name = (Proto, SocketAddr, SocketAddr);

/// A socket's name; an IPv4 address in IPv6 clothes is the plain one.
fn name(socket: &Socket) -> Option<Name> {
    let inet = socket.kind.inet()?;
    let local = SocketAddr::new(inet.local.to_canonical(), inet.port);
    let remote = match inet.remote_port {
        0 => unnamed(local),
        port => SocketAddr::new(inet.remote.to_canonical(), port),
    };
    Some((inet.proto, local, remote))
}

/// The other end of what has none.
fn unnamed(local: SocketAddr) -> SocketAddr {
    let addr = match local.ip() {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    SocketAddr::new(addr, 0)
}

impl Sockets {
    fn new(sockets: Vec<Socket>) -> Sockets {
        // A multipath socket shares its inode with its first TCP connection. That comes first:
        // it is what lsof shows, and what `-iTCP` means.
        let multipath = |socket: &Socket| {
            let inet = socket.kind.inet();
            inet.is_some_and(|inet| inet.proto == Proto::Mptcp)
        };
        // On Solaris an IPv6 socket that takes both families has a row among the IPv4 ones too.
        let dual = |socket: &Socket| socket.streams.as_ref().is_some_and(|it| it.dual_stack);
        let key = |at: u32, socket: &Socket| match socket.inode {
            Inode(0) => Inode(u64::MAX - u64::from(at)),
            inode => inode,
        };
        let mut named: HashMap<Name, Option<Inode>> = HashMap::new();
        for (at, socket) in (0u32..).zip(&sockets) {
            if let Some(name) = name(socket).filter(|_| socket.inode == Inode(0)) {
                let only = Some(key(at, socket));
                named
                    .entry(name)
                    .and_modify(|it| *it = None)
                    .or_insert(only);
            }
        }
        let keys = (0u32..).zip(&sockets);
        let mut keys: Vec<_> = keys
            .map(|(at, socket)| (key(at, socket), multipath(socket) || dual(socket), at))
            .collect();
        keys.sort_unstable();
        keys.dedup_by_key(|key| key.0);
        Sockets {
            places: keys.into_iter().map(|(inode, _, at)| (inode, at)).collect(),
            sockets,
            named,
        }
    }

    /// The socket an open file is.
    pub(crate) fn of(&self, file: &OpenFile) -> Option<&Socket> {
        self.get(self.at(file)?)
    }

    /// The socket at a place.
    pub(crate) fn get(&self, place: usize) -> Option<&Socket> {
        let (_, at) = self.places.get(place)?;
        self.sockets.get(usize::try_from(*at).ok()?)
    }

    /// Its place among the sockets.
    pub(crate) fn at(&self, file: &OpenFile) -> Option<usize> {
        let inode = file.inode.filter(|_| file.kind == FileKind::Socket)?;
        let inode = self.by_name(file).unwrap_or(inode);
        self.places
            .binary_search_by_key(&inode, |place| place.0)
            .ok()
    }

    /// The number of the one socket without inode that has a descriptor's addresses.
    fn by_name(&self, file: &OpenFile) -> Option<Inode> {
        let detail = file.detail.as_deref().filter(|_| !self.named.is_empty())?;
        let local = detail.address()?;
        let remote = detail.other_end().unwrap_or(unnamed(local));
        let mut protos = [Proto::Tcp, Proto::Udp].into_iter();
        let proto = protos.find(|proto| detail.socket_type.is_some() && detail.has_type(*proto))?;
        self.named.get(&(proto, local, remote)).copied().flatten()
    }

    /// Every socket, in the order of its place.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Socket> {
        (0..self.places.len()).filter_map(|place| self.get(place))
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }
}

/// Reads every table of this network namespace and, if `elsewhere`, of those processes are in,
/// or only these processes are in. sock_diag is asked first, because it is faster and knows more; a
/// table it does not give is read as text.
pub(crate) fn read(
    root: &Sysroot,
    elsewhere: bool,
    only: Option<&HashSet<Pid>>,
) -> (Sockets, Gaps) {
    let tables: Vec<_> = tables().collect();
    let (mut sockets, mut gaps) = rows(root, &tables, elsewhere, only);
    // Older kernels of Solaris, and Oracle's: only a descriptor's addresses, where these are
    // told, lead to its row. Where others have an inode, one without is no descriptor's.
    let tells = sockets.iter().any(|socket| {
        socket.inode != Inode(0) && socket.streams.is_some() && socket.kind.inet().is_some()
    });
    if tells {
        sockets.retain(|socket| !is_untold(socket));
    } else if sockets.iter().any(is_untold) {
        gaps.push(Gap::new("mib2", UNTOLD));
    }
    (Sockets::new(sockets), gaps)
}

/// Inodes of the unix sockets there. What could not be read is told by [`read`].
pub(crate) fn unix(root: &Sysroot, elsewhere: bool, only: Option<&HashSet<Pid>>) -> HashSet<Inode> {
    let (sockets, _) = rows(root, &[(Family::Unix, None)], elsewhere, only);
    sockets.into_iter().map(|socket| socket.inode).collect()
}

fn rows(
    root: &Sysroot,
    tables: &[(Family, Option<Proto>)],
    elsewhere: bool,
    only: Option<&HashSet<Pid>>,
) -> (Vec<Socket>, Gaps) {
    let (mut sockets, mut gaps) = (Vec::new(), Gaps::new());
    let mut missed = Vec::new();
    for &table in tables {
        let ask = SocketAsk {
            tables: vec![table],
            states: States::ALL,
            port: None,
        };
        let before = sockets.len();
        let told = host::sockets(root, Source::Netlink, &ask, &mut keep(&mut sockets));
        if told.coverage.looked.is_empty() {
            sockets.truncate(before);
            missed.push(table);
        }
    }
    // All at once: on Solaris one answer holds every table.
    if !missed.is_empty() {
        let ask = SocketAsk {
            tables: missed,
            states: States::ALL,
            port: None,
        };
        let mut text = host::sockets(root, Source::Procfs, &ask, &mut keep(&mut sockets));
        gaps.append(&mut text.gaps);
    }
    for family in [Family::Vsock, Family::Xdp] {
        let stand = Stand::own(root);
        let mut told = beside::sockets(root, &stand, family, false, &mut keep(&mut sockets));
        gaps.append(&mut told.gaps);
    }
    let ask = SocketAsk {
        tables: tables.to_vec(),
        states: States::ALL,
        port: None,
    };
    let others = if elsewhere {
        host::task_netns(root, only)
    } else {
        Default::default()
    };
    for (netns, pids) in others {
        let mut told = host::sockets_near(root, netns, &pids, &ask, &mut keep(&mut sockets));
        gaps.append(&mut told.gaps);
    }
    (sockets, gaps)
}

/// What is told where a kernel's tables name no inode.
const UNTOLD: &str =
    "this kernel's tables name no inode: a descriptor is known by its addresses, if these are told";

/// A socket of a table that names no inode.
fn is_untold(socket: &Socket) -> bool {
    let inet = socket.kind.inet();
    let lives = inet.is_some_and(|inet| inet.state != State::TimeWait);
    socket.inode == Inode(0) && socket.streams.is_some() && lives
}

/// Keeps what can hang on a descriptor: what has an inode; and one that should have.
fn keep(sockets: &mut Vec<Socket>) -> impl FnMut(Socket) {
    |socket| {
        if socket.inode != Inode(0) || is_untold(&socket) {
            sockets.push(socket);
        }
    }
}

fn tables() -> impl Iterator<Item = (Family, Option<Proto>)> {
    const PROTOS: [Proto; 8] = [
        Proto::Tcp,
        Proto::Udp,
        Proto::UdpLite,
        Proto::Raw,
        Proto::Icmp,
        Proto::Sctp,
        Proto::Mptcp,
        Proto::Dccp,
    ];
    let internet = [Family::Inet, Family::Inet6]
        .into_iter()
        .flat_map(|family| PROTOS.map(|proto| (family, Some(proto))));
    internet.chain([Family::Unix, Family::Packet, Family::Netlink].map(|family| (family, None)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{FdDetail, Inet, Kind, SockName, Streams};

    fn socket(local: &str, inode: u64, dual_stack: bool) -> Socket {
        let local: SocketAddr = local.parse().unwrap();
        let inet = Inet {
            proto: Proto::Tcp,
            local: local.ip(),
            port: local.port(),
            remote: unnamed(local).ip(),
            remote_port: 0,
            state: State::Listen,
            device: None,
            v6only: None,
            timer: None,
        };
        let mut socket = Socket::new(Kind::of(inet), Inode(inode));
        socket.streams = Some(Box::new(Streams {
            dual_stack,
            ..Streams::default()
        }));
        socket
    }

    fn file(inode: u64, local: &str) -> OpenFile {
        let slot = model::Slot::Fd(3);
        let mut file = OpenFile::new(slot, FileKind::Socket, model::Foreign::default());
        file.inode = Some(Inode(inode));
        file.detail = Some(Box::new(FdDetail {
            local: Some(SockName::Inet(local.parse().unwrap())),
            socket_type: Some(2),
            ..FdDetail::default()
        }));
        file
    }

    #[track_caller]
    fn check(sockets: Vec<Socket>, file: &OpenFile, expected: Option<&str>) {
        let sockets = Sockets::new(sockets);
        let found = sockets.of(file).and_then(Socket::endpoint);
        let found = found.map(|it| SocketAddr::new(it.addr, it.port).to_string());
        assert_eq!(found.as_deref(), expected);
    }

    #[test]
    fn a_socket_with_two_rows_is_the_one_it_was_made_as() {
        let rows = vec![socket("0.0.0.0:22", 7, true), socket("[::]:22", 7, false)];
        check(rows, &file(7, "[::]:22"), Some("[::]:22"));
    }

    #[test]
    fn addresses_lead_to_the_one_row_that_has_them() {
        let rows = || {
            vec![
                socket("0.0.0.0:22", 0, false),
                socket("0.0.0.0:23", 0, false),
            ]
        };
        check(rows(), &file(9, "0.0.0.0:23"), Some("0.0.0.0:23"));
        check(rows(), &file(9, "0.0.0.0:24"), None);
        let mut twice = rows();
        twice.push(socket("0.0.0.0:23", 0, false));
        check(twice, &file(9, "0.0.0.0:23"), None);
        // UDP has its own numbers.
        let mut datagrams = file(9, "0.0.0.0:23");
        datagrams.detail.as_mut().unwrap().socket_type = Some(1);
        check(rows(), &datagrams, None);
    }
}
