//! What was typed, in the words of Solaris's netstat.

use crate::options::Style;
use clap::{ArgAction, Parser, ValueEnum};
use cli::Common;
use model::Proto;

/// The kernel's socket tables, as netstat of Solaris and illumos shows them
#[derive(Parser, Debug)]
#[command(name = "rnetstat", version, disable_version_flag = true)]
pub(crate) struct Options {
    /// All sockets: also those that listen, and those that only hold a port
    #[arg(short, long)]
    pub(crate) all: bool,
    /// Numbers for ports; names of hosts are never looked up
    #[arg(short, long)]
    pub(crate) numeric: bool,
    /// Also who holds each socket, a row for each process
    #[arg(short, long)]
    pub(crate) users: bool,
    /// Only this address family
    #[arg(short = 'f', long, value_name = "FAMILY")]
    pub(crate) family: Option<FamilyName>,
    /// Only this protocol
    #[arg(short = 'P', long = "protocol", value_name = "PROTOCOL")]
    pub(crate) proto: Option<ProtoName>,
    /// Accepted for the original's sake
    #[arg(short, long)]
    verbose: bool,
    /// Whose words and tables: those of the host that is asked, if not named
    #[arg(long, value_name = "SYSTEM")]
    style: Option<Style>,
    /// Print the version
    #[arg(short = 'V', long, action = ArgAction::Version)]
    version: Option<bool>,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// An address family by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FamilyName {
    Inet,
    Inet6,
    Unix,
}

/// A protocol by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProtoName {
    Tcp,
    Udp,
    Sctp,
}

impl ProtoName {
    pub(crate) fn proto(self) -> Proto {
        match self {
            ProtoName::Tcp => Proto::Tcp,
            ProtoName::Udp => Proto::Udp,
            ProtoName::Sctp => Proto::Sctp,
        }
    }
}
