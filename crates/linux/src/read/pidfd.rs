//! The owner walk without any procfs: each process by its number, each of its descriptors
//! copied out (`pidfd_getfd`), asked what it is, and closed at once.
//!
//! Nothing is read from or sent to what is copied. Closing a copy runs the file's own `flush`,
//! as every `close` in its owner's children does.

use super::processes::visit;
use super::{netns, oracles, processes};
use crate::parse::Order;
use crate::parse::sockaddr::internet;
use crate::sys;
use model::asked::{AskedSocket, Copied};
use model::gap::counted;
use model::process::Holding;
use model::{Cookie, Foreign, Gap, Gaps, Held, Inode, NetNs, Owner, Pid, ProcessId};
use nix::sys::stat::{SFlag, fstat};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};
use sysroot::Sysroot;

/// How far the walk goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Descriptor numbers below this are all tried.
    pub fds: u32,
    /// Beyond that, the walk goes on until this many in a row are not open.
    pub span: u32,
    /// No process is begun after this time.
    pub time: Duration,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            fds: 1024,
            span: 1024,
            time: Duration::from_secs(20),
        }
    }
}

/// What the walk found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Who had which socket, in order.
    pub copied: Vec<Copied>,
    /// The sockets themselves, each asked once.
    pub sockets: BTreeMap<Inode, AskedSocket>,
    /// Processes and threads with tables of their own that were walked.
    pub walked: u64,
    /// Tasks that could not be walked: one gap an error, with their number and the first.
    pub gaps: Gaps,
    /// Whether all were walked, and every socket told its namespace.
    pub whole: bool,
}

/// Walks `tasks`: the processes and threads a census found. A recorded tree gives what was
/// found then.
#[must_use]
pub fn asked(root: &Sysroot, processes: &[Pid], threads: &[Pid], bounds: Bounds) -> Asked {
    const PLACE: &str = "pidfd";
    let mut kept = Vec::new();
    let ask = |sink: &mut dyn FnMut(&[u8])| {
        let asked = walk(processes, threads, bounds);
        let sockets: Vec<&AskedSocket> = asked.sockets.values().collect();
        let parts = (&asked.copied, sockets, asked.walked, &asked.gaps);
        sink(&serde_json::to_vec(&parts)?);
        Ok(())
    };
    let answer = root.answer(PLACE, ask, &mut |bytes| kept.extend_from_slice(bytes));
    let parts = answer.and_then(|()| Ok(serde_json::from_slice(&kept)?));
    let (copied, sockets, walked, gaps): (_, Vec<AskedSocket>, _, Gaps) = match parts {
        Ok(parts) => parts,
        Err(error) => {
            return Asked {
                gaps: vec![Gap::io(PLACE, &error)],
                ..Asked::default()
            };
        }
    };
    Asked {
        copied,
        sockets: sockets.into_iter().map(|it| (it.inode, it)).collect(),
        walked,
        whole: gaps.is_empty(),
        gaps,
    }
}

/// The census, then the walk over all it found.
#[must_use]
pub fn census_and_walk(root: &Sysroot, bounds: Bounds) -> (model::census::Census, Asked) {
    let (census, gaps) = oracles::census(root);
    let mut asked = asked(root, &census.found, &census.threads, bounds);
    asked.gaps.extend(gaps);
    (census, asked)
}

/// The finds in the words of the other walks. A process that `root` does not show is named
/// by its number alone: start time 0, no name.
#[must_use]
pub fn holdings(root: &Sysroot, asked: &Asked) -> Vec<Holding> {
    let mut known: HashMap<Pid, Owner> = HashMap::new();
    let name = |pid: Pid| {
        let process = processes::open(root, pid, &mut Gaps::new())
            .and_then(|dir| processes::describe(&dir, &mut Vec::new(), &mut Gaps::new()))
            .filter(|process| process.id.pid == pid);
        Owner {
            id: process
                .as_ref()
                .map_or(ProcessId { pid, start: 0 }, |process| process.id),
            tid: None,
            uid: process.as_ref().and_then(|process| process.uid),
            comm: process.map(|process| process.comm).unwrap_or_default(),
            held: Held::Fd { fd: 0 },
        }
    };
    let mut holdings: Vec<Holding> = asked
        .copied
        .iter()
        .map(|copied| Holding {
            inode: copied.inode,
            owner: Owner {
                tid: copied.tid,
                held: Held::Fd { fd: copied.fd },
                ..known
                    .entry(copied.pid)
                    .or_insert_with(|| name(copied.pid))
                    .clone()
            },
        })
        .collect();
    holdings.sort_unstable();
    holdings
}

