//! Questions about files that may never be answered: a dead NFS server, a FUSE process that
//! sleeps. Such files are known by their mount before they are asked about, and asked in a
//! thread that is left behind when it does not come back.

use super::super::processes::STACK;
use crate::parse::mounts;
use model::Mount;
use model::mount::lies_below;
use std::collections::{HashMap, HashSet};
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use sysroot::{Dir, Stat, Sysroot};

/// How long one file may take to tell what it is.
const PATIENCE: Duration = Duration::from_millis(500);

/// The most threads left behind.
const STUCK_MAX: usize = 16;

/// What is known of a mount.
#[derive(Debug)]
struct Row {
    hangs: bool,
    /// Of the file system.
    device: u64,
    /// Whether its files lie on other file systems.
    is_overlay: bool,
}

/// The mounts a process sees, by number.
#[derive(Debug, Default)]
pub(super) struct MountTable {
    /// Which of the namespaces met so far it is; none where that is not known.
    namespace: Option<usize>,
    by_id: HashMap<u64, Row>,
    /// Every mount point, with whether it may hang; empty where none may.
    points: Vec<(Vec<u8>, bool)>,
}

impl MountTable {
    pub(super) fn new(namespace: usize, rows: Vec<Mount>) -> MountTable {
        let row = |mount: &Mount| Row {
            hangs: mount.may_hang(),
            device: mount.device,
            is_overlay: mount.kind == b"overlay",
        };
        let by_id: HashMap<u64, Row> = rows.iter().map(|it| (it.id, row(it))).collect();
        let points = if by_id.values().any(|row| row.hangs) {
            rows.into_iter()
                .map(|row| (row.may_hang(), row.point))
                .map(|(hangs, point)| (point, hangs))
                .collect()
        } else {
            Vec::new()
        };
        MountTable {
            namespace: Some(namespace),
            by_id,
            points,
        }
    }

    /// A number that only processes of one mount namespace share.
    pub(super) fn namespace(&self) -> Option<usize> {
        self.namespace
    }

    /// Whether a file opened through a mount may hang. One that is not listed (unmounted
    /// lazily, or another namespace's) may be anything.
    pub(super) fn may_hang(&self, mount: u64) -> bool {
        self.by_id.get(&mount).is_none_or(|row| row.hangs)
    }

    /// Whether `maps` may tell this device of a file on that mount, though stat tells another: on
    /// btrfs that of the subvolume. Of an overlay maps told the device of the layer until
    /// Linux 6.8, which is none of the mount's.
    pub(super) fn bears(&self, mount: u64, device: u64) -> bool {
        let row = self.by_id.get(&mount);
        row.is_some_and(|row| row.is_overlay || row.device == device)
    }

    /// Whether a file known by its path only may hang: the last of the longest mount points
    /// it lies below decides.
    pub(super) fn path_may_hang(&self, path: &[u8]) -> bool {
        self.points
            .iter()
            .filter(|(point, _)| lies_below(point, path))
            .max_by_key(|(point, _)| point.len())
            .is_some_and(|(_, hangs)| *hangs)
    }
}

/// Asks with a deadline.
pub(super) struct Bounded {
    root: Sysroot,
    /// Tables by mount namespace, as its link says.
    tables: Mutex<HashMap<Vec<u8>, Arc<MountTable>>>,
    /// Mounts that did not answer, and how many threads wait for them.
    hung: Mutex<(HashSet<u64>, usize)>,
    /// Threads whose last question was answered.
    idle: Mutex<Vec<Helper>>,
}

/// A thread that asks, one question after the other. Left alone it ends when it has its answer.
struct Helper {
    questions: Sender<PathBuf>,
    answers: Receiver<io::Result<Stat>>,
}

