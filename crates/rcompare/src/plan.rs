//! What is run, in which order, with which words: a value.
//!
//! A round is `netlink procfs netlink procfs, walk, bind, connect, netlink procfs`: every
//! question stands between two listings of either kind. Around all of it stand a listing
//! through a procfs of our own and one received by other calls; beside the walk stands one
//! that needs no procfs.

use crate::options::Options;
use compare::Facts;
use compare::join;
use compare::probes::spelled;
use compare::report::Doubts;
use compare::snapshot::Snapshot;
use model::{Proto, Source};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Addresses of the host on which all 65,535 ports are asked.
pub(crate) const ADDRS_MAX: usize = 16;

/// Owners whose programs are looked at.
const PROGRAMS_MAX: usize = 512;

/// Rounds in which the walk without procfs is made again, at most.
const COPIES_MAX: u32 = 3;

/// Sockets that sock_diag is asked for alone in a round: they are words of one argument, which
/// the kernel takes to 128 KiB (`MAX_ARG_STRLEN`).
const EXACT_MAX: usize = 1024;

/// What a whole run is made of.
pub(crate) struct Plan {
    /// Who looks.
    pub(crate) facts: Facts,
    /// Rounds at most.
    pub(crate) rounds: u32,
    /// Patience with each sibling.
    pub(crate) deadline: Duration,
    /// Whether the host's own tools are run too.
    pub(crate) host_tools: bool,
    /// Whether probes are made.
    pub(crate) active: bool,
    /// Addresses on which every port is asked.
    pub(crate) addrs: Vec<IpAddr>,
    /// Whether only these are asked.
    pub(crate) only: bool,
    /// Whether the sockets of other network namespaces are asked for.
    pub(crate) all_netns: bool,
    /// Whether sock_diag is asked for sockets that only hold a port.
    pub(crate) bound: bool,
}

/// One sibling to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// The round it belongs to.
    pub(crate) round: u32,
    /// The way of asking.
    pub(crate) source: Source,
    /// The sibling's name.
    pub(crate) program: &'static str,
    /// Its arguments.
    pub(crate) args: Vec<String>,
}

impl Plan {
    /// What the options ask for, on the host of these facts.
    pub(crate) fn new(options: &Options, mut facts: Facts) -> Plan {
        let only = !options.address.is_empty();
        let mut addrs = if only {
            options.address.clone()
        } else {
            facts.addrs.iter().map(|(addr, _)| *addr).collect()
        };
        // A link-local address means nothing without its link; the bind probe covers it.
        addrs.retain(|addr| !is_link_local(*addr));
        addrs.sort_unstable();
        addrs.dedup();
        if addrs.len() > ADDRS_MAX {
            let left = addrs.split_off(ADDRS_MAX);
            facts.gaps.push(model::Gap::new(
                "addresses",
                format!(
                    "{} of them were asked for listed ports only (--address asks others)",
                    left.len()
                ),
            ));
        }
        facts.all_netns = options.all_netns;
        if options.all_netns && host::is_solaris(None) {
            let reason = "a zone's sockets are told in that zone alone: run it there";
            facts.gaps.push(model::Gap::new("--all-netns", reason));
        }
        Plan {
            facts,
            rounds: options.rounds,
            deadline: Duration::from_secs(options.deadline.into()),
            host_tools: options.host_tools,
            active: !options.passive,
            addrs,
            only,
            all_netns: options.all_netns,
            bound: !options.no_bound_inactive,
        }
    }

    /// The listings and the walk that open a round.
    pub(crate) fn opening(&self, round: u32) -> Vec<Step> {
        let mut steps = self.extra(round);
        steps.extend(self.listing(round));
        steps.extend(self.listing(round));
        steps.push(walk(round, Source::Walk, &["--sockets"]));
        steps
    }

    /// The walk without procfs: once, and again while somebody is found by one walk alone.
    pub(crate) fn copies(&self, round: u32, doubts: &Doubts) -> Vec<Step> {
        let again = doubts.owners && round <= COPIES_MAX;
        let mut steps = Vec::new();
        if host::is_solaris(None) {
            return steps;
        }
        if round == 1 || again {
            let args = ["--sockets", "--via", "pidfd"];
            steps.push(walk(round, Source::Pidfd, &args));
        }
        if round == 2 && again {
            steps.push(walk(round, Source::Programs, &["--rings"]));
        }
        steps
    }

