//! Who holds the sockets shown, in netstat's words.

use model::ask::WalkAsk;
use model::process::Holding;
use model::{Gap, Gaps, Held, Inet, Inode, Kind, NetNs, Owner, Pid, Process, Proto, Socket};
use render::Text;
use std::collections::{HashMap, HashSet};
use sysroot::Sysroot;

/// Holders by socket. A socket may have many, or none. Who has descriptors in flight, and
/// nobody knows of which sockets, is kept at inode 0.
#[derive(Default)]
pub(crate) struct Owners {
    by_inode: HashMap<Inode, Vec<Owner>>,
    names: HashMap<Pid, Vec<u8>>,
    netns: HashMap<Pid, NetNs>,
}

const IN_FLIGHT: Inode = Inode(0);

impl Owners {
    /// Finds who holds these sockets. For those without an owner it is looked deeper: into
    /// mapped rings, and for descriptors in flight.
    pub(crate) fn find(root: &Sysroot, sockets: &[Socket]) -> (Owners, Gaps) {
        let inodes: HashSet<Inode> = sockets
            .iter()
            .map(|socket| socket.inode)
            .filter(|inode| inode.0 != 0)
            .collect();
        let mut owners = Owners::default();
        if inodes.is_empty() {
            return (owners, Gaps::new());
        }
        let mut gaps = owners.walk(root, inodes, false);
        // Netlink sockets of the kernel have no owner by nature.
        let ownerless: HashSet<Inode> = sockets
            .iter()
            .filter(|it| it.inode.0 != 0 && !matches!(it.kind, Kind::Netlink(_)))
            .map(|socket| socket.inode)
            .filter(|inode| owners.of(*inode).is_empty())
            .collect();
        if !ownerless.is_empty() {
            let more = owners.walk(root, ownerless, true);
            for gap in more {
                if !gaps.contains(&gap) {
                    gaps.push(gap);
                }
            }
        }
        (owners, gaps)
    }

    fn walk(&mut self, root: &Sysroot, inodes: HashSet<Inode>, deep: bool) -> Gaps {
        let found = host::holdings(
            root,
            &WalkAsk {
                inodes: Some(inodes),
                strangers_to: None,
                deep,
            },
        );
        for Holding { inode, owner } in found.holdings {
            self.by_inode.entry(inode).or_default().push(owner);
        }
        let processes = found.processes.iter();
        self.names
            .extend(processes.clone().map(|it| (it.id.pid, name(it))));
        self.netns
            .extend(processes.filter_map(|it| Some((it.id.pid, it.netns?))));
        found.told.gaps
    }

    /// Asks raw sockets, through a descriptor of one of their owners, for their filters: no table
    /// of the kernel's tells them.
    pub(crate) fn filters(&self, root: &Sysroot, sockets: &mut [Socket]) -> Gaps {
        let mut gaps = Gaps::new();
        for socket in sockets {
            let raw = |inet: &Inet| inet.proto == Proto::Raw;
            let by_descriptor = |owner: &&Owner| matches!(owner.held, Held::Fd { .. });
            let holder = self.of(socket.inode).iter().find(by_descriptor);
            let Some(owner) = holder.filter(|_| socket.kind.inet().is_some_and(raw)) else {
                continue;
            };
            match host::socket_filter(root, owner, socket.inode) {
                Ok(filter) => socket.filter = filter.map(Box::new),
                Err(error) => {
                    let place = format!("filter of socket:[{}]", socket.inode);
                    gaps.push(Gap::io(place, &error));
                }
            }
        }
        gaps
    }

    /// Everybody who holds the socket; 0 is no socket's inode.
    pub(crate) fn of(&self, inode: Inode) -> &[Owner] {
        self.by_inode
            .get(&inode)
            .filter(|_| inode.0 != 0)
            .map_or(&[], Vec::as_slice)
    }

    /// `pid/name` of every owner, separated by commas, each once; what is no ordinary
    /// descriptor of the process is told in brackets. Without one, those of the same network
    /// namespace who may be it, with a `?`: they have descriptors in flight.
    pub(crate) fn show(&self, socket: &Socket, out: &mut Text) {
        let inode = socket.inode;
        let near = |owner: &Owner| {
            let netns = self.netns.get(&owner.id.pid).copied();
            netns == socket.netns
        };
        let mut shown: Vec<(Pid, Option<Pid>, Place)> = Vec::new();
        let sure = self.of(inode);
        let perhaps = self.by_inode.get(&IN_FLIGHT).map_or(&[][..], Vec::as_slice);
        let owners = match inode.0 {
            0 => &[],
            _ if sure.is_empty() => perhaps,
            _ => sure,
        };
        let unsure = sure.is_empty();
        for owner in owners.iter().filter(|owner| !unsure || near(owner)) {
            let one = (owner.id.pid, owner.tid, Place::of(owner.held));
            if shown.contains(&one) {
                continue;
            }
            if !shown.is_empty() {
                out.word(",");
            }
            if unsure {
                out.word("?");
            }
            out.number(owner.id.pid.0.into());
            out.word("/");
            out.foreign(
                self.names
                    .get(&owner.id.pid)
                    .map_or(owner.comm.as_bytes(), Vec::as_slice),
            );
            if let Some(tid) = owner.tid {
                out.show(format_args!("[thread:{tid}]"));
            }
            out.word(one.2.word());
            shown.push(one);
        }
        if shown.is_empty() {
            out.word("-");
        }
    }
}

/// Where a socket is held, as far as it is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Descriptor,
    IoUring,
    InFlight,
    Mapped,
}

impl Place {
    fn of(held: Held) -> Place {
        match held {
            Held::Fd { .. } => Place::Descriptor,
            Held::IoUring { .. } => Place::IoUring,
            Held::InFlight { .. } => Place::InFlight,
            Held::Mapped => Place::Mapped,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Place::Descriptor => "",
            Place::IoUring => "[io_uring]",
            Place::InFlight => "[in_flight]",
            Place::Mapped => "[mapped]",
        }
    }
}

/// The original shows the first argument, of a path only its end. Where a process has none
/// (kernel threads), the kernel's name for it.
fn name(process: &Process) -> Vec<u8> {
    let cmdline = process
        .cmdline
        .as_ref()
        .map_or(&[][..], |cmdline| cmdline.as_bytes());
    // Solaris keeps the arguments in one text.
    let end = if process.zone.is_some() { b' ' } else { 0 };
    let first = cmdline
        .split(|&byte| byte == end)
        .next()
        .unwrap_or_default();
    let last = match first {
        [b'/', ..] => first
            .rsplit(|&byte| byte == b'/')
            .next()
            .unwrap_or_default(),
        word => word,
    };
    if last.is_empty() {
        process.comm.as_bytes().to_vec()
    } else {
        last.to_vec()
    }
}
