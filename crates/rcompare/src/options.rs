//! What was typed.

use crate::table::Length;
use clap::{Args, Parser, Subcommand};
use std::ffi::OsString;
use std::net::IpAddr;
use std::path::PathBuf;

/// Every open port, who holds it, and whether every way of asking tells the same
///
/// Runs rnetstat, rlsof and rnmap from the directory it was started from, puts together what
/// they say, and judges it. Exit code: 0 all explained, 1 something is not, 3 all explained
/// but not everything could be looked at.
#[derive(Parser, Debug)]
#[command(name = "rcompare", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    /// What to do instead of looking at this host
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// Ask at most N times over; a difference between tables needs three rounds to stand, a port
    /// that only a probe found six
    #[arg(long, value_name = "N", default_value = "6", value_parser = clap::value_parser!(u32).range(1..=10))]
    pub(crate) rounds: u32,
    /// Patience with each program that is run
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub(crate) deadline: u32,
    /// Only read: no bind probe, no connections
    #[arg(long)]
    pub(crate) passive: bool,
    /// Also tell the ports of every other network namespace, of containers too
    #[arg(long)]
    pub(crate) all_netns: bool,
    /// Do not ask for TCP sockets that only hold a port, as if this kernel did not tell of them
    /// (before Linux 6.8)
    #[arg(long)]
    pub(crate) no_bound_inactive: bool,
    /// Connect only to these addresses of this host; without it to all it has
    #[arg(long, value_name = "ADDRESS", conflicts_with = "passive")]
    pub(crate) address: Vec<IpAddr>,
    /// Also run this host's own netstat, ss, lsof and fuser, believe none of them, and say what
    /// each omits
    #[arg(long)]
    pub(crate) host_tools: bool,
    /// Look again every SECONDS, and show only what changed, until interrupted
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "10",
          conflicts_with_all = ["case", "html"], value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub(crate) watch: Option<u32>,
    /// Keep everything that was said in DIR; `-` streams it as tar to standard output, and
    /// the report is then in there
    #[arg(long, value_name = "DIR")]
    pub(crate) case: Option<PathBuf>,
    /// Who asks, for the case
    #[arg(long, value_name = "NAME", requires = "case")]
    pub(crate) operator: Option<String>,
    /// Number of the case
    #[arg(long, value_name = "TEXT", requires = "case")]
    pub(crate) number: Option<String>,
    /// Instead: hold every file of the medium this program lies on, or of the one at DIR, against
    /// its list of sums
    #[arg(long, value_name = "DIR", num_args = 0..=1, require_equals = true, conflicts_with_all = LOOKING)]
    pub(crate) verify_media: Option<Option<PathBuf>>,
    #[command(flatten)]
    pub(crate) elsewhere: Elsewhere,
    #[command(flatten)]
    pub(crate) shown: Shown,
}

/// Options on how to look at this host, or at what was seen of one.
const LOOKING: [&str; 9] = [
    "rounds",
    "deadline",
    "passive",
    "no_bound_inactive",
    "address",
    "case",
    "remote",
    "gaps",
    "verbose",
];

/// What is done with a case.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Hold every file of a case against its sum
    Verify {
        /// A directory or a tar file
        case: PathBuf,
    },
    /// Judge a case again, offline
    Judge {
        /// A directory or a tar file
        case: PathBuf,
        #[command(flatten)]
        elsewhere: Elsewhere,
        #[command(flatten)]
        shown: Shown,
    },
    /// Become a program of the host, without a terminal
    #[command(hide = true)]
    Witness {
        /// The program file and its arguments
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        argv: Vec<OsString>,
    },
}

/// Statements from elsewhere.
#[derive(Args, Clone, Debug)]
pub(crate) struct Elsewhere {
    /// A scan made elsewhere: rnmap --json, nmap -oX or -oG
    #[arg(long, value_name = "FILE")]
    pub(crate) remote: Vec<PathBuf>,
    /// An address as scanned from elsewhere, and which of this host's addresses it is
    #[arg(long, value_name = "SCANNED=OWN", value_parser = mapping, requires = "remote")]
    pub(crate) map: Vec<(IpAddr, IpAddr)>,
    /// What other tools listed: text of netstat, ss or lsof, osquery's listening_ports as JSON,
    /// or a UAC collection (directory, tar or tar.gz)
    #[arg(long, value_name = "FILE")]
    pub(crate) import: Vec<PathBuf>,
}

/// How the report is shown.
#[derive(Args, Clone, Debug)]
pub(crate) struct Shown {
    /// One JSON object a line, as docs/OUTPUT.md tells
    #[arg(long)]
    pub(crate) json: bool,
    /// List every place that could not be read, instead of their number
    #[arg(long)]
    pub(crate) gaps: bool,
    /// Tell every port at length: who holds it, what each witness said, the causes not ruled out,
    /// and the next step
    #[arg(short, long)]
    pub(crate) verbose: bool,
    /// Write the report as one page of HTML, too
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
}

impl Shown {
    /// How much of the report is told at length.
    pub(crate) fn length(&self) -> Length {
        Length {
            gaps: self.gaps,
            ports: self.verbose,
        }
    }
}

fn mapping(text: &str) -> Result<(IpAddr, IpAddr), String> {
    let pair = text.split_once('=').and_then(|(scanned, own)| {
        let scanned = scanned.parse().ok()?;
        Some((scanned, own.parse().ok()?))
    });
    pair.ok_or_else(|| "two addresses with = between them".to_owned())
}
