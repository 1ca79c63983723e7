//! Which threads have descriptor tables of their own.

use super::processes::is_gone;
use crate::parse::stat;
use crate::sys;
use model::{Gap, Gaps, Pid};
use std::cmp::Ordering;
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
        let mut own = Vec::new();
        let mut known = Tables::default();
        for tid in threads {
            let shared = tid == pid || self.order(pid, tid) == Some(Order::Same);
            if !shared && known.add(tid, &|known| self.order(known, tid)) {
                own.push(tid);
            }
        }
        own
    }

    /// How two tables stand; none where they cannot be compared.
    fn order(&self, one: Pid, other: Pid) -> Option<Order> {
        let mut order = None;
        let ask = |sink: &mut dyn FnMut(&[u8])| {
            if self.comparable {
                let found = Order::of(sys::compare_files(one, other)?);
                sink(found.word());
            }
            Ok(())
        };
        let name = format!("kcmp/{one}-{other}");
        let asked = self
            .root
            .answer(&name, ask, &mut |word| order = Order::read(word));
        asked.ok().and(order)
    }
}

/// How one table stands to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Same,
    Before,
    After,
    /// They are two, and that is all that is known.
    Other,
}

impl Order {
    fn of(told: Option<Ordering>) -> Order {
        match told {
            Some(Ordering::Equal) => Order::Same,
            Some(Ordering::Less) => Order::Before,
            Some(Ordering::Greater) => Order::After,
            None => Order::Other,
        }
    }

    /// As a recording has it.
    fn word(self) -> &'static [u8] {
        match self {
            Order::Same => b"1",
            Order::Before => b"<",
            Order::After => b">",
            Order::Other => b"0",
        }
    }

    fn read(word: &[u8]) -> Option<Order> {
        let all = [Order::Same, Order::Before, Order::After, Order::Other];
        all.into_iter().find(|order| order.word() == word)
    }
}

/// Tasks with tables that are all different, in the kernel's order of these: somebody may have
/// ten thousand, and to hold each against each would take minutes.
#[derive(Default)]
struct Tables(Vec<Pid>);

impl Tables {
    /// Adds a task and gives true, unless it shares the table of a known one. `order` tells how
    /// the table of a known task stands to its.
    fn add(&mut self, task: Pid, order: &dyn Fn(Pid) -> Option<Order>) -> bool {
        let (mut low, mut high) = (0, self.0.len());
        while low < high {
            let middle = low.midpoint(high);
            let Some(&known) = self.0.get(middle) else {
                break;
            };
            match order(known) {
                Some(Order::Same) => return false,
                Some(Order::Before) => low = middle + 1,
                Some(Order::After) => high = middle,
                // What cannot be compared is looked at, and never again held against others.
                None => return true,
                Some(Order::Other) => {
                    let mut all = self.0.iter();
                    if all.any(|&known| order(known) == Some(Order::Same)) {
                        return false;
                    }
                    break;
                }
            }
        }
        self.0.insert(low, task);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    /// What is added of tasks whose tables have these numbers, and how often two were compared.
    fn added(tables: &[u32], order: impl Fn(u32, u32) -> Option<Order>) -> (Vec<usize>, usize) {
        let (mut known, asked) = (Tables::default(), Cell::new(0));
        let mut own = Vec::new();
        for (task, table) in tables.iter().enumerate() {
            let pid = Pid(u32::try_from(task).unwrap());
            let order = |known: Pid| {
                asked.set(asked.get() + 1);
                order(tables[usize::try_from(known.0).unwrap()], *table)
            };
            if known.add(pid, &order) {
                own.push(task);
            }
        }
        (own, asked.get())
    }

    fn ordered(one: u32, other: u32) -> Option<Order> {
        Some(Order::of(Some(one.cmp(&other))))
    }

    #[test]
    fn each_table_is_looked_at_once() {
        let tables = [5, 3, 5, 9, 3, 1, 9, 5];
        assert_eq!(added(&tables, ordered).0, [0, 1, 3, 5]);
        // A recording made before the order was kept says only whether two are one.
        let unordered = |one: u32, other: u32| match ordered(one, other) {
            Some(Order::Same) => Some(Order::Same),
            _ => Some(Order::Other),
        };
        assert_eq!(added(&tables, unordered).0, [0, 1, 3, 5]);
        // Where nothing can be compared all are looked at, and nothing is asked twice.
        let (own, asked) = added(&tables, |_, _| None);
        assert_eq!((own.len(), asked), (8, 7));
    }

    #[test]
    fn ten_thousand_tables_are_not_held_each_against_each() {
        let tables: Vec<u32> = (0..10_000).map(|at| at * 7919 % 10_007).collect();
        let (own, asked) = added(&tables, ordered);
        assert_eq!(own.len(), tables.len());
        assert!(asked < 16 * tables.len(), "{asked}");
    }
}
