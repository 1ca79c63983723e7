//! Sockets that stand beside the internet's: between machines, and on a queue of a card.

use super::{IfIndex, State, UnixType};
use serde::{Deserialize, Serialize};

/// What a vsock socket has beyond any socket: it leads to the hypervisor or to its guests, past
/// every packet filter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vsock {
    /// Its type, in the numbers of unix sockets.
    pub vsock_type: UnixType,
    /// State of the connection; CLOSE where it only has a port.
    pub state: State,
    /// The machine it listens as ([`Vsock::ANY`], 1 this one, 2 the host of this guest).
    pub cid: u32,
    /// Local port; [`Vsock::ANY`] where there is none.
    pub port: u32,
    /// The machine at the other end; [`Vsock::ANY`] where there is none.
    pub remote_cid: u32,
    /// The port at the other end; [`Vsock::ANY`] where there is none.
    pub remote_port: u32,
    /// What was shut down: 1 receiving, 2 sending, 3 both.
    pub shutdown: u8,
}

impl Vsock {
    /// `VMADDR_CID_ANY` and `VMADDR_PORT_ANY`: every machine, any port, or none.
    pub const ANY: u32 = u32::MAX;

    /// Whether it waits for a peer: a listener, or a datagram socket with a port.
    #[must_use]
    pub fn is_listener(&self) -> bool {
        match self.vsock_type {
            UnixType::Dgram => self.port != Vsock::ANY && self.remote_port == Vsock::ANY,
            UnixType::Stream | UnixType::Seqpacket | UnixType::Other(_) => {
                self.state == State::Listen
            }
        }
    }
}

/// What an XDP socket has beyond any socket: it takes frames off a queue of a card before the
/// kernel's network sees them, and may send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Xdp {
    /// The interface; 0 where it is not bound to one.
    pub device: IfIndex,
    /// The queue of the interface.
    pub queue: u32,
    /// Places in the ring of what came in, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rx_ring: Option<u32>,
    /// Places in the ring of what goes out, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tx_ring: Option<u32>,
    /// The memory the frames lie in, if it has any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub umem: Option<Umem>,
    /// Frames that were dropped for want of room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropped: Option<u64>,
}

/// The memory of XDP sockets: the same number is the same memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Umem {
    /// The kernel's number for it.
    pub id: u32,
    /// Its size in bytes.
    pub size: u64,
    /// Bytes of a frame.
    pub chunk_size: u32,
    /// Whether the card itself writes there.
    pub zero_copy: bool,
}
