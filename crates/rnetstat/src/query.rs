//! What the options ask for.

use crate::columns;
use crate::options::{FamilyName, Options, Via};
use cli::Error;
use model::ask::{SocketAsk, States};
use model::{Family, Kind, Proto, Socket, Source, State, Vsock};
use std::time::Duration;

/// What is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Sockets,
    Routes,
    Interfaces,
    Groups,
    Statistics,
}

/// A table of sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Inet,
    Unix,
    Packet,
    Netlink,
    Vsock,
    Xdp,
}

/// Which sockets are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// Those with a peer.
    Connected,
    /// Those that wait for one.
    Listening,
    /// All.
    All,
}

/// What is shown as a number although it may have a name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Numeric {
    pub(crate) hosts: bool,
    pub(crate) ports: bool,
    pub(crate) users: bool,
}

/// Transports named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Transports {
    pub(crate) tcp: bool,
    pub(crate) sctp: bool,
    pub(crate) udp: bool,
    pub(crate) udplite: bool,
    pub(crate) raw: bool,
    pub(crate) mptcp: bool,
}

impl Transports {
    /// Those named; where none is, those the original shows then.
    pub(crate) fn or_all(self) -> Transports {
        if self != Transports::default() {
            return self;
        }
        Transports {
            tcp: true,
            sctp: true,
            udp: true,
            udplite: true,
            raw: true,
            mptcp: false,
        }
    }

    /// In the original's order.
    fn list(self) -> Vec<Proto> {
        let all = [
            (self.tcp, Proto::Tcp),
            (self.mptcp, Proto::Mptcp),
            (self.sctp, Proto::Sctp),
            (self.udp, Proto::Udp),
            (self.udplite, Proto::UdpLite),
            (self.raw, Proto::Raw),
        ];
        all.into_iter().filter(|it| it.0).map(|it| it.1).collect()
    }
}

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    pub(crate) mode: Mode,
    /// The one source, or none for the text tables and what only sock_diag tells.
    pub(crate) via: Option<Source>,
    /// Tables of sockets, in order.
    pub(crate) sections: Vec<Section>,
    /// Tables that nobody named: shown where there is something in them.
    pub(crate) implied: Vec<Section>,
    /// Tables of internet sockets.
    pub(crate) inet: Vec<(Family, Option<Proto>)>,
    pub(crate) transports: Transports,
    /// Whether IPv4 was named.
    pub(crate) four: bool,
    /// Whether IPv6 was named.
    pub(crate) six: bool,
    pub(crate) which: Which,
    pub(crate) numeric: Numeric,
    pub(crate) narrow: bool,
    pub(crate) program: bool,
    /// How often `-e` was given.
    pub(crate) extend: u8,
    pub(crate) timers: bool,
    pub(crate) all_netns: bool,
    /// Columns named; none for the original's.
    pub(crate) columns: Vec<String>,
    /// Whether sockets that only hold a port are asked for.
    pub(crate) bound: bool,
    /// How often to answer; none is without end.
    pub(crate) rounds: Option<u64>,
    /// The pause between two of them.
    pub(crate) pause: Duration,
}

impl Query {
    /// # Errors
    /// A column is named that no table has.
    pub(crate) fn new(options: &Options) -> Result<Query, Error> {
        if let Some(key) = options.columns.iter().find(|key| !columns::is_known(key)) {
            return Err(Error::Usage(format!(
                "no column '{}'; --columns help lists them",
                render::safe::escaped(key.as_bytes())
            )));
        }
        let named = |family| options.family.contains(&family);
        let four = options.ipv4 || named(FamilyName::Inet);
        let six = options.ipv6 || named(FamilyName::Inet6);
        let transports = Transports {
            tcp: options.tcp,
            sctp: options.sctp,
            udp: options.udp,
            udplite: options.udplite,
            raw: options.raw,
            mptcp: options.mptcp,
        };
        let internet = transports != Transports::default() || four || six;
        let (sections, implied) = sections(options, internet);
        Ok(Query {
            mode: mode(options),
            via: options.via.map(|via| match via {
                Via::Procfs => Source::Procfs,
                Via::Private => Source::PrivateProcfs,
                Via::Netlink => Source::Netlink,
                Via::NetlinkRead => Source::NetlinkRead,
                Via::Mib2 => Source::Mib2,
            }),
            inet: tables(transports.or_all(), four, six),
            sections,
            implied,
            transports,
            four,
            six,
            which: match (options.all, options.listening) {
                (true, _) => Which::All,
                (false, true) => Which::Listening,
                (false, false) => Which::Connected,
            },
            numeric: Numeric {
                hosts: options.numeric || options.numeric_hosts,
                ports: options.numeric || options.numeric_ports,
                users: options.numeric || options.numeric_users,
            },
            narrow: options.narrow,
            program: options.program,
            extend: options.extend,
            timers: options.timers,
            all_netns: options.all_netns,
            columns: options.columns.clone(),
            bound: !options.no_bound_inactive,
            rounds: match (options.count, options.continuous || options.every.is_some()) {
                (None, true) => None,
                (count, _) => Some(count.unwrap_or(1)),
            },
            pause: Duration::from_secs(options.every.unwrap_or(1)),
        })
    }

