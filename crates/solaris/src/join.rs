//! Which process holds which socket, as surely as the release allows, and never guessed.
//!
//! | kernel | the socket table tells | descriptors tell | so owners are |
//! |---|---|---|---|
//! | illumos since October 2019 | inodes | inodes, since 2020 family and type | exact |
//! | Solaris 11.4 | no inode | addresses | exact where one socket has them |
//! | Solaris 11.0 to 11.3, older illumos | the creator | only that it is a socket | a hint |
//! | Solaris 10 | nothing | only that it is a socket | unknown |

use model::called::{Called, Named, called};
use model::{FdDetail, FileKind, Inet, Inode, OpenFile, Owner, Pid, Proto, SockName, Socket};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;

/// Socket types as Solaris numbers them: the other way round than elsewhere.
const SOCK_DGRAM: u32 = 1;
const SOCK_STREAM: u32 = 2;

/// A descriptor that is a socket, or may be a TLI endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Find {
    /// What it is. `detail` is there where the kernel has `fdinfo`.
    pub file: OpenFile,
    /// Who holds it.
    pub owner: Owner,
}

/// What tells two sockets with one inode apart: transport and family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Class {
    stream: bool,
    ipv6: bool,
}

/// Inodes of sockets are 16 bits of an address before June 2021 and 32 since, so two sockets
/// may share one. To keep them apart by inode alone, a shared one gets their transport and
/// family above its 32 bits; all others stay as the kernel tells them.
#[derive(Debug, Default)]
pub struct Keys(BTreeSet<u64>);

/// Above every inode of a socket.
const ABOVE: u32 = 32;

impl Keys {
    /// Finds the inodes that sockets of different kinds share.
    #[must_use]
    pub fn of(sockets: &[Socket]) -> Keys {
        let mut classes: BTreeMap<u64, BTreeSet<Class>> = BTreeMap::new();
        for socket in sockets {
            if let Some(class) = class_of(socket) {
                classes.entry(socket.inode.0).or_default().insert(class);
            }
        }
        let shared = classes.into_iter().filter(|(_, classes)| classes.len() > 1);
        Keys(shared.map(|(inode, _)| inode).collect())
    }

    /// The inode a socket is to be known by.
    #[must_use]
    pub fn of_socket(&self, socket: &Socket) -> Inode {
        self.key(socket.inode, class_of(socket))
    }

    /// The inode a descriptor's socket is to be known by. Without `fdinfo` a shared inode
    /// names nobody: it stays as it is, and so is no socket's.
    #[must_use]
    pub fn of_file(&self, file: &OpenFile) -> Option<Inode> {
        let class = file.detail.as_deref().and_then(class_of_file);
        match file.kind {
            FileKind::Socket => Some(self.key(file.inode?, class)),
            _ => file.inode,
        }
    }

    fn key(&self, inode: Inode, class: Option<Class>) -> Inode {
        match class {
            Some(class) if self.0.contains(&inode.0) => {
                let kind = 1 + u64::from(class.stream) + 2 * u64::from(class.ipv6);
                Inode(kind << ABOVE | inode.0)
            }
            _ => inode,
        }
    }
}

/// The class of an IP socket; TLI endpoints are told apart by being no sockets.
fn class_of(socket: &Socket) -> Option<Class> {
    let streams = socket.streams.as_deref();
    let endpoint = streams.is_some_and(|told| told.endpoint_device.is_some());
    let inet = socket
        .kind
        .inet()
        .filter(|_| !endpoint && socket.inode.0 != 0)?;
    let stream = match inet.proto {
        Proto::Tcp => true,
        Proto::Udp => false,
        _ => return None,
    };
    let ipv6 = inet.local.is_ipv6() || streams.is_some_and(|told| told.dual_stack);
    Some(Class { stream, ipv6 })
}

fn class_of_file(detail: &FdDetail) -> Option<Class> {
    let Some(SockName::Inet(local)) = &detail.local else {
        return None;
    };
    let stream = match detail.socket_type? {
        SOCK_STREAM => true,
        SOCK_DGRAM => false,
        _ => return None,
    };
    let ipv6 = local.is_ipv6();
    Some(Class { stream, ipv6 })
}

