//! Processes that exist but are not listed: every number is asked for by calls that do not go
//! through `/proc`, and held against a listing taken with suspicion.

use super::order;
use super::processes::visit;
use crate::parse::getdents::{CANARY, Listing, listing, pids};
use crate::parse::text::decimal32;
use crate::sys::{self, ORACLES, TAKEN};
use model::census::{Census, HiddenPid};
use model::{Gap, Gaps, Pid};
use std::collections::BTreeSet;
use std::io;
use std::time::Duration;
use sysroot::Sysroot;

/// The most numbers that are asked for: what a 64-bit kernel allows (`PID_MAX_LIMIT`).
const LAST_MAX: u32 = 4 << 20;

/// Numbers up to this are asked for by every oracle, more by the first [`FEW`] only.
const BY_ALL: u32 = 64 << 10;

/// Oracles of three subsystems; `tgkill` is on no published list of hooked calls.
const FEW: usize = 3;

/// Numbers asked for beyond the last one given: some are given while we ask.
const MARGIN: u32 = 32 << 10;

/// Numbers one worker takes at a time.
const STRIDE: u32 = 1024;

/// A process that came or went between two questions is not hidden: what is missing must
/// stay so, this often and this far apart.
const ROUNDS: usize = 3;
const PAUSE: Duration = Duration::from_millis(20);

/// Counts the processes of our pid namespace by asking for every number. A recorded tree
/// gives what was found then.
#[must_use]
pub fn census(root: &Sysroot) -> (Census, Gaps) {
    const PLACE: &str = "census";
    let mut gaps = Gaps::new();
    let mut kept = Vec::new();
    let ask = |sink: &mut dyn FnMut(&[u8])| {
        let census = ask(root)?;
        sink(&serde_json::to_vec(&census)?);
        Ok(())
    };
    if let Err(error) = root.answer(PLACE, ask, &mut |bytes| kept.extend_from_slice(bytes)) {
        gaps.push(Gap::io(PLACE, &error));
        return (Census::default(), gaps);
    }
    let census = serde_json::from_slice(&kept).unwrap_or_else(|_| {
        gaps.push(Gap::new(PLACE, "not in the form we write"));
        Census::default()
    });
    (census, gaps)
}

fn ask(root: &Sysroot) -> io::Result<Census> {
    let pid_max = root
        .read("/proc/sys/kernel/pid_max")
        .ok()
        .and_then(|text| decimal32(text.trim_ascii()))
        .map_or(LAST_MAX, |max| max.clamp(1, LAST_MAX));
    let mut census = Census {
        oracles: ORACLES
            .iter()
            .map(|oracle| oracle.name.to_owned())
            .collect(),
        ..Census::default()
    };
    let before = list(root, &mut census)?;
    census.last = reach(root, &before, pid_max);
    let by_number = census.last <= BY_ALL && is_taken(Pid(std::process::id()));
    if by_number {
        census.oracles.push(TAKEN.to_owned());
    }
    let Sweep {
        leaders,
        threads,
        mut taken,
    } = sweep(census.last, by_number);
    let after = list(root, &mut census)?;
    census.listed = u64::try_from(after.len()).unwrap_or(u64::MAX);
    let mut missing: Vec<Pid> = leaders
        .iter()
        .copied()
        .filter(|pid| !before.contains(pid) && !after.contains(pid))
        .collect();
    taken.retain(|&pid| !before.contains(&pid) && is_only_taken(pid));
    for _ in 1..ROUNDS {
        if missing.is_empty() && taken.is_empty() {
            break;
        }
        std::thread::sleep(PAUSE);
        let listed = list(root, &mut census)?;
        missing.retain(|&pid| !listed.contains(&pid) && leads(pid));
        // Those who lead no more, and whose groups and sessions live on.
        let led = led(listed.iter().chain(&leaders).chain(&threads));
        taken.retain(|pid| !led.contains(pid) && !listed.contains(pid) && is_only_taken(*pid));
    }
    census.hidden = missing.into_iter().chain(taken).map(hidden).collect();
    census.hidden.sort_unstable();
    (census.found, census.threads) = (leaders, threads);
    census.signs.sort_unstable();
    census.signs.dedup();
    Ok(census)
}

/// The processes `/proc` lists, and what is wrong with the buffers they came in.
fn list(root: &Sysroot, census: &mut Census) -> io::Result<BTreeSet<Pid>> {
    let dir = root.dir("/proc")?;
    let mut buffer = vec![0; 32 << 10];
    let mut listed = BTreeSet::new();
    let mut first = true;
    loop {
        buffer.fill(CANARY);
        let length = dir.raw_entries(first, &mut buffer)?;
        let Listing { names, signs } = listing(&buffer, length, order(root));
        listed.extend(pids(&names));
        census.signs.extend(signs);
        first = false;
        if length == 0 {
            return Ok(listed);
        }
    }
}

