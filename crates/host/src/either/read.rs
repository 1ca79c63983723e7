//! Readers of Linux; those that a recording made on Solaris can answer ask it then.

pub(crate) use linux::read::{
    counters, facts, identity, netns, network, private, steering, witness,
};

/// Sockets, from where the reader stands.
pub(crate) mod tables {
    pub use linux::read::tables::Stand;
    use model::ask::{SocketAsk, Told};
    use model::{Socket, Source};
    use sysroot::Sysroot;

    /// As [`crate::sockets`], of the namespace the caller stands in.
    pub fn sockets_in(
        stand: &Stand,
        root: &Sysroot,
        via: Source,
        ask: &SocketAsk,
        sink: &mut dyn FnMut(Socket),
    ) -> Told {
        match solaris::is_recording(root) {
            true => solaris::sockets(root, via, ask, sink),
            false => linux::read::tables::sockets_in(stand, root, via, ask, sink),
        }
    }
}

/// Unix sockets, checked against a source whose names forge no rows.
pub(crate) mod unix {
    use super::tables::Stand;
    use model::Socket;
    use model::ask::Told;
    use sysroot::Sysroot;

    /// Every unix socket of the namespace the caller stands in.
    pub fn unix_sockets(stand: &Stand, root: &Sysroot, sink: &mut dyn FnMut(Socket)) -> Told {
        match solaris::is_recording(root) {
            true => {
                let stand = solaris::read::tables::Stand::own(root);
                solaris::read::unix::unix_sockets(&stand, root, sink)
            }
            false => linux::read::unix::unix_sockets(stand, root, sink),
        }
    }
}

/// Sockets between machines, and on queues of cards.
pub(crate) mod beside {
    use super::tables::Stand;
    use model::ask::Told;
    use model::{Family, Socket};
    use sysroot::Sysroot;

    /// The sockets of such a family, of the namespace the caller stands in.
    pub fn sockets(
        root: &Sysroot,
        stand: &Stand,
        family: Family,
        named: bool,
        sink: &mut dyn FnMut(Socket),
    ) -> Told {
        match solaris::is_recording(root) {
            true => {
                let stand = solaris::read::tables::Stand::own(root);
                solaris::read::beside::sockets(root, &stand, family, named, sink)
            }
            false => linux::read::beside::sockets(root, stand, family, named, sink),
        }
    }
}

/// SCTP sockets.
pub(crate) mod sctp {
    use super::tables::Stand;
    use model::ask::Told;
    use model::{Family, Proto, Socket};
    use sysroot::Sysroot;

    /// The SCTP sockets of the namespace the caller stands in.
    pub fn sockets(
        root: &Sysroot,
        stand: &Stand,
        tables: &[(Family, Option<Proto>)],
        sink: &mut dyn FnMut(Socket),
    ) -> Told {
        match solaris::is_recording(root) {
            true => {
                let stand = solaris::read::tables::Stand::own(root);
                solaris::read::sctp::sockets(root, &stand, tables, sink)
            }
            false => linux::read::sctp::sockets(root, stand, tables, sink),
        }
    }
}
