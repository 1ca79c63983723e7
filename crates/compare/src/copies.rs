//! What was found without any procfs: processes by their numbers, sockets by copies of
//! their descriptors.

use crate::snapshot::Snapshot;
use model::asked::{AskedSocket, Copied, Ring, RingTrace, Used};
use model::census::{Census, HiddenPid};
use model::procfs::{ListingSign, ProcSign};
use model::{Held, Inet, Inode, NetNs, Owner, Pid, Process, ProcessId, Proto, Source, State};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that was found.
#[derive(Clone, Debug, Default)]
pub struct Copies {
    /// Sockets, each asked itself.
    pub sockets: BTreeMap<Inode, AskedSocket>,
    /// Who had a descriptor of which.
    pub held: BTreeMap<Inode, BTreeSet<Copied>>,
    /// Sockets counted beside those in some descriptor table, of the last walk.
    pub used: Option<Used>,
    /// Processes not listed, a census a walk.
    pub censuses: Vec<Census>,
}

/// The letter of this walk for a socket.
#[must_use]
pub fn letter(snapshot: &Snapshot, inode: Inode) -> char {
    let walked = snapshot
        .views
        .iter()
        .any(|view| view.source == Source::Pidfd && view.coverage.processes.is_some());
    match (snapshot.copies.held.contains_key(&inode), walked) {
        _ if inode == Inode(0) => '.',
        (true, _) => 'Y',
        (false, true) => 'n',
        (false, false) => '.',
    }
}

/// Who was found holding a socket, in the words of the other walk. A process that no procfs
/// names has start time 0 and no name.
#[must_use]
pub fn owners(snapshot: &Snapshot, inode: Inode) -> Vec<Owner> {
    let held = snapshot.copies.held.get(&inode).into_iter().flatten();
    held.map(|copied| owner(snapshot, copied)).collect()
}

fn owner(snapshot: &Snapshot, copied: &Copied) -> Owner {
    let process = latest(snapshot, copied.pid);
    let (pid, start) = (copied.pid, 0);
    Owner {
        id: process.map_or(ProcessId { pid, start }, |it| it.id),
        tid: copied.tid,
        comm: process.map(|it| it.comm.clone()).unwrap_or_default(),
        uid: process.and_then(|it| it.uid),
        held: Held::Fd { fd: copied.fd },
    }
}

/// Of several processes with one number the latest was there.
fn latest(snapshot: &Snapshot, pid: Pid) -> Option<&Process> {
    let id = |start| ProcessId { pid, start };
    let mut processes = snapshot.processes.range(id(0)..=id(u64::MAX));
    processes.next_back().map(|(_, process)| process)
}

/// What a copied descriptor says of a socket, in plain words.
#[must_use]
pub fn told(snapshot: &Snapshot, inode: Inode) -> Vec<String> {
    let Some(asked) = snapshot.copies.sockets.get(&inode) else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    if let Some(tests) = &asked.tests {
        let count = instructions(u64::from(asked.filter.unwrap_or_default()));
        let ports: Vec<String> = tests.ports.iter().map(ToString::to_string).collect();
        lines.push(match ports.as_slice() {
            [] => format!("pidfd: a socket filter of {count}"),
            ports => format!(
                "pidfd: a socket filter of {count} that looks for port {}",
                ports.join(", ")
            ),
        });
    }
    if let Some(ttl) = asked.min_ttl.filter(|&ttl| ttl > 0) {
        lines.push(format!("pidfd: it drops packets with a TTL below {ttl}"));
    }
    if asked.transparent {
        lines.push("pidfd: it may answer for addresses that are not the host's".to_owned());
    }
    lines
}

/// Whether the last such walk went to its end and was refused nothing.
#[must_use]
pub fn walked_all(snapshot: &Snapshot) -> bool {
    let mut walks = snapshot.views.iter().rev();
    let last = walks.find(|view| view.source == Source::Pidfd);
    last.is_some_and(|view| view.coverage.processes.is_some() && view.gaps.is_empty())
}

/// Sockets the kernel counts that are in no descriptor table.
#[must_use]
pub fn left(snapshot: &Snapshot) -> Option<u64> {
    let used = snapshot.copies.used?;
    used.used.checked_sub(used.in_tables)
}

/// What the counter of all sockets says where a socket has no owner.
#[must_use]
pub fn uncounted(snapshot: &Snapshot) -> Option<String> {
    let used = snapshot.copies.used?;
    let left = left(snapshot).filter(|&left| left > 0)?;
    Some(format!(
        "counters: the kernel counts {} sockets here, {} are in descriptor tables: {left} in none",
        used.used, used.in_tables
    ))
}

/// Processes with an io_uring that no descriptor leads to: it may be fixed in there.
#[must_use]
pub fn rings(snapshot: &Snapshot) -> Vec<String> {
    let line = |ring: &Ring| {
        let how = match ring.by {
            RingTrace::Mapped => "mapped",
            RingTrace::Polled => "polled by the kernel",
        };
        let (pid, comm) = (ring.id.pid, escaped(&ring.comm));
        format!(
            "rings: process {pid} ({comm}) has an io_uring, {how}, that no descriptor leads to: probable"
        )
    };
    snapshot.rings.values().map(line).collect()
}

