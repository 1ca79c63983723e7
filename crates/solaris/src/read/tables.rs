//! Socket tables of the reader's zone.

use super::kernel::named;
use super::{answer, counters};
use crate::join::Keys;
use crate::parse::{mib, optmgmt, unix};
use crate::sys;
use model::ask::{SocketAsk, States, Told};
use model::{Family, Gap, Looked, NetNs, Proto, Socket, Source, State};
use sysroot::Sysroot;

pub(crate) const MIB2: &str = "mib2";

/// Where a reader stands. On Linux a network namespace; here there is but one place, the
/// reader's own zone.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stand {
    /// Never there.
    pub netns: Option<NetNs>,
}

impl Stand {
    /// The reader's own zone.
    #[must_use]
    pub fn own(_: &Sysroot) -> Stand {
        Stand::default()
    }
}

/// As [`sockets`], from where the reader stands.
pub fn sockets_in(
    _: &Stand,
    root: &Sysroot,
    via: Source,
    ask: &SocketAsk,
    sink: &mut dyn FnMut(Socket),
) -> Told {
    sockets(root, via, ask, sink)
}

/// Gives every socket asked for, in the order asked for and within it in the kernel's. Each
/// family has one source here, the MIB for IP and kstat for unix. It is also what the
/// tables of Linux (`Procfs`) stand for; another source does not exist.
///
/// Inodes are the kernel's, except where two sockets share one: see [`Keys`].
pub fn sockets(root: &Sysroot, via: Source, ask: &SocketAsk, sink: &mut dyn FnMut(Socket)) -> Told {
    let mut told = Told::default();
    if !matches!(via, Source::Procfs | Source::Mib2 | Source::Kstat) {
        // Who asks for bound sockets alone has had the tables, which tell them here.
        if ask.states != States::of(&[State::Bound]) && ask.tables.iter().any(is_here) {
            let place = format!("source {via}");
            told.gaps
                .push(Gap::new(place, "not a source of this system"));
        }
        return told;
    }
    let ip = |family| matches!(family, Family::Inet | Family::Inet6);
    let mut tables = match ask.tables.iter().any(|(family, _)| ip(*family)) {
        true => inet(root, &mut told),
        false => mib::Tables::default(),
    };
    told.gaps.append(&mut tables.gaps);
    let keys = Keys::of(&tables.sockets);
    for socket in &mut tables.sockets {
        socket.inode = keys.of_socket(socket);
    }
    for (family, proto) in &ask.tables {
        match family {
            Family::Inet | Family::Inet6 => {
                let wanted = |socket: &&Socket| {
                    let inet = socket.kind.inet();
                    socket.kind.family() == *family
                        && inet.is_some_and(|inet| {
                            Some(inet.proto) == *proto
                                && ask.states.has(inet.state)
                                && ask.port.is_none_or(|port| inet.port == port)
                        })
                };
                tables
                    .sockets
                    .iter()
                    .filter(wanted)
                    .cloned()
                    .for_each(&mut *sink);
                let looked = tables
                    .looked
                    .iter()
                    .filter(|looked| looked.family == *family && looked.proto == *proto);
                told.coverage.looked.extend(looked.cloned());
            }
            Family::Unix => unix_list(root, sink, &mut told),
            // Nothing of the kind exists: its absence is no claim of ours.
            Family::Packet | Family::Netlink | Family::Vsock | Family::Xdp => {}
        }
    }
    told
}

/// Whether this system has such sockets at all.
fn is_here(table: &(Family, Option<Proto>)) -> bool {
    match table {
        (Family::Unix, _) => true,
        (Family::Inet | Family::Inet6, proto) => {
            matches!(proto, Some(Proto::Tcp | Proto::Udp | Proto::Sctp))
        }
        (Family::Packet | Family::Netlink | Family::Vsock | Family::Xdp, _) => false,
    }
}

/// Every IP socket the MIB tells.
pub(crate) fn inet(root: &Sysroot, told: &mut Told) -> mib::Tables {
    // A recording of the tables alone must tell whose they are.
    told.gaps.extend(named(root).1);
    match answer(root, MIB2, sys::mib2) {
        Ok(bytes) => mib::tables(&optmgmt::answer(&bytes, MIB2)),
        Err(error) => {
            told.gaps.push(Gap::io(MIB2, &error));
            mib::Tables::default()
        }
    }
}

fn unix_list(root: &Sysroot, sink: &mut dyn FnMut(Socket), told: &mut Told) {
    let place = "kstat sockfs:0:sock_unix_list";
    match counters::data(root, "sockfs", 0, "sock_unix_list") {
        Ok(bytes) => {
            let (named, gaps) = named(root);
            told.gaps.extend(gaps);
            let (rows, gaps) = unix::table(&bytes, named.abi, place).into_parts();
            told.gaps.extend(gaps);
            rows.into_iter().for_each(sink);
            told.coverage.looked.push(Looked {
                family: Family::Unix,
                proto: None,
                bound: true,
            });
        }
        Err(error) => told.gaps.push(Gap::io(place, &error)),
    }
}
