//! Processes with an io_uring that no descriptor leads to. What is fixed in such a ring is
//! told nowhere; that there is one is told by what is left of it.

use super::processes::{LISTING, describe, is_gone, open, pids, visit};
use crate::parse::{links, maps};
use model::asked::{Ring, RingTrace};
use model::{Gap, Gaps, Pid};
use sysroot::{Dir, Sysroot};

/// Looks through every process: its descriptors, its mappings and the names of its threads.
#[must_use]
pub fn rings(root: &Sysroot) -> (Vec<Ring>, Gaps) {
    let mut gaps = Gaps::new();
    let pids = pids(root, &mut gaps);
    let finds = visit(
        &pids,
        || (Vec::new(), Gaps::new()),
        |&pid, (rings, gaps): &mut (Vec<Ring>, Gaps)| rings.extend(ring(root, pid, gaps)),
    );
    let mut rings = Vec::new();
    for (mut found, mut more) in finds {
        rings.append(&mut found);
        gaps.append(&mut more);
    }
    rings.sort_unstable();
    gaps.sort_unstable();
    (rings, gaps)
}

fn ring(root: &Sysroot, pid: Pid, gaps: &mut Gaps) -> Option<Ring> {
    let dir = open(root, pid, gaps)?;
    let by = if is_polled(&dir) {
        RingTrace::Polled
    } else if is_mapped(&dir, gaps) {
        RingTrace::Mapped
    } else {
        return None;
    };
    // What a descriptor leads to is told by its fdinfo.
    if has_descriptor(&dir) {
        return None;
    }
    let process = describe(&dir, &mut Vec::new(), gaps)?;
    Some(Ring {
        id: process.id,
        comm: process.comm,
        by,
    })
}

fn numbers(dir: &Dir, name: &[u8]) -> Vec<u32> {
    let mut numbers = Vec::new();
    // One that has ended or refuses has been told of by the walk.
    let _ = dir.dir(name).and_then(|listed| {
        listed.entries(&mut vec![0; LISTING], &mut |entry| {
            numbers.extend(entry.number());
        })
    });
    numbers
}

fn is_polled(dir: &Dir) -> bool {
    let mut text = Vec::new();
    numbers(dir, b"task").into_iter().any(|tid| {
        let name = format!("task/{tid}/comm");
        dir.read(name.as_bytes(), &mut text).is_ok() && text.starts_with(b"iou-sqp-")
    })
}

fn is_mapped(dir: &Dir, gaps: &mut Gaps) -> bool {
    let mut text = Vec::new();
    match dir.read(b"maps", &mut text) {
        Ok(()) => maps::has_io_uring(&text),
        Err(error) if is_gone(&error) => false,
        Err(error) => {
            let place = dir.place(b"maps").display().to_string();
            gaps.push(Gap::io(place, &error));
            false
        }
    }
}

fn has_descriptor(dir: &Dir) -> bool {
    let mut link = Vec::new();
    numbers(dir, b"fd").into_iter().any(|fd| {
        let name = format!("fd/{fd}");
        dir.link(name.as_bytes(), &mut link).is_ok() && links::is_io_uring(&link)
    })
}