/// One worker's finds.
#[derive(Default)]
struct Finds {
    copied: Vec<Copied>,
    sockets: BTreeMap<Inode, AskedSocket>,
    walked: u64,
    refused: Vec<(Pid, i32)>,
    /// Sockets whose namespace was not told, by the error: whose the first is, and how many.
    unplaced: BTreeMap<i32, (Pid, u64)>,
    late: u64,
}

fn walk(processes: &[Pid], threads: &[Pid], bounds: Bounds) -> Asked {
    let begun = Instant::now();
    let kernel = kernel_table(bounds);
    let tasks: Vec<(Pid, bool)> = processes
        .iter()
        .map(|&pid| (pid, false))
        .chain(threads.iter().map(|&tid| (tid, true)))
        .collect();
    // Our own table first, while nothing is copied into it: what a worker copies there for a moment
    // another would take for a holding of ours.
    let own = Pid(std::process::id());
    let mut ours = Finds::default();
    if processes.contains(&own) {
        // Of ourselves nothing is refused.
        let _ = task(own, false, bounds, &mut ours);
    }
    let is_ours = |pid: Pid| pid == own || sys::share_files(own, pid).unwrap_or(false);
    let mut finds = visit(&tasks, Finds::default, |&(pid, thread), finds| {
        if begun.elapsed() > bounds.time {
            finds.late += 1;
        } else if is_ours(pid) {
            // Walked before.
        } else if kernel.is_some_and(|it| it != pid && sys::share_files(it, pid).unwrap_or(false)) {
            finds.walked += 1;
        } else if let Err(error) = task(pid, thread, bounds, finds) {
            finds
                .refused
                .extend(error.raw_os_error().map(|errno| (pid, errno)));
        }
    });
    finds.push(ours);
    let mut asked = Asked::default();
    let (mut refused, mut late) = (BTreeMap::<i32, BTreeSet<Pid>>::new(), 0);
    let mut unplaced = BTreeMap::<i32, (Pid, u64)>::new();
    for find in finds {
        asked.copied.extend(find.copied);
        asked.sockets.extend(find.sockets);
        asked.walked += find.walked;
        late += find.late;
        for (pid, errno) in find.refused {
            refused.entry(errno).or_default().insert(pid);
        }
        for (errno, (pid, count)) in find.unplaced {
            let all = unplaced.entry(errno).or_insert((pid, 0));
            *all = (all.0.min(pid), all.1 + count);
        }
    }
    asked.copied.sort_unstable();
    asked.copied.dedup();
    for (errno, pids) in refused {
        let Some(first) = pids.first() else { continue };
        let error = io::Error::from_raw_os_error(errno);
        let mut gap = Gap::io(format!("pidfd of {first}"), &error);
        if pids.len() > 1 {
            gap.reason = format!("{} ({} tasks)", gap.reason, pids.len());
        }
        asked.gaps.push(gap);
    }
    for (errno, (first, count)) in unplaced {
        let mut gap = netns::unplaced(first, &io::Error::from_raw_os_error(errno));
        gap.reason = format!("{} ({})", gap.reason, counted(count, "socket", "sockets"));
        asked.gaps.push(gap);
    }
    if late > 0 {
        let tasks = counted(late, "task", "tasks");
        let reason = format!("{tasks} not walked: the time was up");
        asked.gaps.push(Gap::new("pidfd", reason));
    }
    asked
}

/// The task whose table all threads of the kernel share, if it is as empty as it should be:
/// then theirs need no walk.
fn kernel_table(bounds: Bounds) -> Option<Pid> {
    const KTHREADD: Pid = Pid(2);
    let handle = sys::pidfd_open(KTHREADD, false).ok()?;
    let empty = (0..bounds.fds).all(|fd| {
        sys::pidfd_getfd(handle.as_fd(), fd)
            .is_err_and(|error| error.raw_os_error() == Some(libc::EBADF))
    });
    empty.then_some(KTHREADD)
}

