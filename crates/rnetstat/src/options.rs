//! What was typed, in netstat's words.

use clap::{ArgAction, Parser, ValueEnum};
use cli::Common;
use model::Proto;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::str::FromStr;

/// The kernel's socket tables, as netstat shows them
#[derive(Parser, Debug)]
#[command(
    name = "rnetstat",
    version,
    disable_version_flag = true,
    infer_long_args = true
)]
pub(crate) struct Options {
    /// All sockets: listening or not, and TCP sockets that only hold a port
    #[arg(short, long)]
    pub(crate) all: bool,
    /// Only sockets that wait for a peer
    #[arg(short, long)]
    pub(crate) listening: bool,
    /// Numbers for hosts, ports and users
    #[arg(short, long)]
    pub(crate) numeric: bool,
    /// Numbers for hosts; their names are never looked up
    #[arg(long)]
    pub(crate) numeric_hosts: bool,
    /// Numbers for ports
    #[arg(long)]
    pub(crate) numeric_ports: bool,
    /// Numbers for users
    #[arg(long)]
    pub(crate) numeric_users: bool,
    /// Who holds each socket: every process, thread and io_uring found
    #[arg(short, long, visible_alias = "programs")]
    pub(crate) program: bool,
    /// TCP
    #[arg(short, long)]
    pub(crate) tcp: bool,
    /// UDP
    #[arg(short, long)]
    pub(crate) udp: bool,
    /// UDP-Lite
    #[arg(short = 'U', long)]
    pub(crate) udplite: bool,
    /// Raw sockets
    #[arg(short = 'w', long)]
    pub(crate) raw: bool,
    /// SCTP
    #[arg(short = 'S', long)]
    pub(crate) sctp: bool,
    /// Multipath TCP; by sock_diag only
    #[arg(long)]
    pub(crate) mptcp: bool,
    /// Unix sockets
    #[arg(short = 'x', long)]
    pub(crate) unix: bool,
    /// Packet sockets, which read frames off an interface, with their filters
    #[arg(short = '0', long)]
    pub(crate) packet: bool,
    /// Netlink sockets, which talk to the kernel
    #[arg(long)]
    pub(crate) netlink: bool,
    /// Sockets between a hypervisor and its guests; by sock_diag only
    #[arg(long)]
    pub(crate) vsock: bool,
    /// Sockets on a queue of a network card; by sock_diag only
    #[arg(long)]
    pub(crate) xdp: bool,
    /// IPv4
    #[arg(short = '4', long, visible_alias = "inet", aliases = ["ip", "tcpip"])]
    pub(crate) ipv4: bool,
    /// IPv6
    #[arg(short = '6', long, visible_alias = "inet6")]
    pub(crate) ipv6: bool,
    /// Address families, separated by commas
    #[arg(
        short = 'A',
        long = "protocol",
        value_name = "FAMILY",
        value_delimiter = ','
    )]
    pub(crate) family: Vec<FamilyName>,
    /// The routing table
    #[arg(short, long, group = "instead")]
    pub(crate) route: bool,
    /// The interfaces; those that are down only with --all
    #[arg(short, long, group = "instead")]
    pub(crate) interfaces: bool,
    /// Multicast groups
    #[arg(short, long)]
    pub(crate) groups: bool,
    /// Counters
    #[arg(short, long, group = "instead")]
    pub(crate) statistics: bool,
    /// Also user and inode; more of routes and interfaces
    #[arg(short, long, action = ArgAction::Count)]
    pub(crate) extend: u8,
    /// Also timers
    #[arg(short = 'o', long)]
    pub(crate) timers: bool,
    /// Again every second, until stopped
    #[arg(short, long)]
    pub(crate) continuous: bool,
    /// Again every so many seconds instead, until stopped
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) every: Option<u64>,
    /// Again, this many times
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) count: Option<u64>,
    /// Addresses in full, which is what this program does anyway
    #[arg(short = 'W', long, alias = "notrim", short_alias = 'T')]
    wide: bool,
    /// Addresses and programs cut to the original's width; what is cut may mislead
    #[arg(long, conflicts_with = "wide")]
    pub(crate) narrow: bool,
    /// Accepted for the original's sake
    #[arg(short, long)]
    verbose: bool,
    /// Accepted for the original's sake: routes are those of the FIB anyway
    #[arg(short = 'F', long)]
    fib: bool,
    /// Accepted for the original's sake
    #[arg(short = 'N', long)]
    symbolic: bool,
    /// Of every network namespace found, not only our own
    #[arg(long, conflicts_with_all = ["sysroot", "record"])]
    pub(crate) all_netns: bool,
    /// These columns, in this order; `help` lists them
    #[arg(
        long,
        value_name = "KEYS",
        value_delimiter = ',',
        conflicts_with = "json"
    )]
    pub(crate) columns: Vec<String>,
    /// The one source to ask; without it the text tables, and sock_diag for what they lack
    #[arg(long, value_name = "SOURCE")]
    pub(crate) via: Option<Via>,
    /// Do not ask sock_diag for TCP sockets that only hold a port, as if this kernel did not tell
    /// of them (before Linux 6.8)
    #[arg(long)]
    pub(crate) no_bound_inactive: bool,
    /// Instead of a listing: ask sock_diag for these alone, as tcp/127.0.0.1:22,udp/[::]:53; for
    /// programs
    #[arg(long, value_name = "SOCKETS", value_delimiter = ',', requires = "json",
          conflicts_with_all = ["via", "sysroot", "all_netns", "instead", "groups"])]
    pub(crate) exact: Vec<Asked>,
    /// Whose words and tables: those of the host that is asked, if not named
    #[arg(long, value_name = "SYSTEM")]
    style: Option<Style>,
    /// Print the version
    #[arg(short = 'V', long, action = ArgAction::Version)]
    version: Option<bool>,
    /// Words that are no options mean nothing, as in the original
    #[arg(hide = true)]
    ignored: Vec<OsString>,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// An address family by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FamilyName {
    Inet,
    Inet6,
    Unix,
    Packet,
    Netlink,
    Vsock,
    Xdp,
}

