//! What is measured: a work of ours, the same work of a peer, and the ratio we promise.

/// One work, done by both.
pub(super) struct Pair {
    /// Our words.
    pub ours: &'static [&'static str],
    /// The peer's.
    pub peer: &'static [&'static str],
    /// At most this ratio of our time to the peer's.
    pub at_most: f64,
}

const fn pair(ours: &'static [&'static str], peer: &'static [&'static str], at_most: f64) -> Pair {
    Pair {
        ours,
        peer,
        at_most,
    }
}

/// On a namespace where nothing listens.
#[rustfmt::skip]
pub(super) const SCANS: &[Pair] = &[
    pair(
        &["rnmap", "-sT", "-p-", "127.0.0.1"],
        &["nmap", "-sT", "-p-", "-n", "-Pn", "-T5", "--min-rate", "100000", "127.0.0.1"],
        0.6,
    ),
    pair(&["rnmap", "--bind-probe", "-4", "-p", "T:-"], &["unhide-tcp", "-s"], 0.3),
];

/// Over a cable to a host where nothing listens.
#[rustfmt::skip]
pub(super) const CABLE: &[Pair] = &[
    pair(
        &["rnmap", "-sS", "-Pn", "-p-", "10.77.0.1"],
        &["nmap", "-sS", "-n", "-Pn", "-p-", "10.77.0.1"],
        0.5,
    ),
    pair(
        &["rnmap", "-sT", "-Pn", "-p", "1-1000", "10.78.0.0/24"],
        &["nmap", "-sT", "-n", "-Pn", "-p", "1-1000", "10.78.0.0/24"],
        0.5,
    ),
    pair(
        &["rnmap", "-sS", "-Pn", "-p", "1-1000", "10.78.0.0/24"],
        &["nmap", "-sS", "-n", "-Pn", "-p", "1-1000", "10.78.0.0/24"],
        0.5,
    ),
];

/// Under the load.
#[rustfmt::skip]
pub(super) const TABLES: &[Pair] = &[
    pair(&["rnetstat", "--via", "netlink", "-tan"], &["ss", "-tan"], 0.6),
    pair(&["rnetstat", "-tan"], &["netstat", "-tan"], 0.6),
    pair(&["rnetstat", "-tlnp"], &["ss", "-tlnp"], 0.3),
    pair(&["rlsof", "-nP", "-iTCP"], &["lsof", "-nP", "-iTCP"], 0.15),
    pair(&["rlsof", "-nP"], &["lsof", "-nP"], 0.25),
    pair(&["rfuser", "-n", "tcp", "20000"], &["fuser", "-n", "tcp", "20000"], 0.35),
];

/// Reads the text tables of TCP and does nothing with them: what of netstat's time is the
/// kernel's.
pub(super) const TEXT_ALONE: &[&str] = &["cat", "/proc/net/tcp", "/proc/net/tcp6"];

/// The packages the peers come in, for their versions.
pub(super) const PEERS: &[&str] = &["iproute2", "net-tools", "lsof", "psmisc", "nmap", "unhide"];
