//! What can lead a packet elsewhere, or nowhere, than to the socket with its port.

use crate::{Foreign, IfIndex};
use serde::{Deserialize, Serialize};

/// One rule, program or route that steers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Steer {
    /// What it does.
    pub action: Action,
    /// Transports it is limited to, as IP protocol numbers; empty is any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub protocols: Vec<u8>,
    /// Destination ports it is limited to, first and last of each range; empty is any, or
    /// not understood.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<(u16, u16)>,
    /// Where it leads: `address`, `:port`, `address:port`; none where the rule names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Interface it is on, where it is on one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<IfIndex>,
    /// The hook of the chain it stands in, in nft's words (`prerouting`, `output`, …): what passes
    /// there meets it. None in a chain that only a jump leads to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hook: Option<String>,
    /// Where it stands, to quote: `nft ip nat prerouting handle 4`, `ip rule 100`, `xdp 2`.
    pub place: Foreign,
    /// What more is known: a program's name, a mark; what else a rule is limited by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Foreign>,
}

/// What a rule or program does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// To a local port (REDIRECT).
    Redirect,
    /// To another address (DNAT).
    Dnat,
    /// To a transparent proxy's socket.
    Tproxy,
    /// Dropped.
    Drop,
    /// Answered with a refusal.
    Reject,
    /// A routing rule by mark.
    Rule,
    /// A whole range of foreign addresses taken as the host's own (`local` route).
    LocalRoute,
    /// A BPF program chooses the socket.
    SkLookup,
    /// A BPF program sees packets before the stack does.
    Xdp,
    /// A BPF classifier on an interface.
    Tc,
    /// Some other BPF attachment to the network.
    Bpf,
    /// A handler of packets in `/proc/net/ptype` that taps all or some of them.
    Tap,
}