    /// The question for the tables of internet sockets. The kernel leaves out what it can.
    pub(crate) fn inet_ask(&self) -> SocketAsk {
        let states = match self.which {
            // UDP and raw sockets without a peer are CLOSE.
            Which::Listening => States::of(&[State::Listen, State::Close]),
            Which::Connected | Which::All if self.bound => States::ALL,
            Which::Connected | Which::All => States(!States::of(&[State::Bound]).0),
        };
        SocketAsk {
            tables: self.inet.clone(),
            states,
            port: None,
        }
    }

    /// Whether a socket is among those asked for.
    pub(crate) fn shows(&self, socket: &Socket) -> bool {
        match (self.which, &socket.kind) {
            (Which::All, _) | (_, Kind::Packet(_) | Kind::Netlink(_) | Kind::Xdp(_)) => true,
            (Which::Listening, Kind::Vsock(vsock)) => vsock.is_listener(),
            (Which::Connected, Kind::Vsock(vsock)) => vsock.remote_port != Vsock::ANY,
            (which, Kind::Unix(unix)) => unix.listening == (which == Which::Listening),
            (which, Kind::Inet(inet) | Kind::Inet6(inet)) => {
                let waits = match inet.proto {
                    Proto::Tcp | Proto::Mptcp => inet.remote_port == 0,
                    Proto::Sctp => inet.state == State::Listen,
                    _ => inet.remote.is_unspecified(),
                };
                waits == (which == Which::Listening) && inet.state != State::Bound
            }
        }
    }

    /// What stands above a table.
    pub(crate) fn title(&self, section: Section) -> String {
        let words = match self.which {
            Which::Connected => "w/o servers",
            Which::Listening => "only servers",
            Which::All => "servers and established",
        };
        match section {
            Section::Inet => format!("Active Internet connections ({words})\n"),
            Section::Unix => format!("Active UNIX domain sockets ({words})\n"),
            Section::Packet => "Packet sockets\n".to_owned(),
            Section::Netlink => "Netlink sockets\n".to_owned(),
            Section::Vsock => format!("Sockets between machines ({words})\n"),
            Section::Xdp => "XDP sockets\n".to_owned(),
        }
    }
}

/// The tables named, or those the original shows then; and those that nobody named.
fn sections(options: &Options, internet: bool) -> (Vec<Section>, Vec<Section>) {
    let named = |family| options.family.contains(&family);
    let others = [
        (options.unix || named(FamilyName::Unix), Section::Unix),
        (options.packet || named(FamilyName::Packet), Section::Packet),
        (
            options.netlink || named(FamilyName::Netlink),
            Section::Netlink,
        ),
        (options.vsock || named(FamilyName::Vsock), Section::Vsock),
        (options.xdp || named(FamilyName::Xdp), Section::Xdp),
    ];
    let mut sections: Vec<Section> = others.iter().filter(|it| it.0).map(|it| it.1).collect();
    let mut implied = Vec::new();
    if sections.is_empty() && !internet {
        sections = vec![Section::Inet, Section::Unix];
        if options.all {
            implied = vec![Section::Vsock, Section::Xdp];
        }
    } else if internet {
        sections.insert(0, Section::Inet);
    }
    (sections, implied)
}

fn mode(options: &Options) -> Mode {
    match options {
        Options {
            statistics: true, ..
        } => Mode::Statistics,
        Options { route: true, .. } => Mode::Routes,
        Options {
            interfaces: true, ..
        } => Mode::Interfaces,
        Options { groups: true, .. } => Mode::Groups,
        _ => Mode::Sockets,
    }
}

fn tables(transports: Transports, four: bool, six: bool) -> Vec<(Family, Option<Proto>)> {
    let mut tables = Vec::new();
    for proto in transports.list() {
        for (wanted, family) in [(four || !six, Family::Inet), (six || !four, Family::Inet6)] {
            if wanted {
                tables.push((family, Some(proto)));
            }
        }
    }
    tables
}

#[cfg(test)]
mod tests {
    use super::*;
    use Family::{Inet, Inet6};
    use clap::Parser;

