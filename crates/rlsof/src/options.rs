//! What was typed, in lsof's words. Letters are spelled out by [`crate::argv`] beforehand;
//! they stand here so that `--help` shows them.

use clap::{ArgAction, Parser, ValueEnum};
use cli::Common;
use std::ffi::OsString;

/// What processes hold open, as lsof shows it
///
/// Selections add up; with -a all of them must fit. Without any, everything is listed.
#[derive(Parser, Debug, Default)]
#[command(name = "rlsof", version, disable_version_flag = true)]
pub(crate) struct Options {
    /// Internet sockets: [46][protocol][@address][:ports]
    #[arg(short, long, value_name = "SPEC", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(crate) inet: Vec<String>,
    /// Unix sockets
    #[arg(short = 'U', long)]
    pub(crate) unix: bool,
    /// Processes: 1,2,^3
    #[arg(short, long, value_name = "LIST", allow_hyphen_values = true)]
    pub(crate) pid: Vec<String>,
    /// Process groups: 1,2,^3; without a list, show them
    #[arg(short = 'g', long, value_name = "LIST", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(crate) pgid: Vec<String>,
    /// Users, by name or number: root,^1000
    #[arg(short, long, value_name = "LIST", allow_hyphen_values = true)]
    pub(crate) user: Vec<String>,
    /// Commands that begin so; ^WORD excludes, /REGEX/[bix] searches
    #[arg(short, long, value_name = "WORD", allow_hyphen_values = true)]
    pub(crate) command: Vec<String>,
    /// Descriptors: 0-2,cwd,txt,mem,DEL,NOFD,uring,flight,fd; with ^ excluded
    #[arg(short = 'd', long, value_name = "LIST", allow_hyphen_values = true)]
    pub(crate) fd: Vec<String>,
    /// (+d) Files directly in a directory, and the directory
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Vec<OsString>,
    /// (+D) Files anywhere below a directory, and the directory
    #[arg(long, value_name = "DIR")]
    pub(crate) tree: Vec<OsString>,
    /// Files on NFS
    #[arg(short = 'N', long)]
    pub(crate) nfs: bool,
    /// (+L) Show the number of links; with N, select files with fewer than N
    #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(crate) links: Option<String>,
    /// Show sizes only; PROTOCOL:STATES keeps only sockets in these states, ^ excludes
    #[arg(short, long, value_name = "P:S", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(crate) size: Vec<String>,
    /// -i and -U mean only sockets of our own network namespace
    #[arg(long)]
    pub(crate) own_netns: bool,
    /// Accepted, the default: sockets of every network namespace
    #[arg(long, hide_short_help = true, conflicts_with = "own_netns")]
    pub(crate) all_netns: bool,
    /// All selections must fit, not any
    #[arg(short = 'a', long)]
    pub(crate) and: bool,
    /// Threads with tables of their own are rows of their own; `i` leaves them out
    #[arg(short = 'K', long, value_name = "i", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(crate) tasks: Option<String>,
    /// Mark the other end of pipes, unix sockets, terminals, event counters and connections
    #[arg(short = 'E', long)]
    pub(crate) endpoints: bool,
    /// (+E) Also list the other ends
    #[arg(long)]
    pub(crate) endpoint_files: bool,

