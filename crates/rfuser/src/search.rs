//! Finds the users of every name, walking the processes once.

use crate::options::Options;
use crate::target::{Port, Target};
use crate::users::{User, Users};
use model::ask::{FilesAsk, SocketAsk, States, WalkAsk};
use model::file::FileRow;
use model::{Family, FileKind, Gaps, Inode, Owner, Process, Socket, Source};
use select::Place;
use std::collections::{BTreeMap, HashMap, HashSet};
use sysroot::Sysroot;

/// A name ready to be looked for.
pub(crate) enum Goal {
    /// Sockets of these inodes.
    Sockets(HashSet<Inode>),
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

/// Reads the socket tables for the ports among the targets. Only what is asked for is kept.
pub(crate) fn ports(
    root: &Sysroot,
    options: &Options,
    targets: &[Target],
    found: &mut Found,
) -> Vec<Option<HashSet<Inode>>> {
    let mut inodes: Vec<Option<HashSet<Inode>>> = targets
        .iter()
        .map(|target| matches!(target, Target::Port(_)).then(HashSet::new))
        .collect();
    let asked: Vec<(usize, &Port)> = targets
        .iter()
        .enumerate()
        .filter_map(|(at, target)| match target {
            Target::Port(port) => Some((at, port)),
            Target::File(_) => None,
        })
        .collect();
    let tables = tables(options, &asked);
    let Found { sockets, gaps, .. } = found;
    let mut untold = false;
    let mut keep = |socket: Socket| {
        let Some(inet) = socket.kind.inet() else {
            return;
        };
        if socket.inode == Inode(0) {
            // Older kernels of Solaris, and Oracle's, tell of no socket whose it is.
            let matches = asked.iter().any(|(_, port)| port.matches(inet));
            untold |= matches && socket.streams.is_some();
            return;
        }
        let mut meant = false;
        for (at, port) in &asked {
            if port.matches(inet)
                && let Some(Some(set)) = inodes.get_mut(*at)
            {
                set.insert(socket.inode);
                meant = true;
            }
        }
        if meant {
            sockets.insert(socket.inode, (socket, Vec::new()));
        }
    };
    for table in &tables {
        // All that is asked for of a transport, where that is one port.
        let of_proto = asked.iter().filter(|(_, port)| Some(port.proto) == table.1);
        let mut ports = of_proto.map(|(_, port)| port.local);
        let first = ports.next().flatten();
        let one_port = first.filter(|_| ports.all(|port| port == first));
        let ask = SocketAsk {
            tables: vec![*table],
            states: States::ALL,
            port: one_port,
        };
        for via in [Source::Netlink, Source::Procfs] {
            let mut told = host::sockets(root, via, &ask, &mut keep);
            if !told.coverage.looked.is_empty() {
                break;
            }
            // What sock_diag does not tell the text may; what neither does is a gap.
            if via == Source::Procfs {
                gaps.append(&mut told.gaps);
            }
        }
    }
    if options.all_netns && !tables.is_empty() {
        let ask = SocketAsk {
            tables,
            states: States::ALL,
            port: None,
        };
        everywhere(root, &ask, &mut keep, gaps);
    }
    if untold {
        let reason = "this kernel's tables name no inode: who holds a socket is not told";
        gaps.push(model::Gap::new("mib2", reason));
    }
    inodes
}

/// The same tables of every other network namespace there is.
fn everywhere(
    root: &Sysroot,
    ask: &SocketAsk,
    keep: &mut (dyn FnMut(Socket) + Send),
    gaps: &mut Gaps,
) {
    let (namespaces, mut more) = host::read::netns::namespaces(root);
    gaps.append(&mut more);
    for namespace in namespaces {
        let told = namespace.ask(|stand| {
            host::read::tables::sockets_in(stand, root, Source::Netlink, ask, &mut |socket| {
                keep(socket);
            })
        });
        match told {
            Ok(mut told) => gaps.append(&mut told.gaps),
            Err(gap) => gaps.push(gap),
        }
    }
}

fn tables(options: &Options, asked: &[(usize, &Port)]) -> Vec<(Family, Option<model::Proto>)> {
    let mut tables = Vec::new();
    for (family, refused) in [
        (Family::Inet, options.ipv6 && !options.ipv4),
        (Family::Inet6, options.ipv4 && !options.ipv6),
    ] {
        for proto in [model::Proto::Tcp, model::Proto::Udp] {
            if !refused && asked.iter().any(|(_, port)| port.proto == proto) {
                tables.push((family, Some(proto)));
            }
        }
    }
    tables
}

/// Adds the owners of the sockets found.
pub(crate) fn owners(root: &Sysroot, goals: &[Goal], found: &mut Found) {
    let wanted: HashSet<Inode> = found.sockets.keys().copied().collect();
    if wanted.is_empty() {
        return;
    }
    let ask = WalkAsk {
        inodes: Some(wanted),
        deep: false,
    };
    let mut holdings = host::holdings(root, &ask);
    found.gaps.append(&mut holdings.told.gaps);
    for process in holdings.processes {
        found.processes.insert(process.id, process);
    }
    for holding in holdings.holdings {
        for (goal, users) in goals.iter().zip(&mut found.users) {
            if let Goal::Sockets(inodes) = goal
                && inodes.contains(&holding.inode)
            {
                let owner = &holding.owner;
                let user = users.processes.entry(owner.id.pid).or_insert_with(|| User {
                    id: owner.id,
                    uid: owner.uid,
                    comm: owner.comm.clone(),
                    uses: Default::default(),
                });
                // A socket is open for reading and writing.
                user.uses.open = true;
                user.uses.write = true;
            }
        }
        if let Some((_, owners)) = found.sockets.get_mut(&holding.inode) {
            owners.push(holding.owner);
        }
    }
}

/// Adds the users of the files.
pub(crate) fn files(root: &Sysroot, goals: &[Goal], keep_rows: bool, found: &mut Found) {
    if !goals.iter().any(|goal| matches!(goal, Goal::Files(_))) {
        return;
    }
    let paths = unix_paths(root, goals, &mut found.gaps);
    let ask = FilesAsk {
        threads: true,
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
                    if places
                        .iter()
                        .any(|place| place.matches(file, unix.map(Vec::as_slice)))
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

/// Paths of the unix sockets, where one is asked for.
fn unix_paths(root: &Sysroot, goals: &[Goal], gaps: &mut Gaps) -> HashMap<Inode, Vec<u8>> {
    let asked = goals.iter().any(|goal| match goal {
        Goal::Files(places) => places
            .iter()
            .any(|place| matches!(place, Place::Socket { .. })),
        Goal::Sockets(_) => false,
    });
    let mut paths = HashMap::new();
    if !asked {
        return paths;
    }
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
                paths.insert(socket.inode, path.as_bytes().to_vec());
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
