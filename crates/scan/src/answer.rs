//! What one probe of one port brought.

use model::PortState;
use std::fmt;

/// What said so. The words are nmap's where nmap has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// TCP accepted, or would have.
    SynAck,
    /// TCP refused with a reset, seen raw.
    Reset,
    /// TCP refused, as the system told us.
    ConnRefused,
    /// Nothing came.
    NoResponse,
    /// A UDP datagram came back.
    UdpResponse,
    /// ICMP: port unreachable.
    PortUnreach,
    /// ICMP: protocol unreachable.
    ProtoUnreach,
    /// ICMP: host unreachable, or no neighbour answered.
    HostUnreach,
    /// ICMP: network unreachable, or no route.
    NetUnreach,
    /// ICMP: network administratively prohibited.
    NetProhibited,
    /// ICMP: host administratively prohibited.
    HostProhibited,
    /// ICMP: communication administratively prohibited.
    AdminProhibited,
    /// ICMP: the packet ran out of hops.
    TimeExceeded,
    /// UDP on this machine: nothing refused it, and the address is taken.
    Bound,
    /// Bind probe: the address is taken.
    InUse,
    /// Bind probe: the address was given to us.
    Bindable,
}

/// Every reason, for [`Reason::named`].
const ALL: &[Reason] = &[
    Reason::SynAck,
    Reason::Reset,
    Reason::ConnRefused,
    Reason::NoResponse,
    Reason::UdpResponse,
    Reason::PortUnreach,
    Reason::ProtoUnreach,
    Reason::HostUnreach,
    Reason::NetUnreach,
    Reason::NetProhibited,
    Reason::HostProhibited,
    Reason::AdminProhibited,
    Reason::TimeExceeded,
    Reason::Bound,
    Reason::InUse,
    Reason::Bindable,
];

impl Reason {
    /// The reason a word stands for.
    #[must_use]
    pub fn named(word: &str) -> Option<Reason> {
        ALL.iter().copied().find(|reason| reason.name() == word)
    }

    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Reason::SynAck => "syn-ack",
            Reason::Reset => "reset",
            Reason::ConnRefused => "conn-refused",
            Reason::NoResponse => "no-response",
            Reason::UdpResponse => "udp-response",
            Reason::PortUnreach => "port-unreach",
            Reason::ProtoUnreach => "proto-unreach",
            Reason::HostUnreach => "host-unreach",
            Reason::NetUnreach => "net-unreach",
            Reason::NetProhibited => "net-prohibited",
            Reason::HostProhibited => "host-prohibited",
            Reason::AdminProhibited => "admin-prohibited",
            Reason::TimeExceeded => "time-exceeded",
            Reason::Bound => "bound",
            Reason::InUse => "address-in-use",
            Reason::Bindable => "address-free",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What was learned of one port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The state concluded.
    pub state: PortState,
    /// What said so.
    pub reason: Reason,
    /// Hops left in the packet that said so, where one was seen raw.
    pub ttl: Option<u8>,
}

impl Answer {
    /// An answer without a packet of its own.
    #[must_use]
    pub fn new(state: PortState, reason: Reason) -> Answer {
        Answer {
            state,
            reason,
            ttl: None,
        }
    }
}
