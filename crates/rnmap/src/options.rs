//! What was typed, as clap reads it after [`crate::argv`].

use clap::Parser;
use std::ffi::OsString;
use std::net::IpAddr;
use std::time::Duration;

/// Scan ports: what answers, from inside and from a trusted machine.
#[derive(Parser, Debug)]
#[command(
    name = "rnmap",
    version,
    disable_help_flag = true,
    disable_version_flag = true,
    args_override_self = true
)]
pub(crate) struct Options {
    /// Addresses, blocks (10.0.0.0/24), ranges (10.0.0-3.1,5), localhost
    #[arg(value_name = "TARGET")]
    pub(crate) targets: Vec<String>,

    /// -sT: full connections
    #[arg(long)]
    pub(crate) connect: bool,
    /// -sS: half-open, by raw SYN; the default where raw sockets are allowed
    #[arg(long, conflicts_with = "connect")]
    pub(crate) syn: bool,
    /// -sU: UDP
    #[arg(long)]
    pub(crate) udp: bool,
    /// Which port numbers of this machine are taken, by binding them: TCP and UDP, IPv4 and IPv6
    #[arg(long, conflicts_with_all = ["connect", "syn", "udp", "targets", "ping_only", "service_version", "output_xml", "output_grepable", "output_all", "local"])]
    pub(crate) bind_probe: bool,

    /// -p: ports, as 22,80,8000-8010, T:22,U:53, ssh, http*, - for all
    #[arg(long, value_name = "PORTS")]
    pub(crate) ports: Option<String>,
    /// -F: the 100 ports most worth asking for
    #[arg(long, conflicts_with_all = ["ports", "top_ports"])]
    pub(crate) fast: bool,
    /// The N ports most worth asking for
    #[arg(long, value_name = "N", conflicts_with = "ports", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) top_ports: Option<u16>,
    /// -4: IPv4 only
    #[arg(long, conflicts_with = "ipv6")]
    pub(crate) ipv4: bool,
    /// -6: IPv6; localhost is ::1
    #[arg(long)]
    pub(crate) ipv6: bool,
    /// -n: ask for no names; the default
    #[arg(long)]
    numeric: bool,
    /// Ask this name server for the addresses of named targets; none is asked otherwise
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) dns_servers: Option<IpAddr>,
    /// -R: ask the name server for the name of every target too
    #[arg(long, requires = "dns_servers", conflicts_with = "numeric")]
    pub(crate) reverse_names: bool,
    /// -Pn: take every target for up
    #[arg(long)]
    pub(crate) no_ping: bool,
    /// -sn: only ask who is up
    #[arg(long)]
    pub(crate) ping_only: bool,
    /// -sL: only list the targets; sends nothing
    #[arg(long)]
    pub(crate) list_only: bool,
    /// -sV: read what open TCP ports say of themselves
    #[arg(long)]
    pub(crate) service_version: bool,
    /// -iL: targets from a file, - for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) input_list: Option<OsString>,
    /// Targets not to ask, with commas between
    #[arg(long, value_name = "TARGETS", value_delimiter = ',')]
    pub(crate) exclude: Vec<String>,
    /// Ports not to ask for
    #[arg(long, value_name = "PORTS")]
    pub(crate) exclude_ports: Option<String>,
    /// Every address of this machine
    #[arg(long)]
    pub(crate) local: bool,
    /// From inside a network namespace: a name, a pid, or all of them
    #[arg(long, value_name = "all|NAME|PID")]
    pub(crate) netns: Option<String>,

    /// -T: pace, 0 (paranoid) to 5 (insane)
    #[arg(long, value_name = "0-5", default_value = "3", value_parser = timing)]
    pub(crate) timing: u8,
    /// Probes a second at most
    #[arg(long, value_name = "N", value_parser = rate)]
    pub(crate) max_rate: Option<f64>,
    /// Probes a second at least
    #[arg(long, value_name = "N", value_parser = rate)]
    pub(crate) min_rate: Option<f64>,
    /// Probes sent again at most, per port
    #[arg(long, value_name = "N")]
    pub(crate) max_retries: Option<u8>,
    /// Time one host may take: 30s, 15m, 2h, 500ms
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) host_timeout: Option<Duration>,
    /// Time between two probes of a host, at least
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) scan_delay: Option<Duration>,
    /// -e: through this device only
    #[arg(long, value_name = "DEVICE", conflicts_with = "bind_probe")]
    pub(crate) interface: Option<String>,
    /// -S: from this address, which must be ours
    #[arg(long, value_name = "ADDRESS", conflicts_with = "bind_probe")]
    pub(crate) source_address: Option<IpAddr>,
    /// -g: from this port
    #[arg(long, value_name = "PORT", conflicts_with = "bind_probe", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) source_port: Option<u16>,
    /// Threads at most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(crate) threads: Option<u8>,

    /// Show only what answers
    #[arg(long)]
    pub(crate) open: bool,
    /// Show what said so
    #[arg(long)]
    pub(crate) reason: bool,
    /// -v: tell more; twice, and more still
    #[arg(long, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// -d: list every port
    #[arg(long, action = clap::ArgAction::Count)]
    pub(crate) debug: u8,
    /// One JSON object a line, as docs/OUTPUT.md tells
    #[arg(long)]
    pub(crate) json: bool,
    /// List on standard error every place that could not be asked
    #[arg(long)]
    pub(crate) gaps: bool,
    /// The words of nmap 7.93, or of 2005
    #[arg(long, value_name = "modern|2005", default_value = "modern", value_parser = ["modern", "2005"])]
    pub(crate) style: String,
    /// -oN: normal output to FILE, - for standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) output_normal: Option<OsString>,
    /// -oX: XML to FILE
    #[arg(long, value_name = "FILE")]
    pub(crate) output_xml: Option<OsString>,
    /// -oG: a line a host to FILE
    #[arg(long, value_name = "FILE")]
    pub(crate) output_grepable: Option<OsString>,
    /// -oJ: JSON lines to FILE
    #[arg(long, value_name = "FILE")]
    pub(crate) output_json: Option<OsString>,
    /// -oA: all four, to NAME.nmap NAME.xml NAME.gnmap NAME.json
    #[arg(long, value_name = "NAME")]
    pub(crate) output_all: Option<OsString>,
    /// Add to output files instead of emptying them
    #[arg(long)]
    pub(crate) append_output: bool,
    /// Go on where an interrupted run left off: its -oJ file, and the same options again
    #[arg(long, value_name = "FILE")]
    pub(crate) resume: Option<OsString>,
    /// Say what would be sent, to whom and how long it takes; send nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Taken for nmap's sake; progress is shown on a terminal anyway
    #[arg(long, value_name = "TIME")]
    stats_every: Option<String>,
    /// Taken for nmap's sake; what may be done is found out anyway
    #[arg(long)]
    privileged: bool,
    /// As one without the right to raw sockets
    #[arg(long, conflicts_with = "privileged")]
    pub(crate) unprivileged: bool,
    /// No progress line
    #[arg(long)]
    pub(crate) noninteractive: bool,
    /// -r: ports in order; they always are
    #[arg(long)]
    in_order: bool,
    /// -h
    #[arg(long, action = clap::ArgAction::Help)]
    help: Option<bool>,
    /// -V
    #[arg(long, action = clap::ArgAction::Version)]
    version: Option<bool>,
}

