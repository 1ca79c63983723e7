//! What an active question learned.

use crate::{NetNs, Proto};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::IpAddr;

/// How a port was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Technique {
    /// A full TCP connection (`-sT`).
    Connect,
    /// Half-open, by raw SYN (`-sS`).
    Syn,
    /// A UDP datagram (`-sU`).
    Udp,
    /// `bind` without `listen`: is the number taken in this namespace?
    Bind,
}

/// What a probe learned of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum PortState {
    /// Something answers.
    #[serde(rename = "open")]
    Open,
    /// The host answers that nothing does.
    #[serde(rename = "closed")]
    Closed,
    /// No answer, or an administrative one.
    #[serde(rename = "filtered")]
    Filtered,
    /// No answer, which for this technique may also mean open.
    #[serde(rename = "open|filtered")]
    OpenFiltered,
    /// Bind probe: the kernel says the address is taken.
    #[serde(rename = "in-use")]
    InUse,
    /// Bind probe: the kernel gave it to us, and we gave it back.
    #[serde(rename = "free")]
    Free,
}

impl PortState {
    /// The word users know.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            PortState::Open => "open",
            PortState::Closed => "closed",
            PortState::Filtered => "filtered",
            PortState::OpenFiltered => "open|filtered",
            PortState::InUse => "in-use",
            PortState::Free => "free",
        }
    }
}

impl fmt::Display for PortState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One port's answer. Ports not worth a line each are summed up in [`Tally`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// How it was asked.
    pub technique: Technique,
    /// The namespace asked from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub netns: Option<NetNs>,
    /// Transport.
    pub proto: Proto,
    /// The address asked.
    pub addr: IpAddr,
    /// The port asked.
    pub port: u16,
    /// What was learned.
    pub state: PortState,
    /// What said so, in nmap's words: `syn-ack`, `conn-refused`, `no-response`, …
    pub reason: String,
}

/// Ports of one target and technique that share a state, given as a number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// How they were asked.
    pub technique: Technique,
    /// Transport.
    pub proto: Proto,
    /// The address asked.
    pub addr: IpAddr,
    /// The state they share.
    pub state: PortState,
    /// What said so.
    pub reason: String,
    /// How many.
    pub count: u32,
    /// Which, in the grammar of `-p`, so that a sum loses no port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ports: Option<String>,
    /// The namespace asked from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub netns: Option<NetNs>,
}
