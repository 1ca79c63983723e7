//! Finds the users of every name, walking the processes once.

use crate::target::Port;
use crate::users::{User, Users};
use model::ask::{FilesAsk, SocketAsk, States};
use model::file::FileRow;
use model::{Family, FileKind, Gaps, Inode, Owner, Process, Socket, Source};
use select::Place;
use std::collections::{BTreeMap, HashMap, HashSet};
use sysroot::Sysroot;

/// A name ready to be looked for.
pub(crate) enum Goal {
    /// A port, with the inodes of the sockets that are meant.
    Port(Port, HashSet<Inode>),
    /// Files.
    Files(Vec<Place>),
}

/// What was found.
#[derive(Default)]
pub(crate) struct Found {
    /// By name, in the order they were given.
    pub(crate) users: Vec<Users>,
    /// Sockets of the ports asked for, with their owners.
    pub(crate) sockets: BTreeMap<Inode, (Socket, Vec<Owner>)>,
    /// Open files that were asked for; only under `--json`.
    pub(crate) files: Vec<FileRow>,
    /// Their processes, and those of the owners.
    pub(crate) processes: BTreeMap<model::ProcessId, Process>,
    pub(crate) gaps: Gaps,
}

/// Adds the users of the files.
pub(crate) fn files(root: &Sysroot, goals: &[Goal], keep_rows: bool, found: &mut Found) {
    if !goals.iter().any(|goal| matches!(goal, Goal::Files(_))) {
        return;
    }
    let paths = unix_paths(root, goals, &mut found.gaps);
    let ask = FilesAsk {
        threads: true,
        brief_pipes: !keep_rows,
        ..FilesAsk::default()
    };
    let Found {
        users,
        files,
        processes,
        gaps,
        ..
    } = found;
    let own = std::process::id();
    let mut told = host::files(root, &ask, None, &mut |process, tables| {
        // That we look at it is no use of it.
        if process.id.pid.0 == own && root.is_live() {
            return;
        }
        for table in &tables {
            for file in &table.files {
                let unix = (file.kind == FileKind::Socket)
                    .then(|| file.inode.and_then(|inode| paths.get(&inode)))
                    .flatten();
                let mut meant = false;
                for (goal, users) in goals.iter().zip(users.iter_mut()) {
                    let Goal::Files(places) = goal else { continue };
                    let path = unix.map(|unix| unix.path.as_slice());
                    let on = |place: &Place| match place {
                        Place::Mount { device } => {
                            unix.is_some_and(|it| it.device == Some(*device))
                        }
                        _ => false,
                    };
                    if places
                        .iter()
                        .any(|place| place.matches(file, path) || on(place))
                    {
                        meant = true;
                        let user = users
                            .processes
                            .entry(process.id.pid)
                            .or_insert_with(|| User::new(&process));
                        user.uses.add(file.slot, file.access);
                    }
                }
                if meant && keep_rows {
                    files.push(FileRow {
                        id: process.id,
                        tid: table.tid,
                        comm: process.comm.clone(),
                        uid: process.uid,
                        file: file.clone(),
                        socket: None,
                    });
                    processes
                        .entry(process.id)
                        .or_insert_with(|| process.clone());
                }
            }
        }
    });
    gaps.append(&mut told.gaps);
}

/// Where a unix socket is bound.
struct Bound {
    path: Vec<u8>,
    /// The file system the path lies on, as we see it.
    device: Option<u64>,
}

/// Where unix sockets are bound, if such a place is asked for.
fn unix_paths(root: &Sysroot, goals: &[Goal], gaps: &mut Gaps) -> HashMap<Inode, Bound> {
    let asked = |wanted: fn(&Place) -> bool| {
        goals.iter().any(|goal| match goal {
            Goal::Files(places) => places.iter().any(wanted),
            Goal::Port(..) => false,
        })
    };
    let mounts = asked(|place| matches!(place, Place::Mount { .. }));
    let mut paths = HashMap::new();
    if !mounts && !asked(|place| matches!(place, Place::Socket { .. })) {
        return paths;
    }
    let mounted = if mounts {
        host::mounts(root).0
    } else {
        Vec::new()
    };
    // The last of the longest mount points it lies below; an abstract name lies nowhere.
    let device = |path: &[u8]| {
        let above = mounted.iter().filter(|mount| {
            let point = mount.point.strip_suffix(b"/").unwrap_or(&mount.point);
            path.starts_with(b"/") && select::within(path, point, true)
        });
        let nearest = above.max_by_key(|mount| mount.point.len());
        nearest.map(|mount| mount.device)
    };
    let ask = SocketAsk {
        tables: vec![(Family::Unix, None)],
        states: States::ALL,
        port: None,
    };
    for via in [Source::Netlink, Source::Procfs] {
        let mut told = host::sockets(root, via, &ask, &mut |socket| {
            if let model::Kind::Unix(unix) = socket.kind
                && let Some(path) = unix.path
            {
                let path = path.as_bytes().to_vec();
                let device = device(&path);
                paths.insert(socket.inode, Bound { path, device });
            }
        });
        if !told.coverage.looked.is_empty() {
            break;
        }
        if via == Source::Procfs {
            gaps.append(&mut told.gaps);
        }
    }
    paths
}
