//! Processes that exist but are not listed: every number is asked for by calls that do not go
//! through `/proc`, and held against a listing taken with suspicion.

use super::order;
use super::processes::visit;
use crate::parse::getdents::{CANARY, Listing, listing, pids};
use crate::parse::text::decimal32;
use crate::sys::{self, ORACLES};
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
    let (leaders, threads) = sweep(census.last);
    let after = list(root, &mut census)?;
    census.listed = u64::try_from(after.len()).unwrap_or(u64::MAX);
    let mut missing: Vec<Pid> = leaders
        .iter()
        .copied()
        .filter(|pid| !before.contains(pid) && !after.contains(pid))
        .collect();
    for _ in 1..ROUNDS {
        if missing.is_empty() {
            break;
        }
        std::thread::sleep(PAUSE);
        let listed = list(root, &mut census)?;
        missing.retain(|&pid| !listed.contains(&pid) && leads(pid));
    }
    census.hidden = missing.into_iter().map(hidden).collect();
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

/// Asks for every number up to `last`: processes and threads, in order.
fn sweep(last: u32) -> (Vec<Pid>, Vec<Pid>) {
    let strides: Vec<u32> = (0..=last / STRIDE).collect();
    let asked = ORACLES
        .get(..if last <= BY_ALL { ORACLES.len() } else { FEW })
        .unwrap_or(ORACLES);
    let finds = visit(&strides, Vec::new, |&stride, finds: &mut Vec<Pid>| {
        let first = (stride * STRIDE).max(1);
        for number in first..=(stride * STRIDE + STRIDE - 1).min(last) {
            let pid = Pid(number);
            if asked.iter().any(|oracle| sys::exists(oracle, pid)) {
                finds.push(pid);
            }
        }
    });
    let mut found: Vec<Pid> = finds.into_iter().flatten().collect();
    found.sort_unstable();
    found.into_iter().partition(|&pid| leads(pid))
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
    let names = |oracles: Vec<&sys::Oracle>| {
        oracles
            .into_iter()
            .map(|oracle| oracle.name.to_owned())
            .collect()
    };
    HiddenPid {
        pid,
        answered: names(yes),
        denied: names(no),
    }
}
