//! Socket tables of the reader's zone.

use super::kernel::named;
use super::{answer, counters};
use crate::parse::{mib, optmgmt, unix};
use crate::sys;
use model::ask::{SocketAsk, Told};
use model::{Family, Gap, Looked, Socket, Source};
use sysroot::Sysroot;

const MIB2: &str = "mib2";

/// Gives every socket asked for, in the order asked for and within it in the kernel's. Here
/// each family has one source, the MIB for IP and kstat for unix, so `via` is no choice.
pub fn sockets(
    root: &Sysroot,
    _via: Source,
    ask: &SocketAsk,
    sink: &mut dyn FnMut(Socket),
) -> Told {
    let mut told = Told::default();
    let ip = |family| matches!(family, Family::Inet | Family::Inet6);
    let tables = match ask.tables.iter().any(|(family, _)| ip(*family)) {
        true => inet(root, &mut told),
        false => mib::Tables::default(),
    };
    told.gaps.extend(tables.gaps);
    for (family, proto) in &ask.tables {
        match family {
            Family::Inet | Family::Inet6 => {
                let wanted = |socket: &&Socket| {
                    let inet = socket.kind.inet();
                    socket.kind.family() == *family
                        && inet.is_some_and(|inet| {
                            Some(inet.proto) == *proto && ask.states.has(inet.state)
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
            Family::Packet | Family::Netlink => {}
        }
    }
    told
}

/// Every IP socket the MIB tells.
pub(crate) fn inet(root: &Sysroot, told: &mut Told) -> mib::Tables {
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
