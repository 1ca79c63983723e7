//! Who holds which socket: every descriptor table of every process, the leaders' and those
//! that threads have of their own, the files fixed in an io_uring, and on request
//! descriptors in flight and mapped rings.

use super::ask::{Holdings, SocketAsk, States, Told, WalkAsk};
use super::processes::{LISTING, describe, is_gone, open, pids, settle, visit};
use super::threads::Threads;
use super::{slots, tables};
use crate::parse::{links, maps};
use model::gap::counted;
use model::process::Holding;
use model::{Family, Gap, Gaps, Held, Inode, Owner, Pid, Process, Source};
use std::collections::HashSet;
use std::sync::OnceLock;
use sysroot::{Dir, Sysroot};

/// Finds every holding asked for.
#[must_use]
pub fn holdings(root: &Sysroot, ask: &WalkAsk) -> Holdings {
    walked(root, Asked::Now(ask))
}

/// The same where it is not known yet which sockets are meant: their tables may be read while
/// processes are walked. Somebody must set `ask`, and not ask for what is deep.
#[must_use]
pub fn holdings_once(root: &Sysroot, ask: &OnceLock<WalkAsk>) -> Holdings {
    walked(root, Asked::Soon(ask))
}

fn walked(root: &Sysroot, asked: Asked<'_>) -> Holdings {
    let mut gaps = Gaps::new();
    let pids = pids(root, &mut gaps);
    let deep = asked.now().is_some_and(|ask| ask.deep);
    let unix = if deep {
        inodes(root, Family::Unix, &mut gaps)
    } else {
        HashSet::new()
    };
    let walk = Walk {
        root,
        asked,
        unix: &unix,
        threads: Threads::new(root),
    };
    let mut finds = visit(&pids, Finds::new, |pid, finds| walk.process(*pid, finds));
    for find in &mut finds {
        walk.decide(find);
    }
    let mut all = merge(&mut finds, gaps);
    if deep {
        walk.mapped(&pids, &mut all);
    }
    all.holdings.sort_unstable();
    all.holdings.dedup();
    all.processes.sort_unstable_by_key(|process| process.id);
    all.told.coverage.processes = u64::try_from(pids.len()).ok();
    all
}

fn merge(finds: &mut [Finds], gaps: Gaps) -> Holdings {
    let mut all = Holdings {
        told: Told {
            gaps,
            ..Told::default()
        },
        ..Holdings::default()
    };
    for find in finds.iter_mut() {
        all.holdings.append(&mut find.holdings);
        all.processes.append(&mut find.processes);
        all.told.gaps.append(&mut find.gaps);
    }
    // Workers take processes as they come; the order of their gaps is put right here.
    all.told.gaps.sort_unstable();
    all
}

/// Inodes of all sockets of a family that has no ports.
fn inodes(root: &Sysroot, family: Family, gaps: &mut Gaps) -> HashSet<Inode> {
    let ask = SocketAsk {
        tables: vec![(family, None)],
        states: States::ALL,
        port: None,
    };
    let mut inodes = HashSet::new();
    let mut told = tables::sockets(root, Source::Netlink, &ask, &mut |socket| {
        inodes.insert(socket.inode);
    });
    gaps.append(&mut told.gaps);
    inodes
}

/// What is asked for, as far as that is known.
#[derive(Clone, Copy)]
enum Asked<'a> {
    Now(&'a WalkAsk),
    Soon(&'a OnceLock<WalkAsk>),
}

impl<'a> Asked<'a> {
    fn now(self) -> Option<&'a WalkAsk> {
        match self {
            Asked::Now(ask) => Some(ask),
            Asked::Soon(ask) => ask.get(),
        }
    }

    fn wait(self) -> &'a WalkAsk {
        match self {
            Asked::Now(ask) => ask,
            Asked::Soon(ask) => ask.wait(),
        }
    }
}

/// Processes of one worker that wait until it is known what is meant, at most: each keeps a
/// descriptor of ours open.
const UNDECIDED_MAX: usize = 32;

/// One worker's finds and working space.
struct Finds {
    /// Processes still held, with every socket found in them.
    undecided: Vec<(Dir, Vec<Find>)>,
    holdings: Vec<Holding>,
    processes: Vec<Process>,
    gaps: Gaps,
    listing: Vec<u8>,
    link: Vec<u8>,
    text: Vec<u8>,
}

impl Finds {
    fn new() -> Finds {
        Finds {
            undecided: Vec::new(),
            holdings: Vec::new(),
            processes: Vec::new(),
            gaps: Vec::new(),
            listing: vec![0; LISTING],
            link: Vec::new(),
            text: Vec::new(),
        }
    }
}

