//! The kernel's count of connections, held against its table.

use super::{counters, kernel, processes};
use crate::parse::psinfo::psinfo;
use model::ask::{SocketAsk, States};
use model::counters::Mismatch;
use model::{Family, Gap, Gaps, Proto, Source, State, ZoneId};
use sysroot::Sysroot;

/// What readings of the count and the table between them agree on.
#[derive(Clone, Debug, Default)]
pub struct Counted {
    /// Whether the count held still around the last reading. If not, nothing follows.
    pub quiet: bool,
    /// The count, where it disagrees with the rows; nothing where it was not quiet.
    pub mismatches: Vec<Mismatch>,
    /// Never any: rows have no numbers here.
    pub holes: Vec<(Family, u32, u32)>,
    /// Places not seen.
    pub gaps: Gaps,
}

/// Reads the TCP tables between two readings of `currEstab`, again until these are equal, at
/// most `tries` times. The rows of the text tables, which Linux numbers, do not exist here:
/// of `Procfs` nothing is told.
///
/// A table shows the reader's zone and the count is of its IP stack, so they are compared
/// only where no other zone can share the stack.
#[must_use]
pub fn counted(root: &Sysroot, via: Source, tries: u32) -> Counted {
    let mut counted = Counted::default();
    if via == Source::Procfs {
        return counted;
    }
    let (mut before, mut gaps) = established(root);
    if !stack_is_ours(root, before.map(|(stack, _)| stack), &mut gaps) {
        let reason = "connections of other zones are counted too: not compared";
        gaps.push(Gap::new("counter currEstab", reason));
        counted.gaps = gaps;
        return counted;
    }
    for _ in 0..tries.max(1) {
        let rows = rows(root, &mut gaps);
        let (after, _) = established(root);
        if let (Some((_, count)), Some(rows), true) = (after, rows, before == after) {
            counted.quiet = true;
            if count != rows {
                counted.mismatches.push(Mismatch {
                    counter: "tcp currEstab".to_owned(),
                    counted: count,
                    rows,
                });
            }
            break;
        }
        before = after;
    }
    counted.gaps = gaps;
    counted
}

/// The IP stack and its connections in ESTABLISHED and CLOSE_WAIT. The global zone sees the
/// stacks of others too; its own is the first.
fn established(root: &Sysroot) -> (Option<(i32, u64)>, Gaps) {
    let (counters, gaps) = counters::counters(root);
    let of = |(key, count): (&String, &i128)| {
        let stack = key.strip_prefix("tcp:")?.strip_suffix(":tcp:currEstab")?;
        Some((stack.parse().ok()?, u64::try_from(*count).ok()?))
    };
    (counters.iter().filter_map(of).min(), gaps)
}

/// Whether every zone that could share the stack is our own.
fn stack_is_ours(root: &Sysroot, stack: Option<i32>, gaps: &mut Gaps) -> bool {
    let (named, _) = kernel::named(root);
    let own = root.read("/proc/self/psinfo").ok();
    let own = own.and_then(|bytes| psinfo(&bytes, named.abi).ok());
    match (own.and_then(|own| own.process.zone), stack) {
        (Some(ZoneId(0)), Some(_)) => {
            let mut zones = processes::pids(root, gaps)
                .into_iter()
                .filter_map(|pid| super::files::process(root, pid)?.zone);
            zones.all(|zone| zone == ZoneId(0))
        }
        // A zone with a stack of its own.
        (Some(_), Some(stack)) => stack != 0,
        (None, _) | (_, None) => false,
    }
}

/// How many rows are connections; none where a table was not read to its end.
fn rows(root: &Sysroot, gaps: &mut Gaps) -> Option<u64> {
    let ask = SocketAsk {
        tables: [Family::Inet, Family::Inet6]
            .map(|family| (family, Some(Proto::Tcp)))
            .into(),
        states: States::of(&[State::Established, State::CloseWait]),
        port: None,
    };
    let mut rows = 0;
    let told = super::tables::sockets(root, Source::Mib2, &ask, &mut |_| rows += 1);
    let whole = told.coverage.looked.len() == ask.tables.len() && told.gaps.is_empty();
    gaps.extend(told.gaps);
    whole.then_some(rows)
}
