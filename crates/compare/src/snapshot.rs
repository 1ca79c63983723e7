//! Everything that was said, put together: which view showed which socket, who was found
//! holding it, what the probes learned.

use crate::copies::Copies;
use crate::facts::Facts;
use crate::join;
use crate::named::Descriptors;
use crate::probes::Probes;
use crate::sandwich::{Side, Testimony};
use model::asked::Ring;
use model::behind::Behind;
use model::process::Holding;
use model::receipt::Received;
use model::{
    Coverage, Family, Foreign, Gap, Gaps, Held, Inet, Inode, NetNs, Owner, Process, ProcessId,
    Proto, Record, Socket, Source, State,
};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::rc::Rc;

/// Views of one run, at most: as many as [`Views`] has room for.
pub const VIEWS_MAX: usize = 256;

/// A set of views, by their place in the order of asking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Views([u128; 2]);

impl Views {
    /// Puts a view in.
    pub fn insert(&mut self, view: usize) {
        if let Some(word) = self.0.get_mut(view / 128) {
            *word |= 1 << (view % 128);
        }
    }

    /// Whether a view is in.
    #[must_use]
    pub fn contains(self, view: usize) -> bool {
        self.0
            .get(view / 128)
            .is_some_and(|word| word >> (view % 128) & 1 == 1)
    }
}

/// What one source said when asked once.
#[derive(Clone, Debug)]
pub struct View {
    /// The way of asking.
    pub source: Source,
    /// The round it was asked in, from 1.
    pub round: u32,
    /// What it looked at to the end; nothing where the answer was cut short.
    pub coverage: Coverage,
    /// Places it could not see, and what was wrong with the answer itself.
    pub gaps: Gaps,
    /// What it learned of ports; active sources only.
    pub probes: Probes,
}

impl View {
    /// Which side of the table comparison this is.
    #[must_use]
    pub fn side(&self) -> Option<Side> {
        match self.source {
            // The tables of the system's own netstat, on either system.
            Source::Procfs | Source::Mib2 => Some(Side::Text),
            Source::PrivateProcfs => Some(Side::Private),
            Source::Netlink => Some(Side::Diag),
            Source::NetlinkRead => Some(Side::Reread),
            Source::Kstat
            | Source::NetlinkExact
            | Source::Walk
            | Source::Pidfd
            | Source::Programs
            | Source::Bind
            | Source::Connect
            | Source::Remote => None,
        }
    }

    /// Whether it looked through the table such a socket stands in.
    #[must_use]
    pub fn covers(&self, family: Family, proto: Proto, state: State) -> bool {
        self.coverage.looked.iter().any(|looked| {
            looked.family == family
                && looked.proto == Some(proto)
                && (state != State::Bound || looked.bound)
        })
    }

    /// Whether it walked the processes to the end.
    #[must_use]
    pub fn walked(&self) -> bool {
        self.source == Source::Walk && self.coverage.processes.is_some()
    }
}

/// What makes two rows of two views the same socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SocketKey {
    /// Transport.
    pub proto: Proto,
    /// Local port.
    pub port: u16,
    /// Local address.
    pub local: IpAddr,
    /// Namespace it is in.
    pub netns: Option<NetNs>,
    /// Inode.
    pub inode: Inode,
    /// Peer, where the inode is 0 and does not tell sockets apart.
    pub peer: Option<(IpAddr, u16)>,
}

/// One socket and the views that showed it.
#[derive(Clone, Debug)]
pub struct Sighting {
    /// All that is known of it: each fact from the last view that told it.
    pub socket: Socket,
    /// Who showed it.
    pub seen: Views,
    /// Whether some view showed more than one such, which nothing tells apart.
    pub twice: bool,
}

impl Sighting {
    /// The internet part; only such sockets are kept.
    #[must_use]
    pub fn inet(&self) -> Option<&Inet> {
        self.socket.kind.inet()
    }
}

/// By the address asked, the socket given.
pub type Alone = BTreeMap<IpAddr, Option<Box<Socket>>>;