/// How far numbers can have been given out: the kernel gives them in turn, so none in use is
/// higher than the last one given and every one listed, but for what was left behind when the
/// turn began anew. Where the last one is not told, all that may be.
fn reach(root: &Sysroot, listed: &BTreeSet<Pid>, pid_max: u32) -> u32 {
    let text = root.read("/proc/loadavg").unwrap_or_default();
    let given = text
        .trim_ascii()
        .rsplit(|&byte| byte == b' ')
        .next()
        .and_then(decimal32);
    match (given, listed.last()) {
        (Some(given), Some(highest)) => given.max(highest.0).saturating_add(MARGIN).min(pid_max),
        _ => pid_max,
    }
}

/// What asking for every number found, in order.
struct Sweep {
    leaders: Vec<Pid>,
    threads: Vec<Pid>,
    /// Numbers that no call answers for, and that cannot be given away.
    taken: Vec<Pid>,
}

/// Asks for every number up to `last`, `by_number` also whether it can be given away.
fn sweep(last: u32, by_number: bool) -> Sweep {
    let strides: Vec<u32> = (0..=last / STRIDE).collect();
    let asked = ORACLES
        .get(..if last <= BY_ALL { ORACLES.len() } else { FEW })
        .unwrap_or(ORACLES);
    let finds = visit(
        &strides,
        Vec::new,
        |&stride, finds: &mut Vec<(Pid, bool)>| {
            let first = (stride * STRIDE).max(1);
            for number in first..=(stride * STRIDE + STRIDE - 1).min(last) {
                let pid = Pid(number);
                if asked.iter().any(|oracle| sys::exists(oracle, pid)) {
                    finds.push((pid, true));
                } else if by_number && is_taken(pid) {
                    finds.push((pid, false));
                }
            }
        },
    );
    let mut found: Vec<(Pid, bool)> = finds.into_iter().flatten().collect();
    found.sort_unstable();
    let (answered, taken): (Vec<_>, Vec<_>) = found.into_iter().partition(|find| find.1);
    let pids = |finds: Vec<(Pid, bool)>| finds.into_iter().map(|find| find.0);
    let (leaders, threads) = pids(answered).partition(|&pid| leads(pid));
    Sweep {
        leaders,
        threads,
        taken: pids(taken).collect(),
    }
}

fn is_taken(pid: Pid) -> bool {
    sys::number_is_taken(pid).is_ok_and(|taken| taken)
}

/// Whether a number is taken and no call answers for it: that of a task none of them tells of,
/// or of a group or session.
fn is_only_taken(pid: Pid) -> bool {
    is_taken(pid) && !ORACLES.iter().any(|oracle| sys::exists(oracle, pid))
}

/// The groups and sessions that these are in.
fn led<'p>(pids: impl Iterator<Item = &'p Pid>) -> BTreeSet<Pid> {
    let number = |pid: nix::unistd::Pid| u32::try_from(pid.as_raw()).map(Pid);
    pids.flat_map(|pid| {
        let pid = Some(nix::unistd::Pid::from_raw(pid.0.cast_signed()));
        [nix::unistd::getpgid(pid), nix::unistd::getsid(pid)]
    })
    .filter_map(|led| number(led.ok()?).ok())
    .collect()
}

/// Whether a number is that of a process, not of one of its threads.
fn leads(pid: Pid) -> bool {
    ORACLES
        .iter()
        .filter(|oracle| matches!(oracle.name, "tgkill" | "pidfd_open"))
        .any(|oracle| sys::exists(oracle, pid))
}

fn hidden(pid: Pid) -> HiddenPid {
    let (yes, no): (Vec<_>, Vec<_>) = ORACLES.iter().partition(|oracle| sys::exists(oracle, pid));
    let names = |oracles: Vec<&sys::Oracle>| -> Vec<String> {
        oracles
            .into_iter()
            .map(|oracle| oracle.name.to_owned())
            .collect()
    };
    let (mut answered, denied) = (names(yes), names(no));
    if is_taken(pid) {
        answered.push(TAKEN.to_owned());
    }
    HiddenPid {
        pid,
        answered,
        denied,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "a process is needed that has ended"
    )]
    #[cfg_attr(miri, ignore = "miri has no clone3, issue 5")]
    fn a_number_is_taken_by_a_task_and_free_without_one() {
        let own = Pid(std::process::id());
        match sys::number_is_taken(own) {
            Ok(taken) => assert!(taken),
            // Without the right it says so of every number.
            Err(error) => {
                assert_eq!(error.raw_os_error(), Some(libc::EPERM));
                println!("SKIPPED: numbers that are free: without the right to choose one");
                return;
            }
        }
        assert!(!is_only_taken(own));
        assert!(sys::number_is_taken(Pid(0)).is_err());
        let mut child = std::process::Command::new("/bin/true").spawn().unwrap();
        let gone = Pid(child.id());
        child.wait().unwrap();
        assert!(!sys::number_is_taken(gone).unwrap());
    }
}