/// Walks one task's descriptors. One that is gone, or shares its process' table, has none.
fn task(pid: Pid, thread: bool, bounds: Bounds, finds: &mut Finds) -> io::Result<()> {
    let gone = |error: &io::Error| {
        matches!(
            error.raw_os_error(),
            Some(libc::ESRCH | libc::ENOENT | libc::EINVAL)
        )
    };
    let handle = match sys::pidfd_open(pid, thread) {
        Ok(handle) => handle,
        // Before Linux 6.9 there is no descriptor for a thread: EINVAL.
        Err(error) if gone(&error) => return Ok(()),
        Err(error) => return Err(error),
    };
    let process = if thread {
        let process = sys::process_of(handle.as_fd()).unwrap_or(pid);
        if process != pid && sys::share_files(process, pid).unwrap_or(false) {
            return Ok(());
        }
        process
    } else {
        pid
    };
    finds.walked += 1;
    let (mut fd, mut quiet) = (0, 0);
    while fd < bounds.fds || quiet < bounds.span {
        match sys::pidfd_getfd(handle.as_fd(), fd) {
            Ok(copy) => {
                quiet = 0;
                if let Some(inode) = socket_inode(&copy) {
                    finds.copied.push(Copied {
                        pid: process,
                        tid: thread.then_some(pid),
                        fd,
                        inode,
                    });
                    if let Entry::Vacant(place) = finds.sockets.entry(inode) {
                        let netns = netns_of(copy.as_fd());
                        let errno = netns.as_ref().err().and_then(io::Error::raw_os_error);
                        if let Some(errno) = errno {
                            finds.unplaced.entry(errno).or_insert((process, 0)).1 += 1;
                        }
                        place.insert(ask(copy.as_fd(), inode, netns.ok()));
                    }
                }
            }
            Err(error) if error.raw_os_error() == Some(libc::EBADF) => quiet += 1,
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => return Ok(()),
            Err(error) => return Err(error),
        }
        fd += 1;
    }
    Ok(())
}

fn socket_inode(copy: &OwnedFd) -> Option<Inode> {
    let stat = fstat(copy).ok()?;
    let kind = SFlag::from_bits_truncate(stat.st_mode & SFlag::S_IFMT.bits());
    (kind == SFlag::S_IFSOCK).then_some(Inode(stat.st_ino))
}

/// The network namespace a copied socket lives in.
pub(super) fn netns_of(fd: BorrowedFd<'_>) -> io::Result<NetNs> {
    Ok(NetNs(fstat(sys::netns_of(fd)?)?.st_ino))
}

/// Asks a socket of this namespace what it is. What it will not tell is left out.
pub(super) fn ask(fd: BorrowedFd<'_>, inode: Inode, netns: Option<NetNs>) -> AskedSocket {
    let number = |level, name| {
        let mut raw = [0; 4];
        sys::option(fd, level, name, &mut raw).ok()?;
        Some(i32::from_ne_bytes(raw))
    };
    let own = |name| number(libc::SOL_SOCKET, name);
    let mut cookie = [0; 8];
    let domain = own(libc::SO_DOMAIN).unwrap_or(0);
    let mut asked = AskedSocket {
        inode,
        cookie: sys::option(fd, libc::SOL_SOCKET, libc::SO_COOKIE, &mut cookie)
            .is_ok()
            .then_some(Cookie(u64::from_ne_bytes(cookie))),
        domain,
        socket_type: own(libc::SO_TYPE).unwrap_or(0),
        protocol: own(libc::SO_PROTOCOL).unwrap_or(0),
        listening: own(libc::SO_ACCEPTCONN) == Some(1),
        netns,
        ..AskedSocket::default()
    };
    let internet_family = matches!(domain, libc::AF_INET | libc::AF_INET6);
    if internet_family || domain == libc::AF_PACKET {
        let program = sys::filter(fd).ok();
        asked.filter = program
            .as_ref()
            .and_then(|program| u32::try_from(program.len() / 8).ok());
        asked.tests = program
            .as_ref()
            .filter(|it| !it.is_empty())
            .map(|it| crate::parse::bpf::filter(it, Order::NATIVE));
        asked.program = program.filter(|it| !it.is_empty()).map(Foreign::from);
        asked.device = device(fd);
    }
    if internet_family {
        let address = |peer| internet(&sys::name(fd, peer).ok()?, Order::NATIVE);
        asked.local = address(false);
        asked.remote = address(true);
        asked.min_ttl = number(libc::IPPROTO_IP, libc::IP_MINTTL);
        asked.transparent = number(libc::IPPROTO_IP, libc::IP_TRANSPARENT) == Some(1);
    }
    if domain == libc::AF_INET6 {
        asked.v6only = number(libc::IPPROTO_IPV6, libc::IPV6_V6ONLY).map(|it| it != 0);
    }
    asked
}

/// The interface a socket is bound to.
fn device(fd: BorrowedFd<'_>) -> Option<Foreign> {
    let mut name = [0; 16];
    let length = sys::option(fd, libc::SOL_SOCKET, libc::SO_BINDTODEVICE, &mut name).ok()?;
    let name = name.get(..length)?;
    let name = name.strip_suffix(b"\0").unwrap_or(name);
    (!name.is_empty()).then(|| name.into())
}
