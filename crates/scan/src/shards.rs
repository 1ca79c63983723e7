//! Splits work over threads, where the system gives any. One thread does it all as well.

use std::ops::Range;
use std::thread::{self, Builder};

/// Parts that work is split in where it is bound by the processor: those we may run on, at
/// most four. Asked of the scheduler; the standard library would read files of the host.
#[must_use]
#[cfg(target_os = "linux")]
pub fn parallelism() -> usize {
    let ours = nix::sched::sched_getaffinity(nix::unistd::Pid::from_raw(0));
    let count = ours.map_or(1, |set| {
        let all = 0..nix::sched::CpuSet::count();
        all.filter(|&cpu| set.is_set(cpu).unwrap_or(false)).count()
    });
    count.clamp(1, 4)
}

/// Elsewhere one thread does it all.
#[must_use]
#[cfg(not(target_os = "linux"))]
pub fn parallelism() -> usize {
    1
}

/// A thread's stack. Said, since otherwise a variable of the environment would (`RUST_MIN_STACK`).
const STACK: usize = 2 << 20;

/// Runs `others` for the parts 1..count, each on a thread of its own, and meanwhile `own`
/// for part 0 here. A part that gets no thread runs here too, later. Results in order.
pub fn run<T: Send>(
    count: usize,
    mut own: impl FnMut(usize) -> T,
    others: impl Fn(usize) -> T + Sync,
) -> Vec<T> {
    thread::scope(|scope| {
        let others = &others;
        let started: Vec<_> = (1..count)
            .map(|part| {
                Builder::new()
                    .stack_size(STACK)
                    .spawn_scoped(scope, move || others(part))
                    .ok()
            })
            .collect();
        let mut results = vec![own(0)];
        for (part, thread) in (1..).zip(started) {
            let done = thread.and_then(|thread| thread.join().ok());
            results.push(done.unwrap_or_else(|| own(part)));
        }
        results
    })
}

/// The part-th of `count` nearly equal ranges of 0..len.
#[must_use]
pub fn range(len: usize, part: usize, count: usize) -> Range<usize> {
    let count = count.max(1);
    len * part / count..len * (part + 1) / count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_all_and_come_in_order() {
        for count in 1..6 {
            let parts = run(
                count,
                |part| range(100, part, count),
                |part| range(100, part, count),
            );
            let all: Vec<usize> = parts.into_iter().flatten().collect();
            assert_eq!(all, (0..100).collect::<Vec<_>>());
        }
    }
}
