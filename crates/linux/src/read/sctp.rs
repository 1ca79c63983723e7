//! SCTP sockets by the text tables.

use super::ask::Told;
use super::tables::Stand;
use crate::parse::sctp::{Sctp, associations, endpoints};
use model::{Family, Gap, Gaps, Kind, Looked, NetNs, Proto, Socket};
use std::io;
use std::net::IpAddr;
use sysroot::Sysroot;

type Parse = fn(&[u8], &str, Option<NetNs>) -> (Vec<Sctp>, Gaps);

/// Gives the SCTP sockets of the families in `tables`: endpoints, then associations, one
/// socket for each address it has. The kernel keeps both families in one table; where it has
/// no SCTP there is none, and nothing was looked at.
pub fn sockets(
    root: &Sysroot,
    stand: &Stand,
    tables: &[(Family, Option<Proto>)],
    sink: &mut dyn FnMut(Socket),
) -> Told {
    let mut told = Told::default();
    told.coverage.netns = stand.netns;
    let mut whole = true;
    for (name, parse) in [("eps", endpoints as Parse), ("assocs", associations)] {
        let place = format!("{}/sctp/{name}", stand.net);
        match root.read(&place) {
            Ok(text) => {
                let (rows, mut gaps) = parse(&text, &place, stand.netns);
                whole &= gaps.is_empty();
                told.gaps.append(&mut gaps);
                let asked =
                    |socket: &Socket| tables.iter().any(|table| table.0 == socket.kind.family());
                rows.into_iter()
                    .flat_map(each)
                    .filter(asked)
                    .for_each(&mut *sink);
            }
            Err(error)
                if error.kind() == io::ErrorKind::NotFound && root.dir(stand.net).is_ok() =>
            {
                return told;
            }
            Err(error) => {
                whole = false;
                told.gaps.push(Gap::io(place, &error));
            }
        }
    }
    if whole {
        told.coverage
            .looked
            .extend(tables.iter().map(|&(family, proto)| Looked {
                family,
                proto,
                bound: false,
            }));
    }
    told
}

/// A socket for each address of its end; the addresses of the peer go with them.
fn each(row: Sctp) -> Vec<Socket> {
    let Sctp {
        socket,
        more_local,
        more_remote,
    } = row;
    let Some(first) = socket.kind.inet().cloned() else {
        return vec![socket];
    };
    let mut sockets = vec![socket.clone()];
    let longest = more_local.len().max(more_remote.len());
    let at = |list: &[IpAddr], at: usize, first: IpAddr| list.get(at).copied().unwrap_or(first);
    for index in 0..longest {
        let mut inet = first.clone();
        inet.local = at(&more_local, index, first.local);
        inet.remote = at(&more_remote, index, first.remote);
        sockets.push(Socket {
            kind: Kind::of(inet),
            ..socket.clone()
        });
    }
    sockets
}