    /// What is asked once: the programs behind owners, packet sockets, other namespaces.
    pub(crate) fn once(&self, snapshot: &Snapshot) -> Vec<Step> {
        let mut steps = Vec::new();
        if host::is_solaris(None) {
            return steps;
        }
        let pids = compare::owner::of_ports(snapshot);
        if !pids.is_empty() {
            let pids: Vec<String> = pids
                .iter()
                .take(PROGRAMS_MAX)
                .map(ToString::to_string)
                .collect();
            steps.push(walk(
                1,
                Source::Programs,
                &["--behind", "--pid", &pids.join(",")],
            ));
        }
        for (source, via) in SIDES {
            steps.push(table(1, source, &["--packet", "--all", "--via", via]));
        }
        if self.all_netns {
            let args = ["--all-netns", "--all", "--tcp", "--udp", "--via", "netlink"];
            steps.push(table(1, Source::Netlink, &args));
        }
        steps
    }

    /// The listings that close a round.
    pub(crate) fn closing(&self, round: u32) -> Vec<Step> {
        let mut steps = self.listing(round);
        steps.extend(self.extra(round));
        steps
    }

    fn listing(&self, round: u32) -> Vec<Step> {
        self.unbound(listed(round, host::is_solaris(None)))
    }

    fn extra(&self, round: u32) -> Vec<Step> {
        // Solaris has none of them.
        if host::is_solaris(None) {
            return Vec::new();
        }
        let step = |(source, via)| table(round, source, &["--all", "--tcp", "--udp", "--via", via]);
        self.unbound(EXTRA.into_iter().map(step).collect())
    }

    /// The same, without a question that older kernels do not have.
    fn unbound(&self, mut steps: Vec<Step>) -> Vec<Step> {
        let netlink = |step: &&mut Step| {
            matches!(step.source, Source::Netlink | Source::NetlinkRead) && !self.bound
        };
        for step in steps.iter_mut().filter(netlink) {
            step.args.push("--no-bound-inactive".to_owned());
        }
        steps
    }

    /// Of what an earlier round left in doubt, what sock_diag says of each alone.
    pub(crate) fn exact(&self, round: u32, doubts: &Doubts) -> Vec<Step> {
        let mut addrs: BTreeSet<IpAddr> = self.addrs.iter().copied().collect();
        addrs.extend(doubts.addrs.iter().filter(|addr| !is_link_local(**addr)));
        let asked = doubts.ports.iter().filter(|(proto, port)| {
            matches!(proto, Proto::Tcp | Proto::Udp) && *port != 0 && !host::is_solaris(None)
        });
        let words: Vec<String> = asked
            .flat_map(|(proto, port)| {
                let at = addrs.iter().map(|addr| SocketAddr::new(*addr, *port));
                at.map(move |at| format!("{proto}/{at}"))
            })
            .take(EXACT_MAX)
            .collect();
        match words.is_empty() {
            true => Vec::new(),
            false => vec![table(
                round,
                Source::NetlinkExact,
                &["--exact", &words.join(",")],
            )],
        }
    }

    /// The probes of the first round: every port, and listed ports on addresses of their own.
    pub(crate) fn probes(&self, snapshot: &Snapshot) -> Vec<Step> {
        if !self.active {
            return Vec::new();
        }
        let mut steps = vec![bind(1, "-")];
        if !self.addrs.is_empty() {
            steps.push(connect(1, "-", &self.addrs));
        }
        for (addr, ports) in self.elsewhere(snapshot) {
            if !self.only {
                steps.push(connect(1, &spelled(ports), &[addr]));
            }
        }
        steps
    }