/// Everything that was said.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Who looked.
    pub facts: Facts,
    /// All views, in the order of asking.
    pub views: Vec<View>,
    /// All internet sockets.
    pub sockets: BTreeMap<SocketKey, Sighting>,
    /// Who was found holding which inode. Under inode 0: unix sockets with descriptors
    /// waiting in their messages.
    pub holdings: BTreeMap<Inode, BTreeSet<Owner>>,
    /// Descriptors of sockets that are known by their addresses alone (Solaris 11.4).
    pub named: Descriptors,
    /// All processes told of.
    pub processes: BTreeMap<ProcessId, Process>,
    /// Current directories of processes.
    pub cwds: BTreeMap<ProcessId, Foreign>,
    /// What others than our programs list.
    pub listings: Vec<crate::foreign::Listing>,
    /// Others that should have been asked and are not there.
    pub tool_gaps: Gaps,
    /// Packet sockets, which have no port.
    pub packets: BTreeMap<Inode, Socket>,
    /// What was found without any procfs.
    pub copies: Copies,
    /// The programs behind owners.
    pub behind: BTreeMap<ProcessId, Rc<Behind>>,
    /// Processes with an io_uring that no descriptor leads to.
    pub rings: BTreeMap<ProcessId, Ring>,
    /// What sock_diag gave when it was asked for one socket alone, the last time. These are no
    /// rows of a table: a port that only they have is still not listed.
    pub alone: BTreeMap<(Proto, u16), Alone>,
    /// How answers of sock_diag arrived, where something was wrong with one.
    pub received: Vec<Received>,
}

impl Snapshot {
    /// Opens a view; none, and a gap, when there is no room for another.
    pub fn begin(&mut self, source: Source, round: u32) -> Option<usize> {
        if self.views.len() >= VIEWS_MAX {
            let gap = Gap::new(
                "answers",
                format!("more than {VIEWS_MAX}: not all are judged"),
            );
            if !self.facts.gaps.contains(&gap) {
                self.facts.gaps.push(gap);
            }
            return None;
        }
        self.views.push(View {
            source,
            round,
            coverage: Coverage::default(),
            gaps: Gaps::new(),
            probes: Probes::default(),
        });
        Some(self.views.len() - 1)
    }

    /// Adds one row to a view.
    pub fn add(&mut self, at: usize, record: Record) {
        match record {
            Record::Socket(row) => self.socket(at, row.socket),
            Record::Process(process) => {
                self.processes.insert(process.id, process);
            }
            Record::File(row) if row.file.slot == model::Slot::Cwd => {
                self.cwds.insert(row.id, row.file.name);
            }
            Record::File(row) => self.named.add(row),
            Record::Holding(Holding { inode, owner }) => {
                self.holdings.entry(inode).or_default().insert(owner);
            }
            Record::Asked(socket) => {
                self.copies.sockets.insert(socket.inode, socket);
            }
            Record::Copied(copied) => {
                self.copies
                    .held
                    .entry(copied.inode)
                    .or_default()
                    .insert(copied);
            }
            Record::Used(used) => self.copies.used = Some(used),
            Record::Census(census) => self.copies.censuses.push(census),
            Record::Ring(ring) => {
                self.rings.insert(ring.id, ring);
            }
            Record::Behind(behind) => {
                self.behind.insert(behind.id, Rc::new(behind));
            }
            Record::Received(received)
                if !received.signs.is_empty() || !received.carved.is_empty() =>
            {
                self.received.push(received);
            }
            Record::Alone(it) => {
                let asked = self.alone.entry((it.proto, it.port)).or_default();
                asked.insert(it.addr, it.socket);
            }
            Record::Probe(probe) => {
                if let Some(view) = self.views.get_mut(at) {
                    view.probes.probe(probe);
                }
            }
            Record::Tally(tally) => {
                if let Some(view) = self.views.get_mut(at)
                    && !view.probes.tally(&tally)
                {
                    let place = format!("{} {}", tally.proto, tally.addr);
                    view.gaps
                        .push(Gap::new(place, "a sum that does not name its ports"));
                }
            }
            Record::Gap(gap) => self.gap(at, gap),
            // Whatever else our programs can say is no answer to a question asked here.
            _ => {}
        }
    }

    /// Adds a gap to a view.
    pub fn gap(&mut self, at: usize, gap: Gap) {
        if let Some(view) = self.views.get_mut(at) {
            view.gaps.push(gap);
        }
    }

