//! What the program's descriptors are.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::rc::Rc;

/// What a descriptor stands for.
pub(crate) enum Handle {
    /// A file, a terminal, a pipe of the machine we run on.
    File(File),
    /// A file whose bytes we made.
    Bytes(Vec<u8>),
    /// A directory; names are listed when it is read.
    Directory {
        /// Where it is for the program.
        path: PathBuf,
    },
    /// A socket.
    Socket(OwnedFd),
    /// `/dev/arp` with modules on top.
    Stream {
        /// Modules pushed, bottom first.
        modules: Vec<Vec<u8>>,
        /// Messages that wait: control part, data part.
        messages: VecDeque<(Vec<u8>, Option<Vec<u8>>)>,
    },
    /// `/dev/kstat`.
    Kstat,
}

/// An open file: several descriptors may share one.
pub(crate) struct Open {
    pub(crate) handle: std::cell::RefCell<Handle>,
    /// Where reading goes on, for what is not a file of the machine's.
    pub(crate) at: std::cell::Cell<usize>,
    /// `O_NONBLOCK` and its like, as the program set them.
    pub(crate) flags: std::cell::Cell<i32>,
}

/// The descriptors of the program. A copy shares what is open.
#[derive(Clone)]
pub(crate) struct Handles(BTreeMap<i32, Rc<Open>>);

impl Handles {
    /// Standard input, output and error.
    pub(crate) fn new() -> io::Result<Handles> {
        let mut handles = Handles(BTreeMap::new());
        let standard = [
            io::stdin().as_fd().try_clone_to_owned()?,
            io::stdout().as_fd().try_clone_to_owned()?,
            io::stderr().as_fd().try_clone_to_owned()?,
        ];
        for fd in standard {
            handles.insert(Handle::File(File::from(fd)), 2);
        }
        Ok(handles)
    }

    /// Gives something the lowest free number.
    pub(crate) fn insert(&mut self, handle: Handle, flags: i32) -> i32 {
        self.share(
            Rc::new(Open {
                handle: handle.into(),
                at: 0.into(),
                flags: flags.into(),
            }),
            0,
        )
    }

    /// Gives an open file one more number, the lowest free one from `least` on.
    pub(crate) fn share(&mut self, open: Rc<Open>, least: i32) -> i32 {
        let mut number = least.max(0);
        while self.0.contains_key(&number) {
            number += 1;
        }
        self.0.insert(number, open);
        number
    }

    /// What a number stands for.
    pub(crate) fn get(&self, number: u64) -> Option<Rc<Open>> {
        self.0.get(&descriptor(number)).cloned()
    }

    /// Forgets a number.
    pub(crate) fn close(&mut self, number: u64) -> bool {
        self.0.remove(&descriptor(number)).is_some()
    }
}

/// An `int` as it comes in a register.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the upper half of the register means nothing"
)]
pub(crate) fn descriptor(register: u64) -> i32 {
    (register as u32).cast_signed()
}

impl Handle {
    /// The machine's descriptor, where there is one.
    pub(crate) fn fd(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Handle::File(file) => Some(file.as_fd()),
            Handle::Socket(fd) => Some(fd.as_fd()),
            Handle::Bytes(_) | Handle::Directory { .. } | Handle::Stream { .. } | Handle::Kstat => {
                None
            }
        }
    }
}