/// Who holds a socket, and how that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// These hold it; nobody may. Inode, family and type agree, or both addresses do.
    By(Vec<Owner>),
    /// One of these may hold it: several sockets have the address.
    Perhaps(Vec<Owner>),
    /// This process made it, or its listener did. It need not hold it, nor live.
    MadeBy(Pid),
    /// The kernel does not tell.
    Unknown,
}

/// Finds the owners of each socket, in the order of `sockets`.
#[must_use]
pub fn owners(sockets: &[Socket], finds: &[Find]) -> Vec<Held> {
    let mut by_inode: HashMap<u64, Vec<&Find>> = HashMap::new();
    let mut by_name: HashMap<SocketAddr, Vec<Named<'_>>> = HashMap::new();
    for find in finds {
        if let Some(inode) = find.file.inode {
            by_inode.entry(inode.0).or_default().push(find);
        }
        if let Some(detail) = find.file.detail.as_deref()
            && let Some(address) = detail.address()
        {
            let (inode, owner) = (find.file.inode.unwrap_or(Inode(0)), &find.owner);
            by_name.entry(address).or_default().push(Named {
                inode,
                detail,
                owner,
            });
        }
    }
    let mut rows: HashMap<_, usize> = HashMap::new();
    for socket in sockets {
        *rows.entry(name(socket)).or_default() += 1;
    }
    sockets
        .iter()
        .map(|socket| {
            let alone = rows.get(&name(socket)) == Some(&1);
            owner(socket, alone, &by_inode, &by_name)
        })
        .collect()
}

/// Transport and both addresses: what two rows of a table may share.
fn name(socket: &Socket) -> Option<(Proto, SocketAddr, SocketAddr)> {
    let inet = socket.kind.inet()?;
    let local = SocketAddr::new(inet.local, inet.port);
    let remote = SocketAddr::new(inet.remote, inet.remote_port);
    Some((inet.proto, local, remote))
}

fn owner(
    socket: &Socket,
    alone: bool,
    by_inode: &HashMap<u64, Vec<&Find>>,
    by_name: &HashMap<SocketAddr, Vec<Named<'_>>>,
) -> Held {
    if socket.inode.0 != 0 {
        let inode = socket.inode.0 & ((1 << ABOVE) - 1);
        let found = by_inode.get(&inode).map_or(&[][..], Vec::as_slice);
        let same = found.iter().filter(|find| is_same(socket, find));
        return Held::By(same.map(|find| find.owner.clone()).collect());
    }
    let Some(inet) = socket.kind.inet() else {
        return Held::Unknown;
    };
    let at = |address| by_name.get(&address).cloned().unwrap_or_default();
    let creator = socket.streams.as_deref().and_then(|told| told.creator);
    match (called(inet, alone, at), creator) {
        (Called::Surely(owners), _) => Held::By(owners),
        (Called::Perhaps(owners), _) => Held::Perhaps(owners),
        (Called::Nobody, Some(pid)) => Held::MadeBy(pid),
        (Called::Nobody, None) => Held::Unknown,
    }
}

/// Whether a descriptor with the same inode is this socket: inodes are cut from addresses,
/// so two sockets may share one, and a TLI endpoint's is that of a device node.
fn is_same(socket: &Socket, find: &Find) -> bool {
    let endpoint = socket
        .streams
        .as_deref()
        .and_then(|told| told.endpoint_device);
    match (endpoint, find.file.kind) {
        (Some(device), FileKind::Character) => {
            find.file.rdev.map(|rdev| rdev >> 32) == Some(device >> 32)
        }
        (None, FileKind::Socket) => {
            let detail = find.file.detail.as_deref();
            let (Some(detail), Some(inet)) = (detail, socket.kind.inet()) else {
                return true;
            };
            let dual = socket
                .streams
                .as_deref()
                .is_some_and(|told| told.dual_stack);
            detail.has_type(inet.proto) && (dual || has_family(detail, inet))
        }
        _ => false,
    }
}

fn has_family(detail: &FdDetail, inet: &Inet) -> bool {
    match &detail.local {
        Some(SockName::Inet(local)) => local.is_ipv4() == inet.local.is_ipv4(),
        Some(SockName::Unix(_)) => false,
        Some(SockName::Other(_)) | None => true,
    }
}