    /// Closes a view with what it looked at to the end.
    pub fn end(&mut self, at: usize, coverage: Coverage) {
        if let Some(view) = self.views.get_mut(at) {
            view.probes.seal();
            view.coverage = coverage;
        }
    }

    fn socket(&mut self, at: usize, socket: Socket) {
        let Some(view) = self.views.get(at) else {
            return;
        };
        if let model::Kind::Packet(_) = socket.kind {
            let known = self
                .packets
                .entry(socket.inode)
                .or_insert_with(|| socket.clone());
            known.filter = socket.filter.or(known.filter.take());
            known.cookie = socket.cookie.or(known.cookie);
            return;
        }
        let Some(inet) = socket.kind.inet() else {
            return;
        };
        let key = SocketKey {
            proto: inet.proto,
            port: inet.port,
            local: inet.local,
            // A source that cannot tell where it stands stands where we do.
            netns: socket.netns.or(self.facts.observer.netns),
            inode: socket.inode,
            peer: (socket.inode == Inode(0)).then_some((inet.remote, inet.remote_port)),
        };
        let is_diag = view.source == Source::Netlink;
        let sighting = self.sockets.entry(key).or_insert_with(|| Sighting {
            socket: socket.clone(),
            seen: Views::default(),
            twice: false,
        });
        sighting.twice |= sighting.seen.contains(at);
        sighting.seen.insert(at);
        merge(&mut sighting.socket, socket, is_diag);
    }

    /// What one view says of a socket.
    #[must_use]
    pub fn testimony(&self, at: usize, sighting: &Sighting) -> Testimony {
        let (Some(view), Some(inet)) = (self.views.get(at), sighting.inet()) else {
            return Testimony::Blind;
        };
        if sighting.seen.contains(at) {
            Testimony::Seen
        } else if view.covers(sighting.socket.kind.family(), inet.proto, inet.state)
            && join::same_netns(view.coverage.netns, sighting.socket.netns)
        {
            Testimony::Absent
        } else {
            Testimony::Blind
        }
    }

    /// Whether a socket lives in another network namespace than the one we look at.
    #[must_use]
    pub fn is_elsewhere(&self, sighting: &Sighting) -> bool {
        !join::same_netns(self.facts.observer.netns, sighting.socket.netns)
    }

    /// The sockets of the network namespace we look at.
    pub fn here(&self) -> impl Iterator<Item = &Sighting> {
        let sockets = self.sockets.values();
        sockets.filter(|sighting| !self.is_elsewhere(sighting))
    }

    /// The number of the last round.
    #[must_use]
    pub fn rounds(&self) -> u32 {
        self.views.iter().map(|view| view.round).max().unwrap_or(0)
    }

    /// The views of one round, each with its place.
    pub fn round(&self, round: u32) -> impl Iterator<Item = (usize, &View)> {
        self.views
            .iter()
            .enumerate()
            .filter(move |(_, view)| view.round == round)
    }

    /// The source of the tables the system's own netstat reads.
    #[must_use]
    pub fn text_source(&self) -> Source {
        let solaris = self.views.iter().any(|view| view.source == Source::Mib2);
        if solaris {
            Source::Mib2
        } else {
            Source::Procfs
        }
    }

    /// Who holds a socket.
    pub fn owners(&self, inode: Inode) -> impl Iterator<Item = &Owner> {
        let held = (inode != Inode(0)).then(|| self.holdings.get(&inode));
        held.flatten().into_iter().flatten()
    }

    /// Unix sockets with descriptors waiting in their messages.
    pub fn in_flight(&self) -> impl Iterator<Item = &Owner> {
        self.holdings
            .get(&Inode(0))
            .into_iter()
            .flatten()
            .filter(|owner| matches!(owner.held, Held::InFlight { .. }))
    }
}