    /// The probes of a later round: only what is in doubt.
    pub(crate) fn again(&self, round: u32, doubts: &Doubts) -> Vec<Step> {
        let of = |wanted: Proto| -> String {
            let ports = doubts.ports.iter().filter(|(proto, _)| *proto == wanted);
            spelled(ports.map(|(_, port)| *port).filter(|port| *port != 0))
        };
        let (tcp, udp) = (of(Proto::Tcp), of(Proto::Udp));
        if !self.active || (tcp.is_empty() && udp.is_empty()) {
            return Vec::new();
        }
        let labelled = [("T:", &tcp), ("U:", &udp)];
        let lists: Vec<String> = labelled
            .into_iter()
            .filter(|(_, ports)| !ports.is_empty())
            .map(|(label, ports)| format!("{label}{ports}"))
            .collect();
        let mut steps = vec![bind(round, &lists.join(","))];
        let mut addrs: BTreeSet<IpAddr> = self.addrs.iter().copied().collect();
        if !self.only {
            addrs.extend(doubts.addrs.iter().filter(|addr| self.may_contact(**addr)));
        }
        if !tcp.is_empty() && !addrs.is_empty() {
            let addrs: Vec<IpAddr> = addrs.into_iter().collect();
            steps.push(connect(round, &tcp, &addrs));
        }
        steps
    }

    /// Whether an address that a table told is this host's own. Anybody may bind to another's
    /// (`IP_FREEBIND`, a spare of a virtual address): a connection there would leave the host.
    fn may_contact(&self, addr: IpAddr) -> bool {
        let addr = join::plain(addr);
        let mut own = self.facts.addrs.iter();
        !is_link_local(addr)
            && (addr.is_loopback() || own.any(|(own, _)| join::plain(*own) == addr))
    }

    /// Listed listeners on addresses that are not asked anyway (127.0.0.9), with their ports.
    fn elsewhere(&self, snapshot: &Snapshot) -> BTreeMap<IpAddr, BTreeSet<u16>> {
        let mut found: BTreeMap<IpAddr, BTreeSet<u16>> = BTreeMap::new();
        for inet in snapshot.here().filter_map(|it| it.inet()) {
            let addr = join::plain(inet.local);
            if inet.proto == Proto::Tcp
                && inet.is_listener()
                && self.may_contact(addr)
                && !self.addrs.contains(&addr)
            {
                found.entry(addr).or_default().insert(inet.port);
            }
        }
        found.into_iter().take(ADDRS_MAX).collect()
    }
}

/// The two sides of the comparison, and their words.
const SIDES: [(Source, &str); 2] = [(Source::Netlink, "netlink"), (Source::Procfs, "procfs")];

/// Witnesses beside them.
const EXTRA: [(Source, &str); 2] = [
    (Source::PrivateProcfs, "private"),
    (Source::NetlinkRead, "netlink-read"),
];

/// Linux has two sources of tables; Solaris has one, whose tables are those of TCP and UDP.
fn listed(round: u32, solaris: bool) -> Vec<Step> {
    if solaris {
        return vec![Step {
            round,
            source: Source::Mib2,
            program: "rnetstat",
            args: words(&["--json", "--all", "--tcp", "--udp", "--via", "mib2"]),
        }];
    }
    let step = |(source, via)| {
        let transports = [
            "--all",
            "--tcp",
            "--udp",
            "--udplite",
            "--raw",
            "--via",
            via,
        ];
        table(round, source, &transports)
    };
    SIDES.into_iter().map(step).collect()
}

fn table(round: u32, source: Source, args: &[&str]) -> Step {
    json(round, source, "rnetstat", args)
}

fn walk(round: u32, source: Source, args: &[&str]) -> Step {
    json(round, source, "rlsof", args)
}

fn json(round: u32, source: Source, program: &'static str, more: &[&str]) -> Step {
    let mut args = words(&["--json"]);
    args.extend(words(more));
    Step {
        round,
        source,
        program,
        args,
    }
}

fn bind(round: u32, ports: &str) -> Step {
    Step {
        round,
        source: Source::Bind,
        program: "rnmap",
        args: words(&["--json", "--bind-probe", "--ports", ports]),
    }
}

fn connect(round: u32, ports: &str, addrs: &[IpAddr]) -> Step {
    let mut args = words(&["--json", "--connect", "--ports", ports]);
    args.extend(addrs.iter().map(ToString::to_string));
    Step {
        round,
        source: Source::Connect,
        program: "rnmap",
        args,
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

fn is_link_local(addr: IpAddr) -> bool {
    match addr {
        IpAddr::V6(six) => six.is_unicast_link_local(),
        IpAddr::V4(_) => false,
    }
}

#[cfg(test)]
mod tests;