/// A holding before its process is known.
struct Find {
    inode: Inode,
    tid: Option<Pid>,
    held: Held,
}

struct Walk<'a> {
    root: &'a Sysroot,
    asked: Asked<'a>,
    unix: &'a HashSet<Inode>,
    threads: Threads<'a>,
}

impl Walk<'_> {
    fn process(&self, pid: Pid, finds: &mut Finds) {
        let before = finds.gaps.len();
        let mut held = self.look(pid, finds);
        let mut since = finds.gaps.iter().skip(before);
        if !finds.undecided.is_empty() && since.any(|gap| gap.errno == Some(libc::EMFILE)) {
            // The processes held may be what there is no room beside.
            finds.gaps.truncate(before);
            self.decide(finds);
            held = self.look(pid, finds);
        }
        finds.undecided.extend(held);
        if self.asked.now().is_some() || finds.undecided.len() >= UNDECIDED_MAX {
            self.decide(finds);
        }
    }

    /// Looks at every descriptor table of a process; gives it with what was found, if anything.
    fn look(&self, pid: Pid, finds: &mut Finds) -> Option<(Dir, Vec<Find>)> {
        let dir = open(self.root, pid, &mut finds.gaps)?;
        let mut found = Vec::new();
        let gaps = finds.gaps.len();
        self.table(&dir, None, &mut found, finds);
        // Whose descriptors are refused, his threads' are too: one gap says it for all.
        let refused = finds.gaps.len() > gaps;
        for tid in if refused {
            Vec::new()
        } else {
            self.threads
                .own_tables(pid, &dir, &mut finds.listing, &mut finds.gaps)
        } {
            match dir.dir(format!("task/{tid}").as_bytes()) {
                Ok(task) => self.table(&task, Some(tid), &mut found, finds),
                Err(error) if is_gone(&error) => {}
                Err(error) => finds
                    .gaps
                    .push(Gap::io(format!("/proc/{pid}/task/{tid}"), &error)),
            }
        }
        settle(&dir, gaps, &mut finds.gaps);
        (!found.is_empty()).then_some((dir, found))
    }

    /// Keeps of what was found what is meant, and waits until that is known.
    fn decide(&self, finds: &mut Finds) {
        for (dir, mut found) in std::mem::take(&mut finds.undecided) {
            let ask = self.asked.wait();
            found.retain(|find| find.inode == Inode(0) || wants(ask, find.inode));
            let gaps = finds.gaps.len();
            attribute(&dir, found, finds);
            settle(&dir, gaps, &mut finds.gaps);
        }
    }

    /// One descriptor table: `dir` is that of the process, or of the thread.
    fn table(&self, dir: &Dir, tid: Option<Pid>, found: &mut Vec<Find>, finds: &mut Finds) {
        let Finds {
            gaps,
            listing,
            link,
            text,
            ..
        } = finds;
        let fds = match dir.dir(b"fd") {
            Ok(fds) => fds,
            Err(error) => return missing(dir, &error, gaps),
        };
        let mut refused = Refused::default();
        let listed = slots::each(&fds, listing, &mut |fd, entry| {
            match fds.link(entry.name, link) {
                Ok(()) => self.descriptor(dir, tid, fd, link, text, found, gaps),
                Err(error) if is_gone(&error) => return false,
                Err(error) => refused.add(error),
            }
            true
        });
        if let Err(error) = listed {
            missing(dir, &error, gaps);
        }
        gaps.extend(refused.gap(&fds));
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "called once, from the loop over one table"
    )]
    fn descriptor(
        &self,
        dir: &Dir,
        tid: Option<Pid>,
        fd: u32,
        link: &[u8],
        text: &mut Vec<u8>,
        found: &mut Vec<Find>,
        gaps: &mut Gaps,
    ) {
        if let Some(inode) = links::socket(link) {
            if self.wants(inode) {
                found.push(Find {
                    inode,
                    tid,
                    held: Held::Fd { fd },
                });
            }
            if self.unix.contains(&inode) && info(dir, fd, text, gaps) {
                let count = links::waiting_descriptors(text).filter(|&count| count > 0);
                let waiting = count.map(|count| Held::InFlight { via: fd, count });
                found.extend(waiting.map(|held| Find {
                    inode: Inode(0),
                    tid,
                    held,
                }));
            }
        } else if links::is_io_uring(link) && info(dir, fd, text, gaps) {
            for (slot, target) in links::fixed_files(text) {
                let inode = links::socket(target).filter(|&inode| self.wants(inode));
                let held = Held::IoUring { ring: fd, slot };
                found.extend(inode.map(|inode| Find { inode, tid, held }));
            }
        }
    }

    /// Whether a socket is meant, or may be.
    fn wants(&self, inode: Inode) -> bool {
        self.asked.now().is_none_or(|ask| wants(ask, inode))
    }

    /// Packet sockets that nobody was found holding may live on in a mapped ring.
    fn mapped(&self, pids: &[Pid], all: &mut Holdings) {
        let mut missing = inodes(self.root, Family::Packet, &mut all.told.gaps);
        missing.retain(|&inode| self.wants(inode));
        for holding in &all.holdings {
            missing.remove(&holding.inode);
        }
        if missing.is_empty() {
            return;
        }
        let mut finds = visit(pids, Finds::new, |&pid, finds| {
            let Some(dir) = open(self.root, pid, &mut finds.gaps) else {
                return;
            };
            let mut text = Vec::new();
            match dir.read(b"maps", &mut text) {
                Ok(()) => {}
                Err(error) if is_gone(&error) => return,
                Err(error) => {
                    return finds
                        .gaps
                        .push(Gap::io(format!("/proc/{pid}/maps"), &error));
                }
            }
            let mapped: HashSet<Inode> = maps::sockets(&text)
                .filter(|inode| missing.contains(inode))
                .collect();
            let held = Held::Mapped;
            let found = mapped
                .into_iter()
                .map(|inode| Find {
                    inode,
                    tid: None,
                    held,
                })
                .collect();
            let gaps = finds.gaps.len();
            attribute(&dir, found, finds);
            settle(&dir, gaps, &mut finds.gaps);
        });
        let mut more = merge(&mut finds, Gaps::new());
        all.holdings.append(&mut more.holdings);
        all.told.gaps.append(&mut more.told.gaps);
        for process in more.processes {
            if !all.processes.iter().any(|known| known.id == process.id) {
                all.processes.push(process);
            }
        }
    }
}