/// Sockets of our namespace that processes were found holding and that keep this port, by
/// what they say themselves.
#[must_use]
pub fn of_port(snapshot: &Snapshot, proto: Proto, port: u16) -> Vec<&AskedSocket> {
    let here = snapshot.facts.observer.netns;
    let wanted = |asked: &&AskedSocket| {
        let netns = here.is_none() || asked.netns.is_none() || asked.netns == here;
        netns && inet(asked).is_some_and(|it| it.proto == proto && it.port == port)
    };
    snapshot.copies.sockets.values().filter(wanted).collect()
}

/// An internet socket in the words of the tables, without what it does not tell.
#[must_use]
pub fn inet(asked: &AskedSocket) -> Option<Inet> {
    let (local, port) = asked.local.filter(|(_, port)| *port != 0)?;
    let proto = match (asked.socket_type, asked.protocol) {
        (1, 6) => Proto::Tcp,
        (1, 262) => Proto::Mptcp,
        (2, 17) => Proto::Udp,
        (2, 136) => Proto::UdpLite,
        _ => return None,
    };
    let tcp = matches!(proto, Proto::Tcp | Proto::Mptcp);
    let (remote, remote_port) = asked.remote.unwrap_or((local, 0));
    Some(Inet {
        proto,
        local,
        port,
        remote,
        remote_port,
        state: match (tcp, asked.listening, remote_port) {
            (true, true, _) => State::Listen,
            (true, false, 0) => State::Bound,
            (_, _, 0) => State::Close,
            _ => State::Established,
        },
        device: None,
        v6only: asked.v6only,
        timer: None,
    })
}

/// Namespaces of found sockets that no process we know of is in.
#[must_use]
pub fn stray_netns(snapshot: &Snapshot) -> BTreeSet<NetNs> {
    let known = &snapshot.facts.other_netns;
    let sockets = snapshot.copies.sockets.values();
    let netns = sockets.filter_map(|asked| asked.netns);
    netns
        .filter(|netns| Some(*netns) != snapshot.facts.observer.netns && !known.contains(netns))
        .collect()
}

/// Processes that every census found and no listing had, a line each. None where others'
/// processes are not listed to us anyway, or the procfs is not that of our pid namespace.
#[must_use]
pub fn hidden(snapshot: &Snapshot) -> Vec<String> {
    let identity = snapshot.facts.identity.as_ref();
    let foreign = |sign: &ProcSign| matches!(sign, ProcSign::SelfElsewhere { .. });
    let blind = snapshot.facts.hides_others()
        || identity.is_some_and(|identity| identity.signs.iter().any(foreign));
    let censuses = &snapshot.copies.censuses;
    let Some(last) = censuses.last().filter(|_| !blind) else {
        return Vec::new();
    };
    let mut times: BTreeMap<Pid, usize> = BTreeMap::new();
    for census in censuses {
        let pids: BTreeSet<Pid> = census.hidden.iter().map(|it| it.pid).collect();
        for pid in pids {
            *times.entry(pid).or_default() += 1;
        }
    }
    let always = |pid: Pid| times.get(&pid) == Some(&censuses.len());
    // A number that is only taken may be that of a group whose members are outside.
    let inside = snapshot.facts.sees_all_pids() == Some(true);
    let is_task = |it: &&HiddenPid| inside || it.answered.iter().any(|call| call != "clone3");
    let hidden = last.hidden.iter().filter(|it| always(it.pid));
    let hidden = hidden.filter(is_task);
    let mut lines: Vec<String> = hidden
        .map(|it| {
            let denied = match it.denied.as_slice() {
                [] => String::new(),
                calls => format!(", and not for {}", calls.join(", ")),
            };
            let answered = it.answered.join(", ");
            let name = name(snapshot, it.pid);
            format!(
                "process {}{name} is there for {answered}{denied}, and is not listed",
                it.pid
            )
        })
        .collect();
    let signs = censuses.iter().flat_map(|census| &census.signs);
    for sign in signs.collect::<BTreeSet<_>>() {
        lines.push(match sign {
            ListingSign::LongRecord { name, carved } => format!(
                "the listing of /proc swallows a name after {}: {}",
                escaped(name),
                carved.as_ref().map_or("unreadable".to_owned(), escaped)
            ),
            ListingSign::DirtyTail { carved } => {
                let names: Vec<String> = carved.iter().map(escaped).collect();
                format!("the listing of /proc was shortened: {}", names.join(" "))
            }
            ListingSign::Cut => "the listing of /proc was cut".to_owned(),
        });
    }
    lines
}

fn name(snapshot: &Snapshot, pid: Pid) -> String {
    latest(snapshot, pid).map_or_else(String::new, |process| {
        let exe = process.exe.as_ref().map(escaped).unwrap_or_default();
        format!(" ({} {exe})", escaped(&process.comm))
    })
}

fn escaped(name: &model::Foreign) -> String {
    name.as_bytes().escape_ascii().to_string()
}

/// So many instructions of a filter.
pub(crate) fn instructions(count: u64) -> String {
    model::gap::counted(count, "instruction", "instructions")
}
