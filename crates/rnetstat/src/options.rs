//! What was typed, in netstat's words, and what it asks for.

use clap::{ArgAction, Parser, ValueEnum};
use cli::Common;
use model::ask::{SocketAsk, States};
use model::{Family, Kind, Proto, Socket, Source, State};

/// The kernel's socket tables, as netstat shows them
#[derive(Parser, Debug)]
#[command(name = "rnetstat", version, disable_version_flag = true)]
pub(crate) struct Options {
    /// All sockets: listening or not, and TCP sockets that only hold a port
    #[arg(short, long)]
    all: bool,
    /// Only sockets that wait for a peer
    #[arg(short, long)]
    listening: bool,
    /// Numbers for ports and users; host names are never looked up
    #[arg(
        short,
        long,
        alias = "numeric-ports",
        alias = "numeric-hosts",
        alias = "numeric-users"
    )]
    numeric: bool,
    /// Who holds each socket: every process, thread and io_uring found
    #[arg(short, long, alias = "programs")]
    program: bool,
    /// TCP
    #[arg(short, long)]
    tcp: bool,
    /// UDP
    #[arg(short, long)]
    udp: bool,
    /// UDP-Lite
    #[arg(short = 'U', long)]
    udplite: bool,
    /// Raw sockets
    #[arg(short = 'w', long)]
    raw: bool,
    /// Unix sockets
    #[arg(short = 'x', long)]
    unix: bool,
    /// IPv4
    #[arg(short = '4', long, alias = "inet")]
    ipv4: bool,
    /// IPv6
    #[arg(short = '6', long, alias = "inet6")]
    ipv6: bool,
    /// Address families, separated by commas
    #[arg(
        short = 'A',
        long = "protocol",
        value_name = "FAMILY",
        value_delimiter = ','
    )]
    family: Vec<FamilyName>,
    /// Also user and inode
    #[arg(short, long, action = ArgAction::Count)]
    extend: u8,
    /// Also timers
    #[arg(short = 'o', long)]
    timers: bool,
    /// Addresses in full, which is what this program does anyway
    #[arg(short = 'W', long, alias = "notrim", short_alias = 'T')]
    wide: bool,
    /// Accepted for the original's sake
    #[arg(short, long)]
    verbose: bool,
    /// The one source to ask; without it the text tables, and sock_diag for what they lack
    #[arg(long, value_name = "SOURCE")]
    via: Option<Via>,
    /// Print the version
    #[arg(short = 'V', long, action = ArgAction::Version)]
    version: Option<bool>,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FamilyName {
    Inet,
    Inet6,
    Unix,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Via {
    Procfs,
    Netlink,
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

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    /// The one source, or none for the text tables and what only sock_diag tells.
    pub(crate) via: Option<Source>,
    /// Tables of internet sockets.
    pub(crate) inet: Vec<(Family, Option<Proto>)>,
    /// Whether unix sockets are shown.
    pub(crate) unix: bool,
    pub(crate) which: Which,
    pub(crate) numeric: bool,
    pub(crate) program: bool,
    pub(crate) extend: bool,
    pub(crate) timers: bool,
}

impl Options {
    pub(crate) fn query(&self) -> Query {
        let named = |family| self.family.contains(&family);
        let (four, six) = (
            self.ipv4 || named(FamilyName::Inet),
            self.ipv6 || named(FamilyName::Inet6),
        );
        let unix = self.unix || named(FamilyName::Unix);
        let transports = [
            (self.tcp, Proto::Tcp),
            (self.udp, Proto::Udp),
            (self.udplite, Proto::UdpLite),
            (self.raw, Proto::Raw),
        ];
        let any_transport = transports.iter().any(|(asked, _)| *asked);
        let inet = any_transport || four || six || !unix;
        let mut tables = Vec::new();
        for (asked, proto) in transports {
            for (wanted, family) in [(four || !six, Family::Inet), (six || !four, Family::Inet6)] {
                if inet && wanted && (asked || !any_transport) {
                    tables.push((family, Some(proto)));
                }
            }
        }
        Query {
            via: self.via.map(|via| match via {
                Via::Procfs => Source::Procfs,
                Via::Netlink => Source::Netlink,
            }),
            inet: tables,
            unix: unix || !(any_transport || four || six),
            which: match (self.all, self.listening) {
                (true, _) => Which::All,
                (false, true) => Which::Listening,
                (false, false) => Which::Connected,
            },
            numeric: self.numeric,
            program: self.program,
            extend: self.extend > 0,
            timers: self.timers,
        }
    }
}

impl Query {
    /// The question for the tables of internet sockets. The kernel leaves out what it can.
    pub(crate) fn inet_ask(&self) -> SocketAsk {
        let states = match self.which {
            // UDP and raw sockets without a peer are CLOSE.
            Which::Listening => States::of(&[State::Listen, State::Close]),
            Which::Connected | Which::All => States::ALL,
        };
        SocketAsk {
            tables: self.inet.clone(),
            states,
        }
    }

    /// The question for sockets that hold a TCP port and do nothing with it.
    pub(crate) fn bound_ask(&self) -> SocketAsk {
        let is_tcp = |table: &&(Family, Option<Proto>)| table.1 == Some(Proto::Tcp);
        SocketAsk {
            tables: self.inet.iter().filter(is_tcp).copied().collect(),
            states: States::of(&[State::Bound]),
        }
    }

    /// Whether a socket is among those asked for.
    pub(crate) fn shows(&self, socket: &Socket) -> bool {
        match (self.which, &socket.kind) {
            (Which::All, _) => true,
            (which, Kind::Unix(unix)) => unix.listening == (which == Which::Listening),
            (which, Kind::Inet(inet) | Kind::Inet6(inet)) => {
                let waits = match inet.proto {
                    Proto::Tcp => inet.remote_port == 0,
                    _ => inet.remote.is_unspecified(),
                };
                waits == (which == Which::Listening) && inet.state != State::Bound
            }
            (Which::Listening, Kind::Packet(_) | Kind::Netlink(_)) => true,
            (Which::Connected, Kind::Packet(_) | Kind::Netlink(_)) => false,
        }
    }

    /// The original's words for what is shown.
    pub(crate) fn words(&self) -> &'static str {
        match self.which {
            Which::Connected => "w/o servers",
            Which::Listening => "only servers",
            Which::All => "servers and established",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Family::{Inet, Inet6};

    fn read(line: &str) -> Query {
        let options =
            Options::try_parse_from(std::iter::once("rnetstat").chain(line.split_whitespace()));
        options.expect("good usage").query()
    }

    fn tables(line: &str) -> Vec<(Family, Proto)> {
        read(line)
            .inet
            .into_iter()
            .map(|(family, proto)| (family, proto.expect("a transport")))
            .collect()
    }

    #[test]
    fn selections_add_up_as_in_the_original() {
        assert_eq!(tables("-t"), [(Inet, Proto::Tcp), (Inet6, Proto::Tcp)]);
        assert_eq!(tables("-t4"), [(Inet, Proto::Tcp)]);
        assert_eq!(tables("-u -6"), [(Inet6, Proto::Udp)]);
        assert_eq!(tables("-x"), []);
        assert_eq!(tables("-A inet,unix").len(), 4);
        assert_eq!(tables("").len(), 8);
        assert!(read("-x").unix && read("").unix && read("-tx").unix);
        assert!(!read("-t").unix && !read("-4").unix);
    }

    #[test]
    fn letters_bundle_and_repeat() {
        let query = read("-tulpne");
        assert!(query.program && query.numeric && query.extend && !query.timers);
        assert_eq!(query.which, Which::Listening);
        assert!(read("-ee").extend && !read("-ee").timers && read("-o").timers);
        assert_eq!(
            (read("-al").which, read("").which),
            (Which::All, Which::Connected)
        );
        assert_eq!(read("--via netlink").via, Some(Source::Netlink));
    }

    #[test]
    fn bad_usage_is_refused() {
        for bad in ["--nope", "-A ipx", "--via pigeon", "--sysroot"] {
            let argv = std::iter::once("rnetstat").chain(bad.split_whitespace());
            assert!(Options::try_parse_from(argv).is_err(), "{bad}");
        }
    }
}
