//! Which threads have descriptor tables of their own.

use super::processes::is_gone;
use crate::parse::stat;
use crate::sys;
use model::{Gap, Gaps, Pid};
use sysroot::{Dir, Sysroot};

/// A way to tell whether two tasks share one descriptor table.
pub(crate) struct Threads<'a> {
    root: &'a Sysroot,
    /// Whether the numbers in `/proc` are those system calls understand: not so where the
    /// procfs of another pid namespace is mounted.
    comparable: bool,
}

impl<'a> Threads<'a> {
    pub(crate) fn new(root: &'a Sysroot) -> Threads<'a> {
        let own = root
            .read("/proc/self/stat")
            .ok()
            .and_then(|text| stat::stat(&text));
        let comparable =
            own.is_some_and(|stat| !root.is_live() || stat.id.pid.0 == std::process::id());
        Threads { root, comparable }
    }

    /// Threads of a process that do not share the descriptor table of one looked at before.
    /// Where the kernel cannot compare two tables, all are looked at. `listing` is working
    /// space.
    pub(crate) fn own_tables(
        &self,
        pid: Pid,
        dir: &Dir,
        listing: &mut [u8],
        gaps: &mut Gaps,
    ) -> Vec<Pid> {
        let mut threads = Vec::new();
        let listed = dir.dir(b"task").and_then(|task| {
            task.entries(listing, &mut |entry| {
                threads.extend(entry.number().map(Pid));
            })
        });
        match listed {
            Err(error) if is_gone(&error) => {}
            Err(error) => gaps.push(Gap::io(format!("/proc/{pid}/task"), &error)),
            Ok(()) => {}
        }
        let mut different = vec![pid];
        for tid in threads {
            if !different
                .iter()
                .any(|&known| known == tid || self.share(known, tid))
            {
                different.push(tid);
            }
        }
        different.split_off(1)
    }

    fn share(&self, one: Pid, other: Pid) -> bool {
        let mut shared = false;
        let ask = |sink: &mut dyn FnMut(&[u8])| {
            sink(if self.comparable && sys::share_files(one, other)? {
                b"1"
            } else {
                b"0"
            });
            Ok(())
        };
        let name = format!("kcmp/{one}-{other}");
        let asked = self
            .root
            .answer(&name, ask, &mut |answer| shared = answer == b"1");
        asked.is_ok() && shared
    }
}
