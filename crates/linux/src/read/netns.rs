//! Every network namespace that can be found, and how to ask in it.
//!
//! A namespace lives as long as a task is in it, it is mounted somewhere, a descriptor is open
//! on it, or a socket was made in it: all four are looked for.

use super::observer;
use super::processes::{LISTING, STACK, is_gone, open, pids, settle, visit};
use super::tables::Stand;
use crate::parse::{links, namespaces};
use crate::sys;
use model::{Gap, Gaps, Inode, NetNs, Pid};
use nix::fcntl::{self, OFlag};
use nix::sched::{CloneFlags, setns};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
use nix::sys::stat::{Mode, fstat};
use std::collections::{BTreeMap, HashSet};
use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use sysroot::{Dir, Sysroot};

/// What keeps a namespace alive, as far as it was found; the first that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeptBy {
    /// A task is in it.
    Task(Pid),
    /// A process has a descriptor for it.
    Descriptor(Pid),
    /// It is mounted, as seen by this process.
    Mount(Pid),
    /// Only a socket that this process holds lives in it.
    Socket(Pid),
}

/// Why a namespace was not asked though its handle could be entered.
const ELSEWHERE: &str = "the task that was to lead there is in another namespace now";

/// A namespace and a handle to enter it by.
#[derive(Debug)]
pub struct Namespace {
    /// Its inode.
    pub netns: NetNs,
    /// What keeps it.
    pub kept_by: KeptBy,
    /// A descriptor of it, or of a task in it: `setns(2)` takes both.
    handle: OwnedFd,
}

impl Namespace {
    /// Runs `read` on a thread that enters the namespace and ends there.
    ///
    /// # Errors
    /// A gap: `EPERM` without `CAP_SYS_ADMIN`; `ESRCH` where a task was the handle and is gone,
    /// and one without a number where it went to another namespace meanwhile.
    pub fn ask<T: Send>(&self, read: impl FnOnce(&Stand) -> T + Send) -> Result<T, Gap> {
        let place = format!("net:[{}]", self.netns);
        let asked = std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().stack_size(STACK);
            let thread = thread.spawn_scoped(scope, || {
                setns(&self.handle, CloneFlags::CLONE_NEWNET)?;
                self.stands()?;
                Ok(read(&Stand::of_thread(self.netns)))
            })?;
            thread
                .join()
                .unwrap_or_else(|_| Err(io::Error::other("the reader failed")))
        });
        asked.map_err(|error: io::Error| Gap::io(place, &error))
    }

    /// Whether this thread stands in the namespace it is to answer for. A namespace's own
    /// descriptor leads nowhere else; a task goes where it likes.
    fn stands(&self) -> io::Result<()> {
        if number(self.handle.as_fd()) == Some(self.netns) {
            return Ok(());
        }
        let socket = socket(
            AddressFamily::Unix,
            SockType::Datagram,
            SockFlag::SOCK_CLOEXEC,
            None,
        )?;
        let here = sys::netns_of(socket.as_fd())?;
        if number(here.as_fd()) == Some(self.netns) {
            return Ok(());
        }
        Err(io::Error::other(ELSEWHERE))
    }
}

/// The network namespaces of this host, the reader's own left out, in order.
#[must_use]
pub fn namespaces(root: &Sysroot) -> (Vec<Namespace>, Gaps) {
    let mut gaps = Gaps::new();
    let pids = pids(root, &mut gaps);
    let own = observer::netns(root);
    let finds = visit(
        &pids,
        || Finds::new(own),
        |&pid, finds| process(root, pid, finds),
    );
    let mut all = Finds::new(own);
    for find in finds {
        gaps.extend(find.gaps);
        for (mount, pid) in find.mounts {
            all.mounts.entry(mount).or_insert(pid);
        }
        for (netns, found) in find.found {
            all.better(netns, found);
        }
    }
    for pid in all.mounts.clone().into_values() {
        mounted(root, pid, &mut all);
    }
    gaps.append(&mut all.gaps);
    gaps.sort_unstable();
    gaps.dedup();
    let namespaces = all
        .found
        .into_iter()
        .map(|(netns, (kept_by, handle))| Namespace {
            netns,
            kept_by,
            handle,
        });
    (namespaces.collect(), gaps)
}

/// One worker's finds.
struct Finds {
    own: Option<NetNs>,
    found: BTreeMap<NetNs, (KeptBy, OwnedFd)>,
    /// Mount namespaces, with a process in each.
    mounts: BTreeMap<u64, Pid>,
    /// Sockets asked before.
    asked: HashSet<Inode>,
    gaps: Gaps,
}

impl Finds {
    fn new(own: Option<NetNs>) -> Finds {
        Finds {
            own,
            found: BTreeMap::new(),
            mounts: BTreeMap::new(),
            asked: HashSet::new(),
            gaps: Gaps::new(),
        }
    }

