//! Who holds the sockets shown, in netstat's words.

use host::Holdings;
use model::process::Holding;
use model::{Held, Inode, Owner, Pid, Process};
use render::Text;
use std::collections::HashMap;

/// Holders by socket. A socket may have many, or none.
#[derive(Default)]
pub(crate) struct Owners {
    by_inode: HashMap<Inode, Vec<Owner>>,
    names: HashMap<Pid, Vec<u8>>,
}

impl Owners {
    pub(crate) fn new(found: Holdings) -> Owners {
        let mut by_inode: HashMap<Inode, Vec<Owner>> = HashMap::new();
        for Holding { inode, owner } in found.holdings {
            by_inode.entry(inode).or_default().push(owner);
        }
        let names = found
            .processes
            .iter()
            .map(|process| (process.id.pid, name(process)))
            .collect();
        Owners { by_inode, names }
    }

    /// Everybody who holds the socket; 0 is no socket's inode.
    pub(crate) fn of(&self, inode: Inode) -> &[Owner] {
        self.by_inode
            .get(&inode)
            .filter(|_| inode.0 != 0)
            .map_or(&[], Vec::as_slice)
    }

    /// `pid/name` of every owner, separated by commas, each once; what is no ordinary
    /// descriptor of the process is told in brackets.
    pub(crate) fn show(&self, inode: Inode, out: &mut Text) {
        let mut shown: Vec<(Pid, Option<Pid>, Place)> = Vec::new();
        for owner in self.of(inode) {
            let one = (owner.id.pid, owner.tid, Place::of(owner.held));
            if shown.contains(&one) {
                continue;
            }
            if !shown.is_empty() {
                out.word(",");
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
    let first = cmdline.split(|&byte| byte == 0).next().unwrap_or_default();
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
