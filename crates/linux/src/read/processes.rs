//! The list of processes, what one of them is, and workers to visit them all.

use crate::parse::{links, stat};
use model::{Foreign, Gap, Gaps, Pid, Process};
use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread::{self, Builder};
use sysroot::{Dir, Sysroot};

/// Room for one `getdents64`: about a thousand names.
pub(crate) const LISTING: usize = 32 << 10;

/// More workers than this do not make the kernel any faster at `readlinkat`.
const WORKERS_MAX: usize = 8;

/// A thread's stack. Said, since otherwise a variable of the environment would (`RUST_MIN_STACK`).
pub(crate) const STACK: usize = 2 << 20;

/// The processes `/proc` lists, in order.
pub(crate) fn pids(root: &Sysroot, gaps: &mut Gaps) -> Vec<Pid> {
    let mut pids = Vec::new();
    let mut buffer = vec![0; LISTING];
    let listed = root.dir("/proc").and_then(|proc| {
        proc.entries(&mut buffer, &mut |entry| {
            pids.extend(entry.number().map(Pid))
        })
    });
    if let Err(error) = &listed {
        gaps.push(Gap::io("/proc", error));
    }
    pids.sort_unstable();
    pids.dedup();
    // Every pid namespace has its first process, and everybody may see that it is there.
    if root.is_live() && listed.is_ok() && pids.first() != Some(&Pid(1)) {
        let reason =
            "process 1 is not listed: no procfs, or one that keeps processes from us (hidepid)";
        gaps.push(Gap::new("/proc", reason));
    }
    pids
}

/// Opens a process. One that is gone by now is nothing, and no gap either.
pub(crate) fn open(root: &Sysroot, pid: Pid, gaps: &mut Gaps) -> Option<Dir> {
    let place = format!("/proc/{pid}");
    match root.dir(&place) {
        Ok(dir) => Some(dir),
        Err(error) if is_gone(&error) => None,
        Err(error) => {
            gaps.push(Gap::io(place, &error));
            None
        }
    }
}

/// Whether a call failed because the task ended.
pub(crate) fn is_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(libc::ESRCH)
}

/// Whether a reading through a held directory failed because the task ended: nothing else makes
/// a place disappear that every task has. What only a recorded tree lacks has no number.
pub(crate) fn has_ended(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ESRCH))
}

/// Puts the end of a process in the place of every gap since `before`, if it has ended by now:
/// of a task that is gone one place is missing and the next is refused.
pub(crate) fn settle(dir: &Dir, before: usize, gaps: &mut Gaps) {
    if gaps.len() > before
        && matches!(dir.read(b"stat", &mut Vec::new()), Err(error) if has_ended(&error))
    {
        gaps.truncate(before);
        gaps.push(Gap::ended(dir.path().display().to_string()));
    }
}

/// What a process is, read through its held directory; `text` is working space. A place that
/// fails becomes a gap and leaves its field empty; without `stat` there is no process.
pub(crate) fn describe(dir: &Dir, text: &mut Vec<u8>, gaps: &mut Gaps) -> Option<Process> {
    let stat = match dir.read_record(b"stat", text) {
        Ok(()) => match stat::stat(text) {
            Some(stat) => stat,
            None => {
                gaps.push(Gap::new(place(dir, "stat"), "not in the form of a process"));
                return None;
            }
        },
        Err(error) => {
            gaps.push(unread(dir, "stat", &error));
            return None;
        }
    };
    let uid =
        note(dir, "status", dir.read_record(b"status", text), gaps).and_then(|()| stat::uid(text));
    let cmdline = note(dir, "cmdline", dir.read(b"cmdline", text), gaps)
        .map(|()| Foreign::from(text.as_slice()));
    let exe = link(dir, "exe", text, gaps).map(|()| Foreign::from(text.as_slice()));
    let netns = link(dir, "ns/net", text, gaps).and_then(|()| links::netns(text));
    Some(Process {
        id: stat.id,
        ppid: Some(stat.ppid),
        pgid: Some(stat.pgid),
        uid,
        comm: stat.comm,
        cmdline,
        exe,
        netns,
        kernel_thread: stat.kernel_thread,
        zone: None,
    })
}

/// Kernel threads and zombies have no program: their links lead nowhere, which is no gap.
fn link(dir: &Dir, name: &str, text: &mut Vec<u8>, gaps: &mut Gaps) -> Option<()> {
    match dir.link(name.as_bytes(), text) {
        Err(error) if is_gone(&error) => None,
        other => note(dir, name, other, gaps),
    }
}

fn note(dir: &Dir, name: &str, result: io::Result<()>, gaps: &mut Gaps) -> Option<()> {
    let gap = result.map_err(|error| unread(dir, name, &error)).err();
    // That it ended is told once, whatever else is asked of it.
    if let Some(gap) = &gap
        && !(gap.is_end() && gaps.last() == Some(gap))
    {
        gaps.push(gap.clone());
    }
    gap.is_none().then_some(())
}

/// A place of a process that was not read. A task that ended fails every reading so; that a
/// single place is missing says that a recording lacks it.
fn unread(dir: &Dir, name: &str, error: &io::Error) -> Gap {
    if has_ended(error) {
        Gap::ended(dir.path().display().to_string())
    } else {
        Gap::io(place(dir, name), error)
    }
}