    /// Host names are never looked up: accepted, changes nothing
    #[arg(short = 'n', long)]
    pub(crate) no_host_names: bool,
    /// Numbers for ports
    #[arg(short = 'P', long)]
    pub(crate) no_port_names: bool,
    /// Numbers for users
    #[arg(short = 'l', long)]
    pub(crate) uids: bool,
    /// Show parents
    #[arg(short = 'R', long)]
    pub(crate) ppid: bool,
    /// (+c) Columns for commands; 0 is no limit
    #[arg(long, value_name = "N", default_value = "9")]
    pub(crate) command_width: usize,
    /// Show offsets only; N is how many digits before they turn hexadecimal
    #[arg(short = 'o', long, value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(crate) offset: Option<String>,
    /// What of TCP: f flags (nothing here), q queues, s state; nothing by itself
    #[arg(short = 'T', long, value_name = "fqs", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(crate) tcp_info: Option<String>,
    /// Operands are files, even where something is mounted on them; -fg hides flags
    #[arg(short = 'f', long, value_name = "cgGn", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(crate) as_files: Vec<String>,
    /// (+f) Operands are mount points; +fg shows flags, +fG in hexadecimal
    #[arg(long, value_name = "cgGn", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(crate) as_mounts: Vec<String>,
    /// Sizes as 1.5K, 2.0M
    #[arg(short = 'H', long)]
    pub(crate) human: bool,
    /// Only pids
    #[arg(short = 't', long, conflicts_with_all = ["fields", "json_tree", "json_lines"])]
    pub(crate) terse: bool,
    /// Fields for programs; -F? lists the letters
    #[arg(short = 'F', long, value_name = "LETTERS", num_args = 0..=1, require_equals = true, default_missing_value = "", conflicts_with_all = ["json_tree", "json_lines"])]
    pub(crate) fields: Option<String>,
    /// lsof's JSON, one object
    #[arg(short = 'J', long, conflicts_with = "json_lines")]
    pub(crate) json_tree: bool,
    /// lsof's JSON, one object a file
    #[arg(short = 'j', long)]
    pub(crate) json_lines: bool,
    /// Columns of the table, separated by commas; `help` lists them
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) columns: Vec<String>,

    /// Every SECONDS again: [SECONDS][cCOUNT][mFORMAT]
    #[arg(short, long, value_name = "SPEC", num_args = 0..=1, require_equals = true, default_missing_value = "", conflicts_with = "repeat_while_found")]
    pub(crate) repeat: Option<String>,
    /// (+r) The same, until nothing is found
    #[arg(long, value_name = "SPEC", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(crate) repeat_while_found: Option<String>,
    /// Tell what was asked for and not found
    #[arg(short = 'V', long)]
    pub(crate) misses: bool,
    /// What was asked for and not found is no failure
    #[arg(short = 'Q', long)]
    pub(crate) quiet_misses: bool,
    /// No line about places that could not be read
    #[arg(short = 'w', long, overrides_with = "warnings")]
    pub(crate) no_warnings: bool,
    /// (+w) Such a line, which is the default
    #[arg(long)]
    pub(crate) warnings: bool,
    /// Processes (-p LIST) with their descriptors, as pfiles of Solaris shows them
    #[arg(long, conflicts_with_all = ["sockets", "json"])]
    pub(crate) pfiles: bool,
    /// Holders of every socket, for programs: threads, io_uring, messages and maps included
    #[arg(long, requires = "json")]
    pub(crate) sockets: bool,
    /// How --sockets looks: walk is the descriptor tables of /proc, pidfd asks the kernel for
    /// every process number and copies descriptors out, without any /proc
    #[arg(long, value_name = "SOURCE", requires = "sockets")]
    pub(crate) via: Option<Via>,
    /// The program behind each process of -p, for programs: parents, libraries, container
    #[arg(long, requires_all = ["json", "pid"], conflicts_with = "sockets")]
    pub(crate) behind: bool,
    /// Processes with an io_uring that no descriptor leads to, for programs
    #[arg(long, requires = "json", conflicts_with_all = ["sockets", "behind"])]
    pub(crate) rings: bool,
    /// The version
    #[arg(short = 'v', long, action = ArgAction::Version)]
    pub(crate) version: Option<bool>,

    /// Nothing here blocks for long: accepted, changes nothing
    #[arg(short = 'b', long, hide_short_help = true)]
    pub(crate) no_blocking: bool,
    /// Accepted, changes nothing
    #[arg(short = 'C', long, hide_short_help = true)]
    pub(crate) no_name_cache: bool,
    /// Accepted, changes nothing: there is no device cache
    #[arg(short = 'D', long, value_name = "FUNCTION", hide_short_help = true)]
    pub(crate) device_cache: Option<OsString>,
    /// Files on this file system are not asked about
    #[arg(short = 'e', long, value_name = "DIR")]
    pub(crate) exempt: Vec<OsString>,
    /// Accepted, the default: no link counts
    #[arg(short = 'L', long, hide_short_help = true)]
    pub(crate) no_links: bool,
    /// Accepted, the default: the port mapper is never asked
    #[arg(short = 'M', long, hide_short_help = true)]
    pub(crate) no_portmap: bool,
    /// Accepted, changes nothing
    #[arg(short = 'O', long, hide_short_help = true)]
    pub(crate) no_overhead: bool,
    /// Accepted, changes nothing: the patience with slow files is fixed
    #[arg(short = 'S', long, value_name = "SECONDS", num_args = 0..=1, require_equals = true, default_missing_value = "", hide_short_help = true)]
    pub(crate) timeout: Option<String>,
    /// Accepted, changes nothing: +d and +D go by name
    #[arg(short = 'x', long, value_name = "fl", num_args = 0..=1, require_equals = true, default_missing_value = "", hide_short_help = true)]
    pub(crate) cross: Option<String>,
    /// Accepted, changes nothing
    #[arg(short = 'X', long, hide_short_help = true)]
    pub(crate) no_exclusions: bool,

    /// Files, devices, unix sockets, or mount points, which stand for all files on them
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<OsString>,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// A way to find the holders of sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Via {
    /// Descriptor tables under /proc
    Walk,
    /// Process numbers and copies of descriptors
    Pidfd,
}
