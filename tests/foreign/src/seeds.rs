//! What the questions begin with: files of the recorded machines, and what was kept by hand
//! in `seeds/` and, of inputs that once failed, in `found/`.

use crate::TARGETS;
use crate::recording::{self, Thing};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// Inputs by the name of their target, each once, in order.
pub type Seeds = BTreeMap<&'static str, Vec<Vec<u8>>>;

/// The largest file that is taken.
const BYTES_MAX: usize = 64 << 10;

/// Gathers them all.
///
/// # Errors
/// A directory of the tree cannot be read.
pub fn gather() -> io::Result<Seeds> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seeds: Seeds = TARGETS
        .iter()
        .map(|target| (target.0, Vec::new()))
        .collect();
    let mut files = Vec::new();
    walk(&own.join("../fixtures"), &mut files)?;
    for file in &files {
        for (target, choice) in targets_of(file) {
            let mut bytes = choice.map_or_else(Vec::new, |byte| vec![byte]);
            bytes.extend(read(file)?);
            add(&mut seeds, target, bytes);
        }
    }
    for (at, (_, thing)) in recording::things(&own.join("../fixtures").join(recording::HOST))?
        .into_iter()
        .enumerate()
    {
        let (Thing::File(content) | Thing::Link(content)) = thing;
        let place = u16::try_from(at).map_err(io::Error::other)?;
        let bytes = [&place.to_le_bytes()[..], &content].concat();
        add(&mut seeds, "recording", bytes);
    }
    for kept in ["seeds", "found"] {
        for (target, _) in TARGETS {
            let mut files = Vec::new();
            let dir = own.join(kept).join(target);
            if dir.is_dir() {
                walk(&dir, &mut files)?;
            }
            for file in files {
                add(&mut seeds, target, read(&file)?);
            }
        }
    }
    for inputs in seeds.values_mut() {
        inputs.sort();
        inputs.dedup();
    }
    Ok(seeds)
}

fn add(seeds: &mut Seeds, target: &'static str, bytes: Vec<u8>) {
    if bytes.len() <= BYTES_MAX {
        seeds.entry(target).or_default().push(bytes);
    }
}

/// The targets a recorded file is for, by its path, with the byte that chooses among tables.
fn targets_of(file: &Path) -> Vec<(&'static str, Option<u8>)> {
    let parts: Vec<&str> = file.iter().filter_map(|part| part.to_str()).collect();
    let name = parts.last().copied().unwrap_or_default();
    let name = name.split('~').next().unwrap_or(name);
    let above = parts.iter().rev().nth(1).copied().unwrap_or_default();
    match (above, name) {
        ("net", "tcp") => vec![("proc_net", Some(0))],
        ("net", "tcp6") => vec![("proc_net", Some(1))],
        ("net", "udp" | "udplite") => vec![("proc_net", Some(2))],
        ("net", "udp6" | "udplite6") => vec![("proc_net", Some(3))],
        ("net", "raw" | "icmp") => vec![("proc_net", Some(4))],
        ("net", "raw6" | "icmp6") => vec![("proc_net", Some(5))],
        ("net", "unix") => vec![("proc_net", Some(6))],
        ("net", "packet") => vec![("proc_net", Some(7))],
        ("net", "netlink") => vec![("proc_net", Some(8))],
        ("net", _) => vec![("proc_counters", Some(0))],
        ("sock_diag", _) => sock_diag(name),
        ("fdinfo", _) => vec![("fdinfo", None)],
        (_, "maps") => vec![("maps", None)],
        (_, "mountinfo" | "swaps") => vec![("mountinfo", None)],
        (_, "stat" | "status" | "cmdline" | "comm" | "cgroup" | "environ") => {
            vec![("proc_pid", None)]
        }
        (_, "links" | "addrs" | "addresses" | "routes" | "rules") => vec![("rtnetlink", Some(0))],
        _ => Vec::new(),
    }
}

fn sock_diag(name: &str) -> Vec<(&'static str, Option<u8>)> {
    let choice = match name.split_once('-') {
        Some(("inet", proto)) if proto.starts_with("tcp") => 0,
        Some(("inet6", proto)) if proto.starts_with("tcp") => 1,
        Some(("inet6", _)) => 3,
        Some(_) => 2,
        None if name == "unix" => 5,
        None if name == "packet" => 6,
        None if name == "vsock" => 8,
        None if name == "xdp" => 9,
        None => 7,
    };
    vec![("sock_diag", Some(choice))]
}

#[expect(clippy::disallowed_methods, reason = "fixtures of our own tree")]
fn read(file: &Path) -> io::Result<Vec<u8>> {
    std::fs::read(file)
}

#[expect(clippy::disallowed_methods, reason = "fixtures of our own tree")]
fn walk(dir: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            walk(&entry.path(), files)?;
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    Ok(())
}
