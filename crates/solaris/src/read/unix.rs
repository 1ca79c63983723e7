//! Unix sockets alone. A record of kstat has its length, so no name can forge one.

use super::tables::{Stand, sockets_in};
use model::ask::{SocketAsk, States, Told};
use model::{Family, Socket, Source};
use sysroot::Sysroot;

/// Gives every unix socket of the reader's zone.
pub fn unix_sockets(stand: &Stand, root: &Sysroot, sink: &mut dyn FnMut(Socket)) -> Told {
    let ask = SocketAsk {
        tables: vec![(Family::Unix, None)],
        states: States::ALL,
        port: None,
    };
    sockets_in(stand, root, Source::Kstat, &ask, sink)
}
