//! Which witness said what of a socket: the letters of the vector and the lines below it.

use crate::join;
use crate::owner::{self, Refused};
use crate::sandwich::Testimony;
use crate::snapshot::{Sighting, Snapshot};
use model::behind::LibraryReason;
use model::{Foreign, Held, IfIndex, Inet, Owner, Pid, PortState, Socket, Source, State};
use std::net::IpAddr;

/// Lines of one kind that are told; the rest is counted.
const LINES_MAX: usize = 8;

/// How often one source showed a socket, denied it, and could not have seen it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Passes that showed it.
    pub seen: usize,
    /// Passes that denied it.
    pub absent: usize,
}

/// Counts the passes of a source over a socket.
#[must_use]
pub fn tally(snapshot: &Snapshot, source: Source, sighting: &Sighting) -> Tally {
    let mut tally = Tally::default();
    for (at, view) in snapshot.views.iter().enumerate() {
        if view.source == source {
            match snapshot.testimony(at, sighting) {
                Testimony::Seen => tally.seen += 1,
                Testimony::Absent => tally.absent += 1,
                Testimony::Blind => {}
            }
        }
    }
    tally
}

impl Tally {
    /// Its letter in the vector.
    #[must_use]
    pub fn letter(self) -> char {
        match (self.seen, self.absent) {
            (0, 0) => '.',
            (0, _) => 'n',
            _ => 'Y',
        }
    }

    fn line(self, source: Source) -> Option<String> {
        let passes = self.seen + self.absent;
        match (self.seen, self.absent) {
            (0, 0) => None,
            (0, _) => Some(format!("{source}: absent from all {passes} passes")),
            (_, 0) => Some(format!("{source}: seen in all {passes} passes")),
            (seen, _) => Some(format!("{source}: seen in {seen} of {passes} passes")),
        }
    }
}

/// What the table sources say, a line each.
#[must_use]
pub fn tables(snapshot: &Snapshot, sighting: &Sighting) -> Vec<String> {
    const TABLES: [Source; 5] = [
        Source::Procfs,
        Source::PrivateProcfs,
        Source::Netlink,
        Source::NetlinkRead,
        Source::Mib2,
    ];
    TABLES
        .into_iter()
        .filter_map(|source| tally(snapshot, source, sighting).line(source))
        .collect()
}

/// The process that made a socket, or whose listener did, where the kernel tells (Solaris).
#[must_use]
pub fn made_by(socket: &Socket) -> Option<Pid> {
    socket.streams.as_ref()?.creator
}

/// What the MIB of Solaris says of the process that made a socket: a hint, no owner.
#[must_use]
pub fn creator(snapshot: &Snapshot, socket: &Socket) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(pid) = made_by(socket) {
        let known = snapshot.processes.values().find(|it| it.id.pid == pid);
        let name = known.map_or_else(
            || "which no walk met".to_owned(),
            |process| process.comm.as_bytes().escape_ascii().to_string(),
        );
        lines.push(format!(
            "mib2: made by process {pid} ({name}), or by its listener: a hint"
        ));
    }
    lines
}

/// What the bind probes say of a listed socket, of the last round in which they were asked.
#[must_use]
pub fn bind(snapshot: &Snapshot, inet: &Inet) -> (char, Option<String>) {
    let answers = answers(snapshot, Source::Bind, inet, join::takes);
    let at = |state| -> Vec<IpAddr> {
        let of_state = answers.iter().filter(|answer| answer.1 == state);
        of_state.map(|answer| answer.0).collect()
    };
    let (taken, free) = (at(PortState::InUse), at(PortState::Free));
    match (taken.as_slice(), free.as_slice()) {
        ([], []) => ('.', None),
        ([], free) => (
            'f',
            Some(format!("bind: the number is free at {}", list(free))),
        ),
        (taken, _) => ('u', Some(format!("bind: in use at {}", list(taken)))),
    }
}

