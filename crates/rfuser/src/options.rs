//! What was typed, in fuser's words. Letters are spelled out by [`crate::argv`] beforehand;
//! they stand here so that `--help` shows them.

use clap::{ArgAction, Parser};
use cli::Common;
use std::ffi::OsString;

/// Who uses a file, a port or a mount, as fuser shows it
///
/// Names are files, or [local port][,[remote address][,[remote port]]]/tcp or /udp;
/// -n SPACE says which for the names after it.
#[derive(Parser, Debug, Default)]
#[command(
    name = "rfuser",
    version,
    disable_version_flag = true,
    override_usage = "rfuser [OPTIONS] [-n SPACE] NAME..."
)]
pub(crate) struct Options {
    /// Also names nobody uses
    #[arg(short, long)]
    pub(crate) all: bool,
    /// A table: user, pid, access, command
    #[arg(short, long)]
    pub(crate) verbose: bool,
    /// Owners behind the pids
    #[arg(short, long)]
    pub(crate) user: bool,
    /// Nothing is printed
    #[arg(short, long)]
    pub(crate) silent: bool,
    /// Names stand for all files on their file system (also -c)
    #[arg(short, long)]
    pub(crate) mount: bool,
    /// Only names that are mount points
    #[arg(short = 'M', long)]
    pub(crate) ismountpoint: bool,
    /// Files are always compared by device and inode: accepted, the default
    #[arg(short = 'I', long)]
    pub(crate) inode: bool,
    /// Accepted, changes nothing
    #[arg(short = 'f', long)]
    pub(crate) posix: bool,
    /// Only IPv4 sockets
    #[arg(short = '4', long)]
    pub(crate) ipv4: bool,
    /// Only IPv6 sockets
    #[arg(short = '6', long)]
    pub(crate) ipv6: bool,
    /// Only ports of our own network namespace, as under -k
    #[arg(long)]
    pub(crate) own_netns: bool,
    /// Also ports that hang on no descriptor, in namespaces that only a mount or a descriptor keeps
    #[arg(long, conflicts_with_all = ["kill", "own_netns"])]
    pub(crate) all_netns: bool,
    /// Send a signal to those found; needs --yes-kill, because it destroys evidence
    #[arg(short, long)]
    pub(crate) kill: bool,
    /// Confirms -k
    #[arg(long)]
    pub(crate) yes_kill: bool,
    /// Ask before each signal
    #[arg(short, long)]
    pub(crate) interactive: bool,
    /// Signal only those with write access
    #[arg(short, long)]
    pub(crate) writeonly: bool,
    /// The signal, by -NAME or -NUMBER; SIGKILL unless given
    #[arg(long, value_name = "SIGNAL")]
    pub(crate) signal: Option<String>,
    /// The names of the signals
    #[arg(short, long)]
    pub(crate) list_signals: bool,
    /// The version
    #[arg(short = 'V', long, action = ArgAction::Version)]
    pub(crate) version: Option<bool>,
    #[arg(long, value_name = "SPACE:NAME", hide = true)]
    pub(crate) name: Vec<OsString>,
    #[command(flatten)]
    pub(crate) common: Common,
}
