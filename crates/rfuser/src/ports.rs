//! Ports: the sockets that are meant, in whatever network namespace, and who holds them.
//!
//! The tables of our own namespace are read, and of every other that a process is in. What hangs
//! on a descriptor and is in none of them is asked itself: that finds also the sockets of a
//! namespace that only a thread, or the socket, keeps.

use crate::options::Options;
use crate::search::{Found, Goal};
use crate::users::User;
use host::solaris::{Find, Held};
use model::ask::{Holdings, SocketAsk, States, WalkAsk};
use model::file::FileRow;
use model::process::Holding;
use model::{Family, Gap, Gaps, Inode, InodeSet, NetNs, Owner, Pid, Proto, Socket, Source, State};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::{self, Builder};
use sysroot::Sysroot;

type Tables = Vec<(Family, Option<Proto>)>;

/// Fills the goals that are ports, and tells who holds what they mean.
pub(crate) fn find(root: &Sysroot, options: &Options, goals: &mut [Goal], found: &mut Found) {
    let tables = tables(options, goals);
    if tables.is_empty() {
        return;
    }
    let mut ports = Ports {
        own: host::netns(root),
        tables,
        goals,
        sockets: BTreeMap::new(),
        known: InodeSet::default(),
        untold: Vec::new(),
        tells: false,
    };
    // A signal goes to nobody in another namespace: a port there is another port.
    let everywhere = !options.own_netns && !options.kill;
    let (mut ports, told) = if everywhere {
        beside_the_walk(root, options, ports, &mut found.gaps)
    } else {
        ports.read(root, options, false, &mut found.gaps);
        // Without a socket there is nobody to be looked for.
        let told = if ports.sockets.is_empty() {
            Holdings::default()
        } else {
            host::holdings(root, &ports.ask(false))
        };
        (ports, told)
    };
    let holdings = ports.holdings(root, told, found);
    // The walk says so itself, where it was made.
    if !ports.untold.is_empty() && !found.gaps.iter().any(|gap| gap.place == "mib2") {
        let reason = match ports.tells {
            false => "this kernel's tables name no inode: who holds a socket is not told",
            true => "a row names no inode, where others do: no descriptor leads to that socket",
        };
        found.gaps.push(Gap::new("mib2", reason));
    }
    ports.attribute(holdings, found);
    ports.in_flight(root, found);
    found.sockets = ports.sockets;
}

/// Reads the tables while processes are walked: who holds a socket does not depend on when it is
/// known that it is meant. Where there is no thread to be had the tables come first.
fn beside_the_walk<'a>(
    root: &Sysroot,
    options: &Options,
    ports: Ports<'a>,
    gaps: &mut Gaps,
) -> (Ports<'a>, Holdings) {
    let reading = Mutex::new((ports, Gaps::new()));
    let meant = OnceLock::new();
    let read = || {
        meant.get_or_init(|| {
            let mut reading = reading.lock().unwrap_or_else(PoisonError::into_inner);
            let (ports, gaps) = &mut *reading;
            ports.read(root, options, true, gaps);
            ports.ask(true)
        });
    };
    let told = thread::scope(|scope| {
        // Said, since otherwise a variable of the environment would (`RUST_MIN_STACK`).
        let thread = Builder::new().stack_size(2 << 20);
        if thread.spawn_scoped(scope, read).is_err() {
            read();
        }
        host::holdings_once(root, &meant)
    });
    let reading = reading.into_inner();
    let (mut ports, mut more) = reading.unwrap_or_else(PoisonError::into_inner);
    gaps.append(&mut more);
    let known = meant.into_inner().and_then(|ask| ask.strangers_to);
    ports.known = known.unwrap_or_default();
    (ports, told)
}