fn place(dir: &Dir, name: &str) -> String {
    dir.place(name.as_bytes()).display().to_string()
}

/// Visits every item with as many workers as there are cores, each with a state of its own,
/// and gives the states back. Where no thread can be made the caller's own does it all.
pub(crate) fn visit<T: Sync, S: Send>(
    items: &[T],
    fresh: impl Fn() -> S + Sync,
    each: impl Fn(&T, &mut S) + Sync,
) -> Vec<S> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut state = fresh();
        while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
            each(item, &mut state);
        }
        state
    };
    let helpers = workers(items.len()).saturating_sub(1);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..helpers)
            .map_while(|_| {
                let thread = Builder::new().stack_size(STACK);
                thread.spawn_scoped(scope, work).ok()
            })
            .collect();
        let mut states = vec![work()];
        // A worker does not panic: what it does never does, and a panic aborts anyway.
        states.extend(threads.into_iter().filter_map(|thread| thread.join().ok()));
        states
    })
}

fn workers(items: usize) -> usize {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    cores.min(WORKERS_MAX).min(items)
}

/// Items visited and not yet handed on, at most: so many that the workers have enough to do
/// while whoever takes the first still waits for a table.
const AHEAD: usize = 128;

/// As [`visit`], but what `each` makes of an item is handed to `sink`, here and in the order
/// of the items, while the workers go on: [`AHEAD`] items and no further, so that what is
/// found of many processes is never held at once.
pub(crate) fn visit_in_order<T: Sync, S: Send, R: Send>(
    items: &[T],
    fresh: impl Fn() -> S + Sync,
    each: impl Fn(&T, &mut S) -> R + Sync,
    sink: &mut dyn FnMut(R),
) -> Vec<S> {
    let next = AtomicUsize::new(0);
    let gate = Gate::default();
    thread::scope(|scope| {
        let (found, finds) = channel();
        let threads: Vec<_> = (0..workers(items.len()))
            .map_while(|_| {
                let found = found.clone();
                let (next, gate, fresh, each) = (&next, &gate, &fresh, &each);
                let work = move || {
                    let mut state = fresh();
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        let Some(item) = items.get(at) else {
                            return state;
                        };
                        gate.wait(at);
                        // The receiver lives until all is received.
                        let _ = found.send((at, each(item, &mut state)));
                    }
                };
                let thread = Builder::new().stack_size(STACK);
                thread.spawn_scoped(scope, work).ok()
            })
            .collect();
        drop(found);
        if threads.is_empty() {
            let mut state = fresh();
            items.iter().for_each(|item| sink(each(item, &mut state)));
            return vec![state];
        }
        let (mut early, mut handed_on) = (BTreeMap::new(), 0);
        for (at, find) in finds {
            early.insert(at, find);
            while let Some(find) = early.remove(&handed_on) {
                sink(find);
                handed_on += 1;
            }
            gate.open(handed_on);
        }
        let states = threads.into_iter();
        states.filter_map(|thread| thread.join().ok()).collect()
    })
}

/// Holds back workers that are too far ahead.
#[derive(Default)]
struct Gate {
    handed_on: Mutex<usize>,
    moved: Condvar,
}

impl Gate {
    /// Waits until an item may be visited. The next to be handed on always may.
    fn wait(&self, at: usize) {
        let lock = self.handed_on.lock();
        let mut handed_on = lock.unwrap_or_else(PoisonError::into_inner);
        while at >= *handed_on + AHEAD {
            let woken = self.moved.wait(handed_on);
            handed_on = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn open(&self, handed_on: usize) {
        let lock = self.handed_on.lock();
        *lock.unwrap_or_else(PoisonError::into_inner) = handed_on;
        self.moved.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_come_in_the_order_of_the_items_whoever_is_slow() {
        let items: Vec<usize> = (0..500).collect();
        let slow = |item: &usize, visited: &mut usize| {
            *visited += 1;
            if item.is_multiple_of(37) {
                thread::yield_now();
            }
            *item
        };
        let mut told = Vec::new();
        let states = visit_in_order(&items, || 0, slow, &mut |item| told.push(item));
        assert_eq!(told, items);
        assert_eq!(states.iter().sum::<usize>(), items.len());
    }

    #[test]
    fn no_worker_is_further_ahead_than_it_may_be() {
        let items: Vec<usize> = (0..300).collect();
        let handed_on = AtomicUsize::new(0);
        let each = |item: &usize, furthest: &mut usize| {
            let lead = item.saturating_sub(handed_on.load(Ordering::SeqCst));
            *furthest = lead.max(*furthest);
        };
        let furthest = visit_in_order(&items, || 0, each, &mut |()| {
            handed_on.fetch_add(1, Ordering::SeqCst);
        });
        let most = furthest.into_iter().max();
        assert!(most <= Some(AHEAD), "{most:?} items ahead");
    }

    #[test]
    fn nothing_to_visit_is_no_trouble() {
        let states = visit_in_order(&[0u8; 0], || (), |_, ()| (), &mut |()| {});
        assert!(states.len() <= 1);
    }
}