fn wants(ask: &WalkAsk, inode: Inode) -> bool {
    let wanted = ask.inodes.as_ref();
    let known = ask.strangers_to.as_ref();
    wanted.is_none_or(|wanted| wanted.contains(&inode))
        || known.is_some_and(|known| !known.contains(inode))
}

/// Reads the fdinfo of a descriptor into `text`. One closed meanwhile holds nothing.
fn info(dir: &Dir, fd: u32, text: &mut Vec<u8>, gaps: &mut Gaps) -> bool {
    let name = format!("fdinfo/{fd}");
    match dir.read(name.as_bytes(), text) {
        Ok(()) => true,
        Err(error) if is_gone(&error) => false,
        Err(error) => {
            gaps.push(Gap::io(
                dir.place(name.as_bytes()).display().to_string(),
                &error,
            ));
            false
        }
    }
}

/// Names the process of what was found in it. The directory was held all the time, so the
/// name is that of the process looked at, even if its number is used again by now.
fn attribute(dir: &Dir, found: Vec<Find>, finds: &mut Finds) {
    if found.is_empty() {
        return;
    }
    let Some(process) = describe(dir, &mut finds.text, &mut finds.gaps) else {
        return;
    };
    finds.holdings.extend(found.into_iter().map(|find| Holding {
        inode: find.inode,
        owner: Owner {
            id: process.id,
            tid: find.tid,
            comm: process.comm.clone(),
            uid: process.uid,
            held: find.held,
        },
    }));
    finds.processes.push(process);
}

/// A descriptor table that cannot be listed: no gap if the task is gone for good.
fn missing(dir: &Dir, error: &std::io::Error, gaps: &mut Gaps) {
    let gone = is_gone(error) && dir.read(b"stat", &mut Vec::new()).is_err();
    if !gone {
        gaps.push(Gap::io(dir.place(b"fd").display().to_string(), error));
    }
}

/// Links of one table that were refused: one gap with their number.
#[derive(Default)]
struct Refused {
    count: usize,
    first: Option<std::io::Error>,
}

impl Refused {
    fn add(&mut self, error: std::io::Error) {
        self.count += 1;
        self.first.get_or_insert(error);
    }

    fn gap(self, fds: &Dir) -> Option<Gap> {
        let mut gap = Gap::io(fds.path().display().to_string(), &self.first?);
        let count = counted(self.count as u64, "descriptor", "descriptors");
        gap.reason = format!("{} ({count})", gap.reason);
        Some(gap)
    }
}
