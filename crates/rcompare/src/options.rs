//! What was typed.

use clap::Parser;
use std::net::IpAddr;

/// Every open port, who holds it, and whether every way of asking tells the same
///
/// Runs rnetstat, rlsof and rnmap from the directory it was started from, puts together what
/// they say, and judges it. Exit code: 0 all explained, 1 something is not, 3 all explained
/// but not everything could be looked at.
#[derive(Parser, Debug)]
#[command(name = "rcompare", version)]
pub(crate) struct Options {
    /// One JSON object a line, as docs/OUTPUT.md tells
    #[arg(long)]
    pub(crate) json: bool,
    /// Ask at most N times over; differences need three rounds to stand
    #[arg(long, value_name = "N", default_value = "3", value_parser = clap::value_parser!(u32).range(1..=10))]
    pub(crate) rounds: u32,
    /// Patience with each program that is run
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub(crate) deadline: u32,
    /// Only read: no bind probe, no connections
    #[arg(long)]
    pub(crate) passive: bool,
    /// Connect only to these addresses of this host; without it to all it has
    #[arg(long, value_name = "ADDRESS", conflicts_with = "passive")]
    pub(crate) address: Vec<IpAddr>,
    /// List every place that could not be read, instead of their number
    #[arg(long)]
    pub(crate) gaps: bool,
}