/// What local connections say of a listener, of the last round in which they were asked.
#[must_use]
pub fn connect(snapshot: &Snapshot, inet: &Inet) -> (char, Option<String>) {
    let answers = answers(snapshot, Source::Connect, inet, join::receives);
    let open: Vec<IpAddr> = answers
        .iter()
        .filter(|answer| answer.1 == PortState::Open)
        .map(|answer| answer.0)
        .collect();
    match (answers.first(), open.as_slice()) {
        (None, _) => ('.', None),
        (Some((addr, state)), []) => ('n', Some(format!("connect: {state} at {addr}"))),
        (_, open) => ('Y', Some(format!("connect: open at {}", list(open)))),
    }
}

/// What scans made elsewhere say of a listener.
#[must_use]
pub fn remote(snapshot: &Snapshot, inet: &Inet) -> (char, Option<String>) {
    let answers = answers(snapshot, Source::Remote, inet, join::receives);
    let open = answers.iter().find(|answer| answer.1 == PortState::Open);
    match open.or(answers.first()) {
        None => ('.', None),
        Some((addr, state)) => {
            let letter = match state {
                PortState::Open => 'Y',
                PortState::Filtered => 'f',
                PortState::OpenFiltered => '.',
                PortState::Closed | PortState::InUse | PortState::Free => 'n',
            };
            (letter, Some(format!("remote: {state} at {addr}")))
        }
    }
}

/// In how many rounds in a row, up to the last one, a listener did not answer where it should.
#[must_use]
pub fn silences(snapshot: &Snapshot, inet: &Inet) -> (usize, usize) {
    let rounds: Vec<bool> = (1..=snapshot.rounds())
        .filter_map(|round| {
            let mut asked = snapshot
                .round(round)
                .filter(|(_, view)| view.source == Source::Connect)
                .flat_map(|(_, view)| {
                    let addrs = view.probes.addrs(inet.proto);
                    addrs
                        .filter(|addr| join::receives(inet, *addr))
                        .filter_map(|addr| view.probes.state(inet.proto, addr, inet.port))
                })
                .peekable();
            asked.peek()?;
            Some(!asked.any(|state| state == PortState::Open))
        })
        .collect();
    let silent = rounds.iter().rev().take_while(|silent| **silent).count();
    (silent, rounds.len())
}

/// Answers of the last view of an active source that was asked about this port at all.
fn answers(
    snapshot: &Snapshot,
    source: Source,
    inet: &Inet,
    concerns: fn(&Inet, IpAddr) -> bool,
) -> Vec<(IpAddr, PortState)> {
    let views = snapshot.views.iter().rev();
    for view in views.filter(|view| view.source == source) {
        let answers: Vec<(IpAddr, PortState)> = view
            .probes
            .addrs(inet.proto)
            .filter(|addr| concerns(inet, *addr))
            .filter_map(|addr| Some((addr, view.probes.state(inet.proto, addr, inet.port)?)))
            .collect();
        if !answers.is_empty() {
            return answers;
        }
    }
    Vec::new()
}

/// How the owners hold it, by the walk that met them, a line each.
#[must_use]
pub fn owners(snapshot: &Snapshot, owners: &[Owner], by: Source) -> Vec<String> {
    let mut lines: Vec<String> = owners
        .iter()
        .take(LINES_MAX)
        .map(|owner| held(owner, by))
        .collect();
    for owner in owners.iter().take(LINES_MAX) {
        if leader_has_ended(snapshot, owner) {
            let pid = owner.id.pid;
            lines.push(format!("walk: the leader of process {pid} is a zombie"));
        }
    }
    if owners.len() > LINES_MAX {
        lines.push(format!("walk: and {} more", owners.len() - LINES_MAX));
    }
    lines
}

