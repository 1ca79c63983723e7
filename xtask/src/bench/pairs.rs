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

/// On a namespace where nothing listens.
pub(super) const SCANS: &[Pair] = &[
    Pair {
        ours: &["rnmap", "-sT", "-p-", "127.0.0.1"],
        peer: &[
            "nmap",
            "-sT",
            "-p-",
            "-n",
            "-Pn",
            "-T5",
            "--min-rate",
            "100000",
            "127.0.0.1",
        ],
        at_most: 0.6,
    },
    Pair {
        ours: &["rnmap", "--bind-probe", "-4", "-p", "T:-"],
        peer: &["unhide-tcp", "-s"],
        at_most: 0.3,
    },
];

/// Over a cable to a host where nothing listens.
pub(super) const CABLE: &[Pair] = &[
    Pair {
        ours: &["rnmap", "-sS", "-Pn", "-p-", "10.77.0.1"],
        peer: &["nmap", "-sS", "-n", "-Pn", "-p-", "10.77.0.1"],
        at_most: 0.5,
    },
    Pair {
        ours: &["rnmap", "-sT", "-Pn", "-p", "1-1000", "10.78.0.0/24"],
        peer: &["nmap", "-sT", "-n", "-Pn", "-p", "1-1000", "10.78.0.0/24"],
        at_most: 0.5,
    },
    Pair {
        ours: &["rnmap", "-sS", "-Pn", "-p", "1-1000", "10.78.0.0/24"],
        peer: &["nmap", "-sS", "-n", "-Pn", "-p", "1-1000", "10.78.0.0/24"],
        at_most: 0.5,
    },
];

/// Under the load.
pub(super) const TABLES: &[Pair] = &[
    Pair {
        ours: &["rnetstat", "--via", "netlink", "-tan"],
        peer: &["ss", "-tan"],
        at_most: 0.6,
    },
    Pair {
        ours: &["rnetstat", "-tan"],
        peer: &["netstat", "-tan"],
        at_most: 0.6,
    },
    Pair {
        ours: &["rnetstat", "-tlnp"],
        peer: &["ss", "-tlnp"],
        at_most: 0.3,
    },
    Pair {
        ours: &["rlsof", "-nP", "-iTCP"],
        peer: &["lsof", "-nP", "-iTCP"],
        at_most: 0.15,
    },
    Pair {
        ours: &["rlsof", "-nP"],
        peer: &["lsof", "-nP"],
        at_most: 0.25,
    },
    Pair {
        ours: &["rfuser", "-n", "tcp", "20000"],
        peer: &["fuser", "-n", "tcp", "20000"],
        at_most: 0.35,
    },
];

/// The packages the peers come in, for their versions.
pub(super) const PEERS: &[&str] = &["iproute2", "net-tools", "lsof", "psmisc", "nmap", "unhide"];