impl Helper {
    fn new(root: &Sysroot) -> io::Result<Helper> {
        let (questions, asked) = channel::<PathBuf>();
        let (answer, answers) = channel();
        let root = root.clone();
        let thread = std::thread::Builder::new().stack_size(STACK);
        thread.spawn(move || {
            for path in asked {
                // Nobody listens any more when this comes too late.
                if answer.send(root.stat(&path)).is_err() {
                    return;
                }
            }
        })?;
        Ok(Helper { questions, answers })
    }
}

impl Bounded {
    pub(super) fn new(root: &Sysroot) -> Bounded {
        Bounded {
            root: root.clone(),
            tables: Mutex::default(),
            hung: Mutex::default(),
            idle: Mutex::default(),
        }
    }

    /// The mounts of a process; `link` is working space. Processes of one namespace share a
    /// table, though a changed root shows them fewer mounts: what is missing may hang.
    pub(super) fn mounts(&self, dir: &Dir, link: &mut Vec<u8>) -> Arc<MountTable> {
        if !self.root.is_live() || dir.link(b"ns/mnt", link).is_err() {
            return Arc::default();
        }
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(table) = tables.get(link.as_slice()) {
            return Arc::clone(table);
        }
        let mut text = Vec::new();
        // What is not understood here leaves its mount unknown, which is the careful side.
        let rows = match dir.read(b"mountinfo", &mut text) {
            Ok(()) => mounts::mountinfo(&text, "mountinfo").0,
            Err(_) => Vec::new(),
        };
        let table = Arc::new(MountTable::new(tables.len(), rows));
        tables.insert(link.clone(), Arc::clone(&table));
        table
    }

    fn lock_idle(&self) -> MutexGuard<'_, Vec<Helper>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a file is, if it tells in time. A mount that once did not is not asked again.
    pub(super) fn stat(&self, path: PathBuf, mount: Option<u64>) -> io::Result<Stat> {
        if !self.root.is_live() {
            return self.root.stat(&path);
        }
        let late = || io::Error::new(io::ErrorKind::TimedOut, "did not answer in time");
        {
            let hung = self.hung.lock().unwrap_or_else(PoisonError::into_inner);
            if hung.1 >= STUCK_MAX || mount.is_some_and(|mount| hung.0.contains(&mount)) {
                return Err(late());
            }
        }
        let idle = self.lock_idle().pop();
        let helper = match idle {
            Some(helper) => helper,
            None => Helper::new(&self.root)?,
        };
        // One that is idle waits for a question.
        let _ = helper.questions.send(path);
        match helper.answers.recv_timeout(PATIENCE) {
            Ok(stat) => {
                self.lock_idle().push(helper);
                stat
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                let mut hung = self.hung.lock().unwrap_or_else(PoisonError::into_inner);
                hung.0.extend(mount);
                hung.1 += 1;
                Err(late())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_mount_point_decides() {
        let text = b"1 0 254:0 / / rw - ext4 a rw\n2 1 0:5 / /mnt rw - nfs a:/ rw\n3 2 0:6 / /mnt/local rw - tmpfs a rw\n";
        let table = MountTable::new(0, mounts::mountinfo(text, "").0);
        for (path, hangs) in [
            ("/", false),
            ("/mnt", true),
            ("/mnt/a/b", true),
            ("/mntx", false),
            ("/mnt/local/a", false),
            ("pipe:[1]", false),
        ] {
            assert_eq!(table.path_may_hang(path.as_bytes()), hangs, "{path}");
        }
        assert!(table.may_hang(2) && table.may_hang(99) && !table.may_hang(1));
    }

    #[test]
    fn maps_may_tell_another_device_than_stat() {
        let text = b"1 0 254:0 / / rw - btrfs a rw\n2 1 0:5 / /mnt rw - overlay overlay rw\n";
        let table = MountTable::new(0, mounts::mountinfo(text, "").0);
        assert!(table.bears(1, 254 << 32) && !table.bears(1, 5));
        assert!(table.bears(2, 5) && table.bears(2, 254 << 32));
        assert!(!table.bears(99, 5));
    }
}