fn held(owner: &Owner, source: Source) -> String {
    let pid = owner.id.pid;
    let by = match (owner.tid, owner.held) {
        (None, Held::Fd { fd }) => format!("holds it as descriptor {fd}"),
        (Some(tid), Held::Fd { fd }) => {
            format!("holds it as descriptor {fd} of thread {tid}'s own table")
        }
        (_, Held::IoUring { ring, slot }) => {
            format!("holds it in slot {slot} of the io_uring at descriptor {ring}")
        }
        (_, Held::InFlight { via, count }) => {
            let descriptors = match count {
                1 => "descriptor",
                _ => "descriptors",
            };
            format!("has {count} {descriptors} waiting in messages on descriptor {via}: probable")
        }
        (_, Held::Mapped) => "has it mapped into memory".to_owned(),
    };
    format!("{source}: process {pid} {by}")
}

/// What is worth knowing of the programs behind the owners, a line each.
#[must_use]
pub fn behind(snapshot: &Snapshot, owners: &[Owner]) -> Vec<String> {
    let text = |name: &model::Foreign| name.as_bytes().escape_ascii().to_string();
    let known = owners
        .iter()
        .filter_map(|owner| snapshot.behind.get(&owner.id));
    let mut lines = Vec::new();
    for behind in known.take(LINES_MAX) {
        let pid = behind.id.pid;
        let parents: Vec<String> = behind
            .parents
            .iter()
            .map(|(pid, name)| format!("{} {pid}", text(name)))
            .collect();
        if !parents.is_empty() {
            lines.push(format!(
                "program: {pid} is a child of {}",
                parents.join(", of ")
            ));
        }
        if let Some(container) = &behind.container {
            let (engine, id) = (&container.engine, text(&container.id));
            lines.push(format!(
                "program: {pid} runs in the {engine} container {id}"
            ));
        } else if let Some(cgroup) = behind.cgroup.as_ref().filter(|it| it.as_bytes() != b"/") {
            lines.push(format!("program: {pid} is in the cgroup {}", text(cgroup)));
        }
        for flag in &behind.flags {
            if let model::behind::Flag::Preload { name, value } = flag {
                lines.push(format!("program: {pid} has {name}={}", text(value)));
            }
        }
        for library in behind.libraries.iter().take(LINES_MAX) {
            let why = match library.why {
                LibraryReason::Deleted => "deleted or replaced",
                LibraryReason::Memfd => "never a file",
                LibraryReason::Foreign => "outside the directories of packages",
            };
            lines.push(format!(
                "program: {pid} has mapped {}, {why}",
                text(&library.path)
            ));
        }
    }
    lines.dedup();
    lines
}

/// Where a socket of another namespace is, and who is there.
#[must_use]
pub fn elsewhere(snapshot: &Snapshot, sighting: &Sighting, owners: &[Owner]) -> Vec<String> {
    let (ours, its) = (snapshot.facts.observer.netns, sighting.socket.netns);
    let (Some(ours), Some(its)) = (ours, its) else {
        return Vec::new();
    };
    if ours == its {
        return Vec::new();
    }
    let mut lines = vec![format!(
        "netns: it is in network namespace {its}, we are in {ours}"
    )];
    if !snapshot.facts.other_netns.contains(&its) {
        lines.push("netns: no process has its first thread in that namespace".to_owned());
    }
    for owner in owners.iter().take(LINES_MAX) {
        let process = snapshot.processes.get(&owner.id);
        if let Some(netns) = process.and_then(|it| it.netns).filter(|it| *it != its) {
            lines.push(format!(
                "netns: process {} itself is in namespace {netns}",
                owner.id.pid
            ));
        }
    }
    if owners.is_empty() {
        lines.push("walk: nobody was found holding it".to_owned());
    }
    lines
}

/// Whether only threads of a process live on: its leader has ended, and a zombie has neither
/// program file nor arguments.
#[must_use]
pub fn leader_has_ended(snapshot: &Snapshot, owner: &Owner) -> bool {
    owner.tid.is_some()
        && snapshot.processes.get(&owner.id).is_some_and(|process| {
            let argv = process.cmdline.as_ref();
            !process.kernel_thread
                && process.exe.is_none()
                && argv.is_none_or(|argv| argv.as_bytes().is_empty())
        })
}