/// The longest time and the slowest rate anybody can mean: sums of them with a moment stay
/// moments.
const TIME_MAX: Duration = Duration::from_secs(366 * 86_400);
const RATE_MIN: f64 = 1e-6;

/// `500ms`, `30s`, `15m`, `2h`; seconds where nothing is said.
fn duration(text: &str) -> Result<Duration, String> {
    let units = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3_600.0)];
    let (digits, unit) = units
        .iter()
        .find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, *seconds)))
        .unwrap_or((text, 1.0));
    let number = digits.parse::<f64>().ok().filter(|number| *number > 0.0);
    number
        .and_then(|number| Duration::try_from_secs_f64(number * unit).ok())
        .filter(|time| *time <= TIME_MAX)
        .ok_or_else(|| "a time is 30s, 15m, 2h or 500ms, and at most a year".to_owned())
}

/// nmap's numbers and names of the templates.
fn timing(text: &str) -> Result<u8, String> {
    const NAMES: [&str; 6] = [
        "paranoid",
        "sneaky",
        "polite",
        "normal",
        "aggressive",
        "insane",
    ];
    let named = NAMES
        .iter()
        .position(|name| name.eq_ignore_ascii_case(text));
    named
        .and_then(|level| u8::try_from(level).ok())
        .or_else(|| text.parse().ok().filter(|level| *level <= 5))
        .ok_or_else(|| "a pace is 0 to 5".to_owned())
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate >= RATE_MIN => Ok(rate),
        _ => Err("a rate is a number above 0, at least 0.000001".to_owned()),
    }
}
