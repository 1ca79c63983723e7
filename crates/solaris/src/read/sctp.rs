//! SCTP sockets alone: the MIB has them beside the others.

use super::tables::{Stand, sockets_in};
use model::ask::{SocketAsk, States, Told};
use model::{Family, Proto, Socket, Source};
use sysroot::Sysroot;

/// Gives the SCTP sockets of the families in `tables`.
pub fn sockets(
    root: &Sysroot,
    stand: &Stand,
    tables: &[(Family, Option<Proto>)],
    sink: &mut dyn FnMut(Socket),
) -> Told {
    let ask = SocketAsk {
        tables: tables.to_vec(),
        states: States::ALL,
        port: None,
    };
    sockets_in(stand, root, Source::Mib2, &ask, sink)
}
