//! Who uses one name, and how.

use model::{Access, Foreign, NetNs, Pid, Process, ProcessId, Slot, Uid};
use std::collections::BTreeMap;

/// How a process uses a name: fuser's letters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Uses {
    pub(crate) open: bool,
    pub(crate) write: bool,
    pub(crate) root: bool,
    pub(crate) cwd: bool,
    pub(crate) exe: bool,
    pub(crate) mapped: bool,
}

impl Uses {
    /// Adds the use one slot makes.
    pub(crate) fn add(&mut self, slot: Slot, access: Option<Access>) {
        match slot {
            Slot::Cwd => self.cwd = true,
            Slot::Root => self.root = true,
            Slot::Exe => self.exe = true,
            Slot::Mapped | Slot::Deleted => self.mapped = true,
            Slot::Fd(_) | Slot::IoUring(..) | Slot::InFlight(_) | Slot::Unread => {
                self.open = true;
                self.write |= matches!(access, Some(Access::Write | Access::Update));
            }
        }
    }

    /// The five letters of `-v`, a point where there is none. A program is also mapped,
    /// which goes without saying.
    pub(crate) fn letters(self) -> String {
        let open = match (self.open, self.write) {
            (_, true) => 'F',
            (true, false) => 'f',
            (false, false) => '.',
        };
        let letter = |used: bool, letter: char| if used { letter } else { '.' };
        [
            open,
            letter(self.root, 'r'),
            letter(self.cwd, 'c'),
            letter(self.exe, 'e'),
            letter(self.mapped && !self.exe, 'm'),
        ]
        .into_iter()
        .collect()
    }

    /// The letters behind a pid without `-v`: none for an open file.
    pub(crate) fn short(self) -> String {
        self.letters()
            .chars()
            .skip(1)
            .filter(|&letter| letter != '.')
            .collect()
    }
}

/// A process that uses a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) id: ProcessId,
    pub(crate) uid: Option<Uid>,
    pub(crate) comm: Foreign,
    pub(crate) uses: Uses,
    /// The network namespace of the socket, where it is another than ours.
    pub(crate) netns: Option<NetNs>,
}

impl User {
    pub(crate) fn new(process: &Process) -> User {
        User {
            id: process.id,
            uid: process.uid,
            comm: process.comm.clone(),
            uses: Uses::default(),
            netns: None,
        }
    }
}

/// How the kernel itself uses a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct KernelUse {
    /// `mount`, `swap` or `loop`.
    pub(crate) how: &'static str,
    /// Where it is mounted, or which loop device it is.
    pub(crate) what: Foreign,
}

/// Everybody who uses a name, by pid.
#[derive(Clone, Debug, Default)]
pub(crate) struct Users {
    pub(crate) kernel: Vec<KernelUse>,
    pub(crate) processes: BTreeMap<Pid, User>,
    /// Who may have in flight a socket that nobody holds.
    pub(crate) probable: BTreeMap<Pid, User>,
    /// There is such a socket.
    pub(crate) loose: bool,
}

impl Users {
    /// Whether somebody in particular uses it, or may.
    pub(crate) fn is_named(&self, verbose: bool) -> bool {
        let kernel = verbose && !self.kernel.is_empty();
        kernel || !self.processes.is_empty() || !self.probable.is_empty()
    }

    /// Whether there is nothing to tell. What the kernel itself does is told only with `-v`.
    pub(crate) fn is_empty_to(&self, verbose: bool) -> bool {
        (self.kernel.is_empty() || !verbose) && self.processes.is_empty() && !self.loose
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters() {
        let mut uses = Uses::default();
        assert_eq!(
            (uses.letters(), uses.short()),
            (".....".into(), String::new())
        );
        uses.add(Slot::Fd(3), Some(Access::Read));
        uses.add(Slot::Cwd, None);
        assert_eq!((uses.letters(), uses.short()), ("f.c..".into(), "c".into()));
        uses.add(Slot::Fd(4), Some(Access::Write));
        uses.add(Slot::Exe, None);
        uses.add(Slot::Mapped, None);
        assert_eq!(
            (uses.letters(), uses.short()),
            ("F.ce.".into(), "ce".into())
        );
    }
}
