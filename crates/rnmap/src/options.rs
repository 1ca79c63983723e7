//! What was typed, as clap reads it after [`crate::argv`].

use clap::Parser;

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
    #[arg(long, conflicts_with_all = ["connect", "syn", "udp", "targets"])]
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
    pub(crate) numeric: bool,
    /// -Pn: take every target for up; the default
    #[arg(long)]
    pub(crate) no_ping: bool,

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
    /// -h
    #[arg(long, action = clap::ArgAction::Help)]
    help: Option<bool>,
    /// -V
    #[arg(long, action = clap::ArgAction::Version)]
    version: Option<bool>,
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
        Ok(rate) if rate.is_finite() && rate > 0.0 => Ok(rate),
        _ => Err("a rate is a number above 0".to_owned()),
    }
}
