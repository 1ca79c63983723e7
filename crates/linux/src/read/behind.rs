//! Looks at the process behind an owner.

use super::processes::{is_gone, open};
use crate::parse::{behind as parse, stat};
use model::behind::{Behind, Flag};
use model::{Foreign, Gap, Gaps, Pid};
use std::time::Duration;
use sysroot::{Dir, Sysroot};

/// Parents named, at most.
const PARENTS_MAX: usize = 16;

/// Longer than the kernel needs to set up a program.
const MOMENT: Duration = Duration::from_millis(10);

/// Looks at a process: its program, arguments, environment, mapped code, cgroup, numbers and
/// parents, all through its held directory. One that is gone is none; a place that cannot be
/// read becomes a gap.
#[must_use]
pub fn behind(root: &Sysroot, pid: Pid) -> (Option<Behind>, Gaps) {
    let mut gaps = Gaps::new();
    let Some(dir) = open(root, pid, &mut gaps) else {
        return (None, gaps);
    };
    let mut process = Process {
        dir,
        gaps: &mut gaps,
        text: Vec::new(),
    };
    let behind = process.look(root);
    (behind, gaps)
}

struct Process<'a> {
    dir: Dir,
    gaps: &'a mut Gaps,
    text: Vec<u8>,
}

impl Process<'_> {
    fn look(&mut self, root: &Sysroot) -> Option<Behind> {
        const ZOMBIE: u8 = b'Z';
        let stat = stat::stat(self.read("stat")?)?;
        let link = self.link("exe").map(<[u8]>::to_vec);
        let (exe, flag) = link.as_deref().map(parse::exe).unzip();
        let mut flags: Vec<Flag> = flag.flatten().into_iter().collect();
        let userland = !stat.kernel_thread && stat.state != ZOMBIE;
        if userland && self.disguised() {
            flags.push(Flag::FakeKernelThread);
        }
        let (mut libraries, mut regions) = (Vec::new(), 0);
        if userland {
            flags.extend(self.read("environ").into_iter().flat_map(parse::preloads));
            if let Some(maps) = self.read("maps") {
                (libraries, regions) = parse::code(maps, exe);
            }
        }
        if regions > 0 {
            flags.push(Flag::WritableCode { regions });
        }
        flags.sort_unstable();
        let cgroup = self.read("cgroup").and_then(parse::cgroup);
        let (cgroup, container) = (cgroup.map(Foreign::from), cgroup.and_then(parse::container));
        let ns_pids = self.read("status").map(stat::ns_pids).unwrap_or_default();
        Some(Behind {
            id: stat.id,
            parents: parents(stat.ppid, stat.id.start, |pid| {
                let text = root.read(format!("/proc/{pid}/stat")).ok()?;
                stat::stat(&text)
            }),
            exe: exe.map(Foreign::from),
            flags,
            libraries,
            cgroup,
            container,
            ns_pids,
            cwd: self.link("cwd").map(Foreign::from),
        })
    }

    /// Whether it calls itself a thread of the kernel, and still does a moment later: between
    /// two programs a process has no arguments.
    fn disguised(&mut self) -> bool {
        let mut looks = || {
            self.read("cmdline")
                .is_some_and(parse::looks_like_kernel_thread)
        };
        looks() && {
            std::thread::sleep(MOMENT);
            looks()
        }
    }

    fn read(&mut self, name: &str) -> Option<&[u8]> {
        let result = self.dir.read(name.as_bytes(), &mut self.text);
        self.note(name, result)
    }

    fn link(&mut self, name: &str) -> Option<&[u8]> {
        let result = self.dir.link(name.as_bytes(), &mut self.text);
        self.note(name, result)
    }

    /// Kernel threads and zombies have no program: their links lead nowhere, which is no gap.
    fn note(&mut self, name: &str, result: std::io::Result<()>) -> Option<&[u8]> {
        match result {
            Ok(()) => Some(&self.text),
            Err(error) if is_gone(&error) => None,
            Err(error) => {
                let place = self.dir.place(name.as_bytes()).display().to_string();
                self.gaps.push(Gap::io(place, &error));
                None
            }
        }
    }
}

/// The line of parents, nearest first. A parent that began after its child is a stranger who
/// got the number of one that has ended: the line ends there.
fn parents(
    first: Pid,
    start: u64,
    look: impl Fn(Pid) -> Option<stat::Stat>,
) -> Vec<(Pid, Foreign)> {
    let mut parents: Vec<(Pid, Foreign)> = Vec::new();
    let (mut pid, mut start) = (first, start);
    while pid != Pid(0) && parents.len() < PARENTS_MAX {
        let Some(stat) = look(pid).filter(|parent| parent.id.start <= start) else {
            break;
        };
        parents.push((pid, stat.comm));
        (pid, start) = (stat.ppid, stat.id.start);
    }
    parents
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parent_is_no_younger_than_its_child() {
        let tell = |pid: Pid| {
            let (comm, ppid, start) = match pid.0 {
                30 => ("shell", 20, 300),
                20 => ("reused", 1, 301),
                1 => ("init", 0, 1),
                _ => return None,
            };
            let zeros = "0 ".repeat(17);
            stat::stat(format!("{pid} ({comm}) S {ppid} {zeros}{start} 0 0 0\n").as_bytes())
        };
        let names = |first, start| -> Vec<Pid> {
            let line = parents(Pid(first), start, tell);
            line.into_iter().map(|(pid, _)| pid).collect()
        };
        assert_eq!(names(30, 300), [Pid(30)]);
        assert_eq!(names(20, 301), [Pid(20), Pid(1)]);
        assert_eq!(names(20, 300), []);
    }
}