    /// Keeps what says more about a namespace.
    fn better(&mut self, netns: NetNs, found: (KeptBy, OwnedFd)) {
        if Some(netns) != self.own && self.found.get(&netns).is_none_or(|known| found.0 < known.0) {
            self.found.insert(netns, found);
        }
    }

    /// Opens a handle where none better is known.
    fn add(
        &mut self,
        netns: NetNs,
        kept_by: KeptBy,
        place: impl FnOnce() -> String,
        handle: impl FnOnce() -> io::Result<OwnedFd>,
    ) {
        if Some(netns) == self.own || self.found.get(&netns).is_some_and(|it| it.0 <= kept_by) {
            return;
        }
        match handle() {
            Ok(handle) => self.better(netns, (kept_by, handle)),
            Err(error) if is_gone(&error) => {}
            Err(error) => self.gaps.push(Gap::io(place(), &error)),
        }
    }
}

/// The namespaces of a process: those its tasks are in, and those its descriptors lead to.
fn process(root: &Sysroot, pid: Pid, finds: &mut Finds) {
    let Some(dir) = open(root, pid, &mut finds.gaps) else {
        return;
    };
    let (mut listing, mut link) = (vec![0; LISTING], Vec::new());
    let before = finds.gaps.len();
    if dir.link(b"ns/mnt", &mut link).is_ok()
        && let Some(mount) = links::bracketed(&link, b"mnt:[")
    {
        finds.mounts.entry(mount).or_insert(pid);
    }
    for tid in numbers(&dir, b"task", &mut listing, finds) {
        let name = format!("task/{tid}/ns/net");
        match dir.link(name.as_bytes(), &mut link) {
            Ok(()) => {
                if let Some(netns) = links::netns(&link) {
                    let path = dir.place(name.as_bytes());
                    let place = || path.display().to_string();
                    // Something may be mounted over the path; then the task itself is a handle.
                    let leads = tid == pid.0;
                    let task =
                        || opened(&path, netns).or_else(|_| sys::pidfd_open(Pid(tid), !leads));
                    finds.add(netns, KeptBy::Task(pid), place, task);
                }
            }
            Err(error) if is_gone(&error) => {}
            Err(error) => finds
                .gaps
                .push(Gap::io(format!("/proc/{pid}/{name}"), &error)),
        }
    }
    descriptors(&dir, pid, &mut listing, finds);
    settle(&dir, before, &mut finds.gaps);
}

/// A handle of a namespace by a path that leads to it: it stays, even if what led there ends.
fn opened(path: &Path, netns: NetNs) -> io::Result<OwnedFd> {
    // A handle is opened, and nothing read: no bytes come in here.
    let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK;
    let handle = fcntl::open(path, flags, Mode::empty())?;
    match number(handle.as_fd()) {
        Some(there) if there == netns => Ok(handle),
        _ => Err(io::Error::other("something else is there now")),
    }
}

/// The numbers in a directory of a process.
fn numbers(dir: &Dir, name: &[u8], listing: &mut [u8], finds: &mut Finds) -> Vec<u32> {
    let mut numbers = Vec::new();
    let listed = dir
        .dir(name)
        .and_then(|task| task.entries(listing, &mut |entry| numbers.extend(entry.number())));
    match listed {
        Err(error) if !is_gone(&error) => {
            let place = dir.place(name).display().to_string();
            finds.gaps.push(Gap::io(place, &error));
        }
        _ => {}
    }
    numbers
}

/// Descriptors of namespaces, and the namespaces sockets were made in.
fn descriptors(dir: &Dir, pid: Pid, listing: &mut [u8], finds: &mut Finds) {
    let mut link = Vec::new();
    let (mut handle, mut untold) = (None, false);
    let Ok(fds) = dir.dir(b"fd") else { return };
    for fd in numbers(dir, b"fd", listing, finds) {
        if fds.link(fd.to_string().as_bytes(), &mut link).is_err() {
            continue;
        }
        let (netns, socket) = (links::netns(&link), links::socket(&link));
        let socket = socket.filter(|inode| !finds.asked.contains(inode));
        if netns.is_none() && socket.is_none() {
            continue;
        }
        if handle.is_none() {
            match sys::pidfd_open(pid, false) {
                Ok(process) => handle = Some(process),
                Err(error) => return finds.gaps.extend(uncopied(pid, "pidfd_open", &error)),
            }
        }
        let Some(process) = &handle else { return };
        let copy = match sys::pidfd_getfd(process.as_fd(), fd) {
            Ok(copy) => copy,
            Err(error) => match uncopied(pid, "pidfd_getfd", &error) {
                Some(gap) => return finds.gaps.push(gap),
                None => continue,
            },
        };
        finds.asked.extend(socket);
        if let Some(netns) = netns {
            finds.add(netns, KeptBy::Descriptor(pid), String::new, || Ok(copy));
        } else {
            match sys::netns_of(copy.as_fd()) {
                Ok(netns) => {
                    if let Some(number) = number(netns.as_fd()) {
                        finds.add(number, KeptBy::Socket(pid), String::new, || Ok(netns));
                    }
                }
                // One word a process is enough: it is the same for all its sockets.
                Err(error) if !untold => {
                    untold = true;
                    finds.gaps.push(unplaced(pid, &error));
                }
                Err(_) => {}
            }
        }
    }
}