/// The tables the ports asked for stand in.
fn tables(options: &Options, goals: &[Goal]) -> Tables {
    let mut tables = Tables::new();
    for (family, refused) in [
        (Family::Inet, options.ipv6 && !options.ipv4),
        (Family::Inet6, options.ipv4 && !options.ipv6),
    ] {
        for proto in [Proto::Tcp, Proto::Udp] {
            let asked = |goal: &Goal| matches!(goal, Goal::Port(port, _) if port.proto == proto);
            if !refused && goals.iter().any(asked) {
                tables.push((family, Some(proto)));
            }
        }
    }
    tables
}

struct Ports<'a> {
    /// Our own namespace.
    own: Option<NetNs>,
    tables: Tables,
    goals: &'a mut [Goal],
    /// What is meant, with its owners.
    sockets: BTreeMap<Inode, (Socket, Vec<Owner>)>,
    /// Every socket told so far.
    known: InodeSet,
    /// What is meant and has no inode to find its holders by (Solaris).
    untold: Vec<Socket>,
    /// Whether this is Solaris and its tables do name inodes.
    tells: bool,
}

impl Ports<'_> {
    /// Keeps a socket that is meant.
    fn keep(&mut self, socket: Socket) {
        let Some(inet) = socket.kind.inet() else {
            return;
        };
        if socket.inode == Inode(0) {
            // Older kernels of Solaris, and Oracle's, tell of no socket whose it is.
            let asked = |goal: &Goal| matches!(goal, Goal::Port(port, _) if port.matches(inet));
            let lives = inet.state != State::TimeWait && socket.streams.is_some();
            if lives && self.goals.iter().any(asked) {
                self.untold.push(socket);
            }
            return;
        }
        self.tells |= socket.streams.is_some();
        if !self.tables.contains(&(inet.family(), Some(inet.proto))) {
            return;
        }
        let mut meant = false;
        for goal in self.goals.iter_mut() {
            if let Goal::Port(port, inodes) = goal
                && port.matches(inet)
            {
                inodes.insert(socket.inode);
                meant = true;
            }
        }
        if meant {
            self.sockets.insert(socket.inode, (socket, Vec::new()));
        }
    }

    /// Reads every table that is meant.
    fn read(&mut self, root: &Sysroot, options: &Options, everywhere: bool, gaps: &mut Gaps) {
        self.here(root, everywhere, gaps);
        if everywhere {
            self.near(root, gaps);
        }
        if options.all_netns {
            self.entered(root, gaps);
        }
    }

    /// Whose holders are looked for: those of what is meant and, with strangers, of whatever was
    /// in no table.
    fn ask(&mut self, strangers: bool) -> WalkAsk {
        WalkAsk {
            inodes: Some(self.sockets.keys().copied().collect()),
            strangers_to: strangers.then(|| std::mem::take(&mut self.known)),
            deep: false,
        }
    }

    /// The one local port that is meant, if there is but one.
    fn port(&self) -> Option<u16> {
        match &*self.goals {
            [Goal::Port(port, _)] => port.local,
            _ => None,
        }
    }

    /// The tables of our own namespace, whole if the other sockets in them must be known. What
    /// sock_diag does not tell the text may; what neither does is a gap.
    fn here(&mut self, root: &Sysroot, all: bool, gaps: &mut Gaps) {
        let port = if all { None } else { self.port() };
        let mut missed = self.tables.clone();
        // All at once: the long ones are then read at the same time.
        for via in [Source::Netlink, Source::Procfs] {
            let ask = SocketAsk {
                port,
                ..whole(missed.clone())
            };
            let mut told = host::sockets(root, via, &ask, &mut |socket| {
                self.known.insert(socket.inode);
                self.keep(socket);
            });
            missed.retain(|&table| {
                let looked = &mut told.coverage.looked.iter();
                !looked.any(|looked| (looked.family, looked.proto) == table)
            });
            if missed.is_empty() {
                break;
            }
            if via == Source::Procfs {
                gaps.append(&mut told.gaps);
            }
        }
    }

    /// The tables of every other namespace a process is in. The other families are only read
    /// so that their sockets are no strangers.
    fn near(&mut self, root: &Sysroot, gaps: &mut Gaps) {
        let mut rest = Tables::new();
        for family in [Family::Inet, Family::Inet6] {
            let protos = [Proto::Tcp, Proto::Udp, Proto::Raw];
            rest.extend(protos.map(|proto| (family, Some(proto))));
        }
        rest.extend([Family::Unix, Family::Packet, Family::Netlink].map(|family| (family, None)));
        rest.retain(|table| !self.tables.contains(table));
        for table in &rest {
            let ask = whole(vec![*table]);
            // One that is not told leaves strangers, who are asked.
            let told = host::sockets(root, Source::Netlink, &ask, &mut |socket| {
                self.known.insert(socket.inode);
            });
            if told.coverage.looked.is_empty() {
                host::sockets(root, Source::Procfs, &ask, &mut |socket| {
                    self.known.insert(socket.inode);
                });
            }
        }
        for (netns, pids) in host::task_netns(root, None) {
            let ask = whole(self.tables.clone());
            let mut told = host::sockets_near(root, netns, &pids, &ask, &mut |socket| {
                self.known.insert(socket.inode);
                self.keep(socket);
            });
            gaps.append(&mut told.gaps);
            host::sockets_near(root, netns, &pids, &whole(rest.clone()), &mut |socket| {
                self.known.insert(socket.inode);
            });
        }
    }

    /// The tables of every namespace that can be entered, also of those that only a mount or a
    /// descriptor keeps, and where no socket hangs on a descriptor.
    fn entered(&mut self, root: &Sysroot, gaps: &mut Gaps) {
        let (namespaces, mut more) = host::read::netns::namespaces(root);
        gaps.append(&mut more);
        let ask = whole(self.tables.clone());
        for namespace in namespaces {
            let told = namespace.ask(|stand| {
                let via = Source::Netlink;
                host::read::tables::sockets_in(stand, root, via, &ask, &mut |socket| {
                    self.known.insert(socket.inode);
                    self.keep(socket);
                })
            });
            match told {
                Ok(mut told) => gaps.append(&mut told.gaps),
                Err(gap) => gaps.push(gap),
            }
        }
    }

    /// Who holds what is meant; strangers are asked what they are first.
    fn holdings(&mut self, root: &Sysroot, mut told: Holdings, found: &mut Found) -> Vec<Holding> {
        found.gaps.append(&mut told.told.gaps);
        let mut asked = HashSet::new();
        for holding in &told.holdings {
            let model::Held::Fd { fd } = holding.owner.held else {
                continue;
            };
            if self.known.contains(holding.inode) || !asked.insert(holding.inode) {
                continue;
            }
            let owner = &holding.owner;
            let task = owner.tid.unwrap_or(owner.id.pid);
            let answer = host::ask_socket(root, task, owner.tid.is_some(), fd, holding.inode);
            match answer {
                Ok((socket, state)) => {
                    if let Some(socket) = socket.socket(state) {
                        self.keep(socket);
                    }
                }
                Err(error) => found.gaps.extend(refused(holding, &error)),
            }
        }
        told.holdings.extend(self.by_name(told.named));
        let sockets = &self.sockets;
        told.holdings.retain(|it| sockets.contains_key(&it.inode));
        let holders: HashSet<_> = told.holdings.iter().map(|it| it.owner.id).collect();
        for process in told.processes {
            if holders.contains(&process.id) {
                found.processes.insert(process.id, process);
            }
        }
        told.holdings
    }

    /// Holders of sockets without inode by their address, where that is one socket's alone
    /// (Solaris 11.4). Each such socket gets a number of its own, above every inode; the others
    /// stay untold.
    fn by_name(&mut self, rows: Vec<FileRow>) -> Vec<Holding> {
        let finds = rows.into_iter().filter_map(|row| {
            let owner = row.owner()?;
            let file = row.file;
            Some(Find { file, owner })
        });
        let finds: Vec<Find> = finds.collect();
        let held = host::solaris::owners(&self.untold, &finds);
        let (mut holdings, mut untold) = (Vec::new(), Vec::new());
        for (socket, held) in std::mem::take(&mut self.untold).into_iter().zip(held) {
            let (Held::By(owners), Some(inet)) = (held, socket.kind.inet()) else {
                untold.push(socket);
                continue;
            };
            let named = u64::try_from(self.sockets.len()).unwrap_or(0);
            let inode = Inode(u64::MAX - named);
            for goal in self.goals.iter_mut() {
                if let Goal::Port(port, inodes) = goal
                    && port.matches(inet)
                {
                    inodes.insert(inode);
                }
            }
            holdings.extend(owners.into_iter().map(|owner| Holding { inode, owner }));
            self.sockets.insert(inode, (socket, Vec::new()));
        }
        self.untold = untold;
        holdings
    }

    fn attribute(&mut self, holdings: Vec<Holding>, found: &mut Found) {
        for holding in holdings {
            let owner = &holding.owner;
            let Some((socket, owners)) = self.sockets.get_mut(&holding.inode) else {
                continue;
            };
            let elsewhere = socket.netns.filter(|netns| Some(*netns) != self.own);
            for (goal, users) in self.goals.iter().zip(&mut found.users) {
                if matches!(goal, Goal::Port(_, inodes) if inodes.contains(&holding.inode)) {
                    let user = entry(&mut users.processes, owner);
                    user.netns = user.netns.or(elsewhere);
                }
            }
            owners.push(holding.owner);
        }
    }

    /// Sockets nobody was found to hold: who has descriptors in flight in their namespace may,
    /// or else it is not known who does.
    fn in_flight(&mut self, root: &Sysroot, found: &mut Found) {
        let loose: HashMap<Inode, Option<NetNs>> = self
            .sockets
            .values()
            .filter(|(_, owners)| owners.is_empty())
            .map(|(socket, _)| (socket.inode, socket.netns.or(self.own)))
            .collect();
        if loose.is_empty() {
            return;
        }
        let ask = WalkAsk {
            inodes: Some(HashSet::new()),
            strangers_to: None,
            deep: true,
        };
        let mut told = host::holdings(root, &ask);
        found.gaps.append(&mut told.told.gaps);
        let netns: BTreeMap<_, _> = told.processes.iter().map(|it| (it.id, it.netns)).collect();
        for (goal, users) in self.goals.iter().zip(&mut found.users) {
            let Goal::Port(_, inodes) = goal else {
                continue;
            };
            let meant = loose.iter().filter(|(inode, _)| inodes.contains(inode));
            let places: HashSet<Option<NetNs>> = meant.map(|(_, netns)| *netns).collect();
            users.loose = !places.is_empty();
            for Holding { owner, .. } in &told.holdings {
                let at = netns.get(&owner.id).copied().flatten().or(self.own);
                if matches!(owner.held, model::Held::InFlight { .. }) && places.contains(&at) {
                    entry(&mut users.probable, owner);
                }
            }
        }
    }
}

/// A socket is open for reading and writing.
fn entry<'u>(users: &'u mut BTreeMap<Pid, User>, owner: &Owner) -> &'u mut User {
    let user = users.entry(owner.id.pid).or_insert_with(|| User {
        id: owner.id,
        uid: owner.uid,
        comm: owner.comm.clone(),
        uses: Default::default(),
        netns: None,
    });
    user.uses.open = true;
    user.uses.write = true;
    user
}

/// A socket in no table that cannot be asked: none of who ended, or closed it.
fn refused(holding: &Holding, error: &std::io::Error) -> Option<Gap> {
    const ESRCH: i32 = 3;
    const EBADF: i32 = 9;
    let gone = matches!(error.raw_os_error(), None | Some(ESRCH | EBADF));
    let place = format!("socket:[{}] of {}", holding.inode, holding.owner.id.pid);
    (!gone).then(|| Gap::io(place, error))
}

fn whole(tables: Tables) -> SocketAsk {
    SocketAsk {
        tables,
        states: States::ALL,
        port: None,
    }
}