/// Brings what is known of a socket up to date. Only sock_diag tells of devices, and its
/// queue lengths of listeners are those users know.
fn merge(known: &mut Socket, told: Socket, is_diag: bool) {
    let cookie = told.cookie.or(known.cookie);
    let netns = told.netns.or(known.netns);
    let uid = told.uid.or(known.uid);
    let (device, v6only) = (
        known.kind.inet().and_then(|inet| inet.device),
        known.kind.inet().and_then(|inet| inet.v6only),
    );
    let queues = (known.recv_queue, known.send_queue);
    let had_diag = known.cookie.is_some();
    *known = told;
    (known.cookie, known.netns, known.uid) = (cookie, netns, uid);
    if had_diag && !is_diag {
        (known.recv_queue, known.send_queue) = queues;
    }
    if let model::Kind::Inet(inet) | model::Kind::Inet6(inet) = &mut known.kind {
        inet.device = inet.device.or(device);
        inet.v6only = inet.v6only.or(v6only);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::record::SocketRow;
    use model::{Cookie, IfIndex, Kind, Looked};

    fn row(inode: u64, device: Option<IfIndex>, cookie: Option<Cookie>) -> Record {
        let mut socket = Socket::new(
            Kind::of(Inet {
                proto: Proto::Tcp,
                local: "0.0.0.0".parse().unwrap(),
                port: 3100,
                remote: "0.0.0.0".parse().unwrap(),
                remote_port: 0,
                state: State::Listen,
                device,
                v6only: None,
                timer: None,
            }),
            Inode(inode),
        );
        socket.cookie = cookie;
        socket.send_queue = if cookie.is_some() { 128 } else { 0 };
        Record::Socket(SocketRow {
            socket,
            owners: None,
        })
    }

    #[test]
    fn two_views_of_one_socket_are_one_sighting() {
        let mut snapshot = Snapshot::default();
        let diag = snapshot.begin(Source::Netlink, 1).unwrap();
        snapshot.add(diag, row(7, Some(IfIndex(2)), Some(Cookie(9))));
        let text = snapshot.begin(Source::Procfs, 1).unwrap();
        snapshot.add(text, row(7, None, None));
        let sighting = snapshot.sockets.values().next().unwrap();
        assert_eq!(snapshot.sockets.len(), 1);
        assert_eq!(sighting.inet().unwrap().device, Some(IfIndex(2)));
        assert_eq!(sighting.socket.cookie, Some(Cookie(9)));
        assert_eq!(sighting.socket.send_queue, 128);
    }

    #[test]
    fn only_who_looked_can_deny() {
        let mut snapshot = Snapshot::default();
        let diag = snapshot.begin(Source::Netlink, 1).unwrap();
        snapshot.add(diag, row(7, None, Some(Cookie(9))));
        let text = snapshot.begin(Source::Procfs, 1).unwrap();
        let sighting = snapshot.sockets.values().next().unwrap().clone();
        assert_eq!(snapshot.testimony(diag, &sighting), Testimony::Seen);
        assert_eq!(snapshot.testimony(text, &sighting), Testimony::Blind);
        let mut coverage = Coverage {
            looked: vec![Looked {
                family: Family::Inet,
                proto: Some(Proto::Tcp),
                bound: false,
            }],
            ..Coverage::default()
        };
        snapshot.end(text, coverage.clone());
        assert_eq!(snapshot.testimony(text, &sighting), Testimony::Absent);
        // A view of another namespace says nothing of this one.
        coverage.netns = Some(NetNs(2));
        snapshot.end(text, coverage);
        let mut elsewhere = sighting.clone();
        elsewhere.socket.netns = Some(NetNs(1));
        assert_eq!(snapshot.testimony(text, &elsewhere), Testimony::Blind);
    }

    #[test]
    fn views_are_bounded() {
        let mut snapshot = Snapshot::default();
        for _ in 0..VIEWS_MAX {
            assert!(snapshot.begin(Source::Netlink, 1).is_some());
        }
        assert_eq!(snapshot.facts.gaps, []);
        for _ in 0..2 {
            assert!(snapshot.begin(Source::Netlink, 1).is_none());
        }
        assert_eq!(snapshot.facts.gaps.len(), 1);
        let mut views = Views::default();
        views.insert(127);
        views.insert(255);
        views.insert(256);
        assert!(views.contains(127) && !views.contains(126) && !views.contains(128));
        assert!(views.contains(255) && !views.contains(254) && !views.contains(256));
    }
}