/// What is not known where the kernel does not tell a socket's namespace.
pub(super) fn unplaced(pid: Pid, error: &io::Error) -> Gap {
    Gap::io(format!("network namespace of sockets of {pid}"), error)
}

/// What is not known where descriptors of a process cannot be copied; nothing where the
/// descriptor or the process is gone.
fn uncopied(pid: Pid, call: &str, error: &io::Error) -> Option<Gap> {
    match error.raw_os_error() {
        Some(libc::ESRCH | libc::EBADF) => None,
        // This kernel lets nobody ask: one gap for all processes.
        Some(libc::ENOSYS) => Some(Gap::io(call, error)),
        _ => Some(Gap::io(format!("pidfd of {pid}"), error)),
    }
}

/// Namespaces mounted in the mount namespace of a process.
fn mounted(root: &Sysroot, pid: Pid, finds: &mut Finds) {
    let place = format!("/proc/{pid}/mountinfo");
    let text = match root.read(&place) {
        Ok(text) => text,
        Err(error) if is_gone(&error) => return,
        Err(error) => return finds.gaps.push(Gap::io(place, &error)),
    };
    for (netns, point) in namespaces::mounted(&text) {
        let inside = point.strip_prefix(b"/").unwrap_or(&point);
        let path = Path::new("/proc")
            .join(pid.to_string())
            .join("root")
            .join(OsStr::from_bytes(inside));
        let place = path.display().to_string();
        let handle = || opened(&path, netns);
        finds.add(netns, KeptBy::Mount(pid), || place, handle);
    }
}

/// The inode of a namespace's descriptor.
fn number(handle: BorrowedFd<'_>) -> Option<NetNs> {
    Some(NetNs(fstat(handle).ok()?.st_ino))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixDatagram;

    fn of_this_process(netns: NetNs) -> Namespace {
        let own = Pid(std::process::id());
        Namespace {
            netns,
            kept_by: KeptBy::Task(own),
            handle: sys::pidfd_open(own, false).unwrap(),
        }
    }

    #[test]
    fn a_task_that_went_elsewhere_answers_for_no_other_namespace() {
        let own = observer::netns(&Sysroot::live().unwrap()).unwrap();
        let stood = of_this_process(own).ask(|stand| stand.netns).unwrap();
        assert_eq!(stood, Some(own));
        let moved = of_this_process(NetNs(own.0 + 1)).ask(|stand| stand.netns);
        let gap = moved.unwrap_err();
        assert_eq!(gap.place, format!("net:[{}]", own.0 + 1));
        assert_eq!(gap.reason, ELSEWHERE);
    }

    #[test]
    fn descriptors_that_cannot_be_copied_are_a_gap() {
        let _socket = UnixDatagram::unbound().unwrap();
        let dir = Sysroot::live().unwrap().dir("/proc/self").unwrap();
        let gaps = |pid| {
            let mut finds = Finds::new(None);
            descriptors(&dir, Pid(pid), &mut vec![0; LISTING], &mut finds);
            finds.gaps
        };
        // No process can have this number, and the kernel says so.
        let refused = gaps(u32::MAX);
        let [gap] = refused.as_slice() else {
            panic!("{refused:?}")
        };
        assert_eq!(gap.errno, Some(libc::EINVAL), "{gap:?}");
        // One that has ended keeps nothing.
        assert_eq!(gaps(u32::MAX >> 1), Gaps::new());
    }

    #[test]
    fn what_a_kernel_has_not_is_told_once() {
        let told = |errno| uncopied(Pid(7), "pidfd_open", &io::Error::from_raw_os_error(errno));
        assert_eq!(told(libc::ENOSYS).unwrap().place, "pidfd_open");
        for errno in [libc::EMFILE, libc::ENFILE, libc::ENOMEM, libc::EPERM] {
            assert_eq!(told(errno).unwrap().place, "pidfd of 7");
        }
        for errno in [libc::ESRCH, libc::EBADF] {
            assert_eq!(told(errno), None);
        }
    }
}
