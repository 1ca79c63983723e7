//! Who looks, read through the one door.

use compare::Facts;
use compare::facts::Counted;
use model::{Gap, Source};
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;
use sysroot::Sysroot;

/// Collects who looks and what addresses and devices this namespace has.
pub(crate) fn facts() -> Facts {
    match Sysroot::live() {
        Ok(root) => of(&root),
        Err(error) => failed(&error),
    }
}

/// Collects the same, and every byte it was learned from, as tar.
pub(crate) fn recorded() -> (Facts, Vec<u8>) {
    let tape = Tape::default();
    let root = match Sysroot::recording_to(Box::new(tape.clone())) {
        Ok(root) => root,
        Err(error) => return (failed(&error), Vec::new()),
    };
    let mut facts = of(&root);
    if let Err(error) = root.finish() {
        facts.gaps.push(Gap::io("the recording", &error));
    }
    let bytes = tape.0.lock().map(|mut bytes| std::mem::take(&mut *bytes));
    (facts, bytes.unwrap_or_default())
}

/// A tape that is kept in memory.
#[derive(Clone, Default)]
struct Tape(Arc<Mutex<Vec<u8>>>);

impl Write for Tape {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut kept = self.0.lock().map_err(|_| io::ErrorKind::Other)?;
        kept.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn failed(error: &io::Error) -> Facts {
    Facts {
        gaps: vec![Gap::io("/", error)],
        ..Facts::default()
    }
}

fn of(root: &Sysroot) -> Facts {
    let (mut observer, mut gaps) = host::observer(root);
    // A procfs that is not ours does not tell where we stand.
    if observer.netns.is_none() {
        let private = host::read::private::private(root).ok();
        observer.netns = private.and_then(|private| host::netns(&private.root));
    }
    let (addrs, mut more) = host::local_addrs(root);
    gaps.append(&mut more);
    let (interfaces, mut more) = host::interfaces(root);
    gaps.append(&mut more);
    let (kernel_ports, mut more) = host::read::network::kernel_ports(root);
    gaps.append(&mut more);
    let (identity, mut more) = host::read::identity::identity(root);
    gaps.append(&mut more);
    // A process that ends meanwhile, or whose namespace we may not know, tells of none.
    let other_netns = host::task_netns(root, None).into_keys().collect();
    let (steers, steering_gaps) = host::read::steering::steering(root);
    Facts {
        boot_ms: host::read::witness::boot_ms(root),
        steers,
        steering_gaps,
        other_netns,
        all_netns: false,
        identity: Some(identity),
        counted: Some(counted(root)),
        observer,
        addrs,
        interfaces,
        kernel_ports,
        gaps,
    }
}

/// Readings that must agree.
const READINGS: u32 = 3;

/// Tries to find the counters standing still around one reading.
const TRIES: u32 = 5;

/// Between two readings.
const PAUSE: Duration = Duration::from_millis(20);

/// Holds what the kernel counts against what it lists, several times: only what is the same
/// each time is told. Rows are those of sock_diag; the numbering is that of the text tables.
fn counted(root: &Sysroot) -> Counted {
    let mut all: Option<Counted> = None;
    for _ in 0..READINGS {
        let rows = host::read::counters::counted(root, Source::Netlink, TRIES);
        let text = host::read::counters::counted(root, Source::Procfs, 1);
        let now = Counted {
            readings: 1,
            quiet: rows.quiet,
            mismatches: rows.mismatches,
            holes: text.holes,
        };
        all = Some(match all {
            None => now,
            Some(before) => both(before, &now),
        });
        thread::sleep(PAUSE);
    }
    all.unwrap_or_default()
}

fn both(mut before: Counted, now: &Counted) -> Counted {
    before.readings += 1;
    before.quiet &= now.quiet;
    before.mismatches.retain(|it| now.mismatches.contains(it));
    before.holes.retain(|it| now.holes.contains(it));
    before
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Family;
    use model::counters::Mismatch;

    fn reading(counted: u64, holes: &[(Family, u32, u32)]) -> Counted {
        Counted {
            readings: 1,
            quiet: true,
            mismatches: vec![Mismatch {
                counter: "CurrEstab".to_owned(),
                counted,
                rows: 8,
            }],
            holes: holes.to_vec(),
        }
    }

    #[test]
    fn only_what_every_reading_found_is_told() {
        let hole = (Family::Inet, 1, 1);
        let same = both(reading(9, &[hole]), &reading(9, &[hole]));
        assert_eq!((same.mismatches.len(), same.holes.len()), (1, 1));
        assert_eq!(same.readings, 2);
        let other = both(reading(9, &[hole]), &reading(10, &[]));
        assert_eq!((other.mismatches.len(), other.holes.len()), (0, 0));
    }
}