/// Where nobody was found: how many walks, and what they were refused.
#[must_use]
pub fn nobody(snapshot: &Snapshot, refused: &Refused<'_>) -> Vec<String> {
    let walks: Vec<u64> = snapshot
        .views
        .iter()
        .filter(|view| view.walked())
        .filter_map(|view| view.coverage.processes)
        .collect();
    let mut lines = Vec::new();
    match walks.last() {
        None => lines.push("walk: nobody walked the processes".to_owned()),
        Some(processes) => lines.push(format!(
            "walk: nobody holds it in {} walks of {processes} processes",
            walks.len()
        )),
    }
    let refused = &refused.places;
    for gap in refused.iter().take(LINES_MAX) {
        lines.push(format!("walk: {}: {}", gap.place, gap.reason));
    }
    if refused.len() > LINES_MAX {
        lines.push(format!(
            "walk: and {} more places",
            refused.len() - LINES_MAX
        ));
    }
    lines
}

/// What the kernel itself has the port for.
#[must_use]
pub fn kernel(snapshot: &Snapshot, sighting: &Sighting) -> Option<String> {
    let held = owner::kernel_port(snapshot, sighting)?;
    let text = |name: &model::Foreign| name.as_bytes().escape_ascii().to_string();
    let device = held.device.as_ref().map(text).unwrap_or_default();
    Some(format!(
        "kernel: {} {device} has this port",
        text(&held.kind)
    ))
}

/// How a listed socket is reached.
#[must_use]
pub fn reach(snapshot: &Snapshot, sighting: &Sighting) -> Vec<String> {
    let Some(inet) = sighting.inet() else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    if inet.is_listener() && inet.local.is_ipv6() && inet.local.is_unspecified() {
        lines.extend(match inet.v6only {
            Some(true) => Some("reach: IPv6 only, not reachable by IPv4".to_owned()),
            Some(false) => Some("reach: serves IPv4 and IPv6".to_owned()),
            None => None,
        });
    } else if inet.is_listener() && inet.local.is_loopback() {
        lines.push("reach: this host only".to_owned());
    }
    if let Some(device) = bound_device(inet) {
        let name = device_name(snapshot, sighting, device);
        let name = name.map_or_else(
            || format!("interface {device}"),
            |name| name.as_bytes().escape_ascii().to_string(),
        );
        lines.push(format!("reach: only by {name}"));
    }
    let socket = &sighting.socket;
    if inet.state == State::Listen && socket.recv_queue > 0 {
        lines.push(format!(
            "queue: {} waiting to be accepted, {} may; a connection of ours leaves one",
            socket.recv_queue, socket.send_queue
        ));
    }
    lines
}

/// The interface a socket is bound to; sock_diag says 0 for none.
#[must_use]
pub fn bound_device(inet: &Inet) -> Option<IfIndex> {
    inet.device.filter(|device| *device != IfIndex(0))
}

/// The name of a socket's interface. Those of other namespaces have numbers of their own, and
/// names we were not told.
#[must_use]
pub fn device_name<'s>(
    snapshot: &'s Snapshot,
    sighting: &Sighting,
    device: IfIndex,
) -> Option<&'s Foreign> {
    let here = !snapshot.is_elsewhere(sighting);
    here.then(|| snapshot.facts.interfaces.get(&device))
        .flatten()
}

/// Addresses in a line, the first few.
#[must_use]
pub fn list(addrs: &[IpAddr]) -> String {
    let mut words: Vec<String> = addrs
        .iter()
        .take(LINES_MAX)
        .map(ToString::to_string)
        .collect();
    if addrs.len() > LINES_MAX {
        words.push(format!("{} more", addrs.len() - LINES_MAX));
    }
    words.join(", ")
}
