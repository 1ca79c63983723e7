//! The sockets of this network namespace, found by inode.

use crate::query::{Class, Query, What};
use model::ask::{SocketAsk, States};
use model::{Family, FileKind, Gaps, Inode, OpenFile, Proto, Socket, Source};
use std::collections::HashSet;
use sysroot::Sysroot;

/// Sockets in the order of their inodes.
#[derive(Default)]
pub(crate) struct Sockets(Vec<Socket>);

impl Sockets {
    /// The socket a descriptor stands for.
    fn get(&self, inode: Inode) -> Option<&Socket> {
        let at = self
            .0
            .binary_search_by_key(&inode, |socket| socket.inode)
            .ok()?;
        self.0.get(at)
    }

    /// The socket an open file is.
    pub(crate) fn of(&self, file: &OpenFile) -> Option<&Socket> {
        match file.kind {
            FileKind::Socket => self.get(file.inode?),
            _ => None,
        }
    }

    /// Inodes of the unix sockets.
    pub(crate) fn unix(&self) -> HashSet<Inode> {
        self.0
            .iter()
            .filter(|socket| socket.kind.family() == Family::Unix)
            .map(|socket| socket.inode)
            .collect()
    }
}

/// Reads the tables a query needs. sock_diag is asked first, because it is faster and knows
/// more; a table it does not give is read as text. With `all`, every table is needed.
pub(crate) fn read(root: &Sysroot, query: &Query, all: bool) -> (Sockets, Gaps) {
    let (mut sockets, mut gaps) = (Vec::new(), Gaps::new());
    let states = if all { States::ALL } else { states(query) };
    for table in tables(query, all) {
        let ask = SocketAsk {
            tables: vec![table],
            states,
        };
        let before = sockets.len();
        // What has no inode hangs on no descriptor.
        let mut keep = |socket: Socket| {
            if socket.inode != Inode(0) {
                sockets.push(socket);
            }
        };
        let told = host::sockets(root, Source::Netlink, &ask, &mut keep);
        if told.coverage.looked.is_empty() {
            sockets.truncate(before);
            let mut keep = |socket: Socket| sockets.push(socket);
            let mut text = host::sockets(root, Source::Procfs, &ask, &mut keep);
            gaps.append(&mut text.gaps);
        }
    }
    sockets.sort_unstable_by_key(|socket| socket.inode);
    sockets.dedup_by_key(|socket| socket.inode);
    (Sockets(sockets), gaps)
}

/// Transports in the order they are asked for.
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

fn tables(query: &Query, all: bool) -> Vec<(Family, Option<Proto>)> {
    let mut tables = Vec::new();
    let only_inet = !all && query.only(&[Class::Inet]);
    for family in [Family::Inet, Family::Inet6] {
        for proto in PROTOS {
            let meant = query.items.iter().any(|item| match &item.what {
                What::Inet(address) => {
                    address.family.is_none_or(|own| own == family)
                        && match address.proto {
                            Some(own) => own == proto,
                            None => proto != Proto::Raw,
                        }
                }
                _ => false,
            });
            if !only_inet || meant {
                tables.push((family, Some(proto)));
            }
        }
    }
    if !only_inet {
        tables.extend([Family::Unix, Family::Packet, Family::Netlink].map(|family| (family, None)));
    }
    tables
}

/// States the kernel may leave others out of: only where nothing but TCP is asked for.
fn states(query: &Query) -> States {
    let tcp = |item: &crate::query::Item| match &item.what {
        What::Inet(address) => address.proto == Some(Proto::Tcp),
        _ => true,
    };
    match query.states.as_slice() {
        [filter]
            if filter.proto == Proto::Tcp
                && !filter.only.is_empty()
                && query.only(&[Class::Inet])
                && query.items.iter().all(tcp) =>
        {
            States::of(&filter.only)
        }
        _ => States::ALL,
    }
}