/// A source by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Via {
    /// The text tables through the mounted /proc
    Procfs,
    /// The text tables through a procfs of our own, attached nowhere
    Private,
    /// sock_diag
    Netlink,
    /// sock_diag, received by other calls into buffers that show rewriting; for programs
    NetlinkRead,
    /// The tables of the STREAMS modules (Solaris)
    Mib2,
}

/// Whose words and tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Style {
    Linux,
    Solaris,
}

/// A socket by transport, address and port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) proto: Proto,
    pub(crate) at: SocketAddr,
}

impl FromStr for Asked {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Asked, &'static str> {
        const FORM: &str = "sockets are written tcp/127.0.0.1:22 or udp/[::]:53";
        let (proto, at) = text.split_once('/').ok_or(FORM)?;
        let proto = match proto {
            "tcp" => Proto::Tcp,
            "udp" => Proto::Udp,
            _ => return Err(FORM),
        };
        let at: SocketAddr = at.parse().map_err(|_| FORM)?;
        match at.port() {
            0 => Err("a socket has a port from 1 to 65535"),
            _ => Ok(Asked { proto, at }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_is_a_transport_an_address_and_a_port() {
        let asked: Asked = "udp/[fe80::1]:53".parse().unwrap();
        assert_eq!(asked.proto, Proto::Udp);
        assert_eq!(asked.at, "[fe80::1]:53".parse().unwrap());
        for bad in [
            "",
            "tcp",
            "tcp/",
            "tcp/22",
            "tcp/1.2.3.4",
            "tcp/1.2.3.4:0",
            "tcp/1.2.3.4:65536",
            "sctp/1.2.3.4:5",
            "tcp/::1:5",
            "tcp/[::1]:5 ",
        ] {
            assert!(bad.parse::<Asked>().is_err(), "{bad}");
        }
    }
}
