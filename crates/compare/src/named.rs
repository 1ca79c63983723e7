//! Descriptors known by their addresses: who holds a socket where the tables name no inode
//! (Solaris 11.4).

use crate::listed::Judged;
use crate::owner::Untold;
use crate::snapshot::{Sighting, Snapshot};
use model::called::{Called, Named, called};
use model::file::FileRow;
use model::{FdDetail, Held, Inode, Owner};
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// Candidates that are told; the rest is counted.
const LINES_MAX: usize = 8;

/// Descriptors by their address.
#[derive(Clone, Debug, Default)]
pub struct Descriptors(BTreeMap<SocketAddr, BTreeMap<(Inode, Owner), FdDetail>>);

impl Descriptors {
    /// Keeps a descriptor that has an address.
    pub fn add(&mut self, row: FileRow) {
        let (Some(owner), Some(detail)) = (row.owner(), row.file.detail) else {
            return;
        };
        let Some(address) = detail.address() else {
            return;
        };
        let inode = row.file.inode.unwrap_or(Inode(0));
        let there = self.0.entry(address).or_default();
        there.insert((inode, owner), *detail);
    }

    /// Whether descriptors tell addresses at all.
    #[must_use]
    pub fn are_told(&self) -> bool {
        !self.0.is_empty()
    }

    fn at(&self, address: SocketAddr) -> Vec<Named<'_>> {
        let there = self.0.get(&address).into_iter().flatten();
        there
            .map(|((inode, owner), detail)| Named {
                inode: *inode,
                detail,
                owner,
            })
            .collect()
    }
}

/// Who holds a socket by its name.
#[must_use]
pub fn holders(snapshot: &Snapshot, sighting: &Sighting) -> Called {
    match sighting.inet() {
        Some(inet) => called(inet, !sighting.twice, |at| snapshot.named.at(at)),
        None => Called::Nobody,
    }
}

/// Whether some row of the tables names an inode: then one that names none is another matter
/// than a release that never does.
#[must_use]
pub fn tells_inodes(snapshot: &Snapshot) -> bool {
    let mut sockets = snapshot.sockets.values();
    sockets.any(|it| it.socket.streams.is_some() && it.socket.inode != Inode(0))
}

/// How a holder is known, or why none is, a line each.
#[must_use]
pub fn lines(snapshot: &Snapshot, judged: &Judged<'_>) -> Vec<String> {
    let socket = &judged.sighting.socket;
    if socket.streams.is_none() || socket.inode != Inode(0) {
        return Vec::new();
    }
    let mut lines: Vec<String> = judged.perhaps.iter().take(LINES_MAX).map(perhaps).collect();
    if judged.perhaps.len() > LINES_MAX {
        let more = judged.perhaps.len() - LINES_MAX;
        lines.push(format!("walk: perhaps one of {more} more"));
    }
    let told = match judged.untold {
        None if judged.owners.is_empty() => return lines,
        None => "walk: known by its addresses: this kernel's tables name no inode",
        Some(Untold::Row) => "mib2: its row names no inode, where others do",
        Some(Untold::Release) if !lines.is_empty() => {
            "mib2: this kernel's tables name no inode, and the address is not one socket's alone"
        }
        Some(Untold::Release) if !snapshot.named.are_told() => {
            "mib2: this kernel's tables name no inode, so nobody can be named"
        }
        Some(Untold::Release) => {
            "walk: no descriptor has its address, and this kernel's tables name no inode"
        }
    };
    lines.push(told.to_owned());
    lines
}

fn perhaps(owner: &Owner) -> String {
    let name = owner.comm.as_bytes().escape_ascii();
    let fd = match owner.held {
        Held::Fd { fd } => format!(" by descriptor {fd}"),
        Held::IoUring { .. } | Held::InFlight { .. } | Held::Mapped => String::new(),
    };
    format!("walk: perhaps process {} ({name}){fd}", owner.id.pid)
}
