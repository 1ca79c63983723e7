//! Which processes hold a BPF link by a descriptor. One that holds none may be pinned to a file.

use super::processes::{LISTING, describe, open, pids, visit};
use crate::parse::bpf_links;
use model::{Foreign, Gaps, Pid};
use std::collections::BTreeMap;
use sysroot::{Dir, Sysroot};

/// How the names of descriptors of BPF objects begin; kernels spell the rest differently.
const BPF: &[u8] = b"anon_inode:bpf";

/// Looks through the descriptors of every process: by the number of the link, who holds it.
/// A process that refuses is the walk's to tell of.
#[must_use]
pub(super) fn holders(root: &Sysroot) -> BTreeMap<u32, Vec<(Pid, Foreign)>> {
    let mut gaps = Gaps::new();
    let pids = pids(root, &mut gaps);
    let found = visit(&pids, Vec::new, |&pid, found: &mut Vec<_>| {
        let Some(dir) = open(root, pid, &mut Gaps::new()) else {
            return;
        };
        let links = links(&dir);
        if links.is_empty() {
            return;
        }
        let name = describe(&dir, &mut Vec::new(), &mut Gaps::new());
        let name = name.map_or_else(|| "?".into(), |process| process.comm);
        found.extend(links.into_iter().map(|link| (link, (pid, name.clone()))));
    });
    let mut holders: BTreeMap<u32, Vec<(Pid, Foreign)>> = BTreeMap::new();
    for (link, holder) in found.into_iter().flatten() {
        holders.entry(link).or_default().push(holder);
    }
    for of_link in holders.values_mut() {
        of_link.sort_unstable();
        of_link.dedup();
    }
    holders
}

fn links(dir: &Dir) -> Vec<u32> {
    let mut links = Vec::new();
    let (mut name, mut info) = (Vec::new(), Vec::new());
    let listed = dir.dir(b"fd").and_then(|fds| {
        let mut numbers = Vec::new();
        fds.entries(&mut vec![0; LISTING], &mut |entry| {
            numbers.extend(entry.number());
        })?;
        Ok(numbers)
    });
    for fd in listed.unwrap_or_default() {
        let is_bpf = dir.link(format!("fd/{fd}").as_bytes(), &mut name).is_ok()
            && name.starts_with(BPF)
            && dir
                .read(format!("fdinfo/{fd}").as_bytes(), &mut info)
                .is_ok();
        if is_bpf {
            links.extend(bpf_links::of_descriptor(&info));
        }
    }
    links
}