    fn read(line: &str) -> Query {
        let words = std::iter::once("rnetstat").chain(line.split_whitespace());
        let options = Options::try_parse_from(words).expect("good usage");
        Query::new(&options).expect("known columns")
    }

    fn protocols(line: &str) -> Vec<(Family, Proto)> {
        let tables = read(line).inet.into_iter();
        tables
            .map(|it| (it.0, it.1.expect("a transport")))
            .collect()
    }

    #[test]
    fn selections_add_up_as_in_the_original() {
        assert_eq!(protocols("-t"), [(Inet, Proto::Tcp), (Inet6, Proto::Tcp)]);
        assert_eq!(protocols("-t4"), [(Inet, Proto::Tcp)]);
        assert_eq!(protocols("-u -6"), [(Inet6, Proto::Udp)]);
        assert_eq!(protocols("-A inet,unix").len(), 5);
        assert_eq!(protocols("").len(), 10);
        assert_eq!(protocols("--mptcp").len(), 2);
        let (inet, unix) = (Section::Inet, Section::Unix);
        for (line, sections) in [
            ("", vec![inet, unix]),
            ("-x", vec![unix]),
            ("-tx", vec![inet, unix]),
            ("-4", vec![inet]),
            ("-0", vec![Section::Packet]),
            ("--netlink -w", vec![inet, Section::Netlink]),
            ("--vsock --xdp", vec![Section::Vsock, Section::Xdp]),
            ("-A xdp,vsock -t", vec![inet, Section::Vsock, Section::Xdp]),
        ] {
            assert_eq!(read(line).sections, sections, "{line}");
            assert_eq!(read(line).implied, [], "{line}");
        }
        assert_eq!(read("-a").sections, [inet, unix]);
        assert_eq!(read("-a").implied, [Section::Vsock, Section::Xdp]);
        assert_eq!(read("-at").implied, []);
    }

    #[test]
    fn letters_bundle_and_repeat() {
        let query = read("-tulpne");
        assert!(query.program && query.numeric.ports && !query.timers);
        assert_eq!((query.extend, query.which), (1, Which::Listening));
        assert!(read("-o").timers && read("-eeo").extend == 2);
        let which = |line| read(line).which;
        assert_eq!((which("-al"), which("")), (Which::All, Which::Connected));
        assert_eq!(read("--via netlink").via, Some(Source::Netlink));
        assert_eq!(read("--via private").via, Some(Source::PrivateProcfs));
    }

    #[test]
    fn numbers_are_asked_for_each_by_itself() {
        let numeric = |line| {
            let numeric = read(line).numeric;
            (numeric.hosts, numeric.ports, numeric.users)
        };
        assert_eq!(numeric("-n"), (true, true, true));
        assert_eq!(numeric("--numeric-hosts"), (true, false, false));
        assert_eq!(numeric("--numeric-ports"), (false, true, false));
        assert_eq!(numeric("--numeric-users"), (false, false, true));
    }

    #[test]
    fn modes_and_rounds() {
        for (line, mode) in [
            ("-rn", Mode::Routes),
            ("-rg", Mode::Routes),
            ("-ie", Mode::Interfaces),
            ("-st", Mode::Statistics),
            ("-gn4", Mode::Groups),
            ("-t -u -l -p -n", Mode::Sockets),
        ] {
            assert_eq!(read(line).mode, mode, "{line}");
        }
        let rounds = |line| read(line).rounds;
        assert_eq!((rounds(""), rounds("-c")), (Some(1), None));
        assert_eq!(
            (rounds("-c --count 3"), rounds("--count 2")),
            (Some(3), Some(2))
        );
        assert_eq!(
            (rounds("--every 5"), rounds("--every 5 --count 2")),
            (None, Some(2))
        );
        let pause = |line| read(line).pause.as_secs();
        assert_eq!((pause("-c"), pause("-c --every 5")), (1, 5));
        assert_eq!(read("-t stray words").inet.len(), 2);
    }

    #[test]
    fn bad_usage_is_refused() {
        for bad in [
            "--nope",
            "-A ipx",
            "--via pigeon",
            "--sysroot",
            "-ri",
            "-is",
            "--count 0",
            "--every 0",
            "--every 1.5",
            "--narrow -W",
            "--all-netns --sysroot x",
            "--columns inode --json",
        ] {
            let argv = std::iter::once("rnetstat").chain(bad.split_whitespace());
            assert!(Options::try_parse_from(argv).is_err(), "{bad}");
        }
        let options = Options::try_parse_from(["rnetstat", "--columns", "inode,colour"]);
        assert!(Query::new(&options.expect("good usage")).is_err());
    }
}
