//! Who holds which socket: every descriptor of every process. No process is stopped for it.

use super::files::descriptor;
use super::kernel::named;
use super::processes::{descriptors, is_same, open, pids};
use super::tables::inet;
use crate::join::{Find, Keys};
use model::ask::{Holdings, Told, WalkAsk};
use model::file::FileRow;
use model::process::Holding;
use model::{FileKind, Gap, Held, Inode, OpenFile, Owner, Process, Socket, State};
use std::sync::OnceLock;
use sysroot::Sysroot;

/// Finds every holding asked for. Where sockets share an inode, each has the one it is known
/// by among the socket tables ([`Keys`]).
#[must_use]
pub fn holdings(root: &Sysroot, ask: &WalkAsk) -> Holdings {
    let (finds, processes, mut told) = finds(root);
    let tables = inet(root, &mut told);
    let mut named = Vec::new();
    if !tables.inodes && tables.sockets.iter().any(is_untold) {
        named.extend(finds.iter().filter_map(by_address));
        let reason = match named.is_empty() {
            true => "this kernel's tables name no inode: who holds a socket is not told",
            false => "this kernel's tables name no inode: only addresses tell who holds a socket",
        };
        told.gaps.push(Gap::new("mib2", reason));
    }
    let keys = Keys::of(&tables.sockets);
    let mut holdings: Vec<Holding> = finds
        .into_iter()
        .filter_map(|find| {
            let inode = keys.of_file(&find.file)?;
            let wanted = ask.inodes.as_ref().is_none_or(|only| only.contains(&inode));
            let owner = find.owner;
            wanted.then_some(Holding { inode, owner })
        })
        .collect();
    holdings.sort_unstable();
    holdings.dedup();
    let holds = |process: &Process| {
        holdings.iter().any(|find| find.owner.id == process.id)
            || named.iter().any(|row| row.id == process.id)
    };
    Holdings {
        processes: processes.into_iter().filter(holds).collect(),
        named,
        holdings,
        told,
    }
}

/// The same where it is not known yet which sockets are meant; somebody must set `ask`.
#[must_use]
pub fn holdings_once(root: &Sysroot, ask: &OnceLock<WalkAsk>) -> Holdings {
    holdings(root, ask.wait())
}

/// Finds every socket and TLI endpoint that any process holds, in order of pid and
/// descriptor, with the processes.
#[must_use]
pub fn finds(root: &Sysroot) -> (Vec<Find>, Vec<Process>, Told) {
    let mut told = Told::default();
    let (named, gaps) = named(root);
    told.gaps.extend(gaps);
    let pids = pids(root, &mut told.gaps);
    told.coverage.processes = u64::try_from(pids.len()).ok();
    let mut finds = Vec::new();
    let mut processes = Vec::new();
    for pid in pids {
        let Some(held) = open(root, pid, named.abi, &mut told.gaps) else {
            continue;
        };
        let before = finds.len();
        if held.holds {
            for number in descriptors(root, &held, &mut told.gaps) {
                let file = descriptor(&held, number, named.abi, &mut told.gaps);
                if let Some(file) = file.filter(may_be_socket) {
                    let owner = owner(&held.process, number);
                    finds.push(Find { file, owner });
                }
            }
        }
        if !is_same(&held, named.abi) {
            finds.truncate(before);
            let place = format!("/proc/{pid}");
            told.gaps
                .push(Gap::new(place, "another process got this number meanwhile"));
            continue;
        }
        processes.push(held.process);
    }
    (finds, processes, told)
}

/// A descriptor that has an address, as a row of its own.
fn by_address(find: &Find) -> Option<FileRow> {
    find.file.detail.as_deref()?.address()?;
    let owner = &find.owner;
    Some(FileRow {
        id: owner.id,
        tid: owner.tid,
        comm: owner.comm.clone(),
        uid: owner.uid,
        file: find.file.clone(),
        socket: None,
    })
}

/// A socket that lives, in a table that names no inode.
fn is_untold(socket: &Socket) -> bool {
    let inet = socket.kind.inet();
    socket.inode == Inode(0) && inet.is_some_and(|inet| inet.state != State::TimeWait)
}

/// A socket, or a character device of a transport module.
fn may_be_socket(file: &OpenFile) -> bool {
    const MODULES: &[&[u8]] = &[b":tcp", b":tcp6", b":udp", b":udp6"];
    let name = file.name.as_bytes();
    match file.kind {
        FileKind::Socket => true,
        FileKind::Character => MODULES.iter().any(|module| name.ends_with(module)),
        _ => false,
    }
}

fn owner(process: &Process, fd: u32) -> Owner {
    Owner {
        id: process.id,
        tid: None,
        comm: process.comm.clone(),
        uid: process.uid,
        held: Held::Fd { fd },
    }
}
