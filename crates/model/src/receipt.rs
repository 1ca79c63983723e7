//! How an answer of the kernel's arrived, and whether somebody wrote to it on the way.

use crate::{Family, Gaps, Proto, Socket};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// What sock_diag gave when it was asked for one socket alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alone {
    /// Transport asked for.
    pub proto: Proto,
    /// Local address asked for.
    pub addr: IpAddr,
    /// Port asked for.
    pub port: u16,
    /// What a packet sent there would reach; it may have another end, where a program steers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub socket: Option<Box<Socket>>,
}

/// A system call to receive by. A hook in one of them is blind to the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Receive {
    /// `recvmsg(2)`
    Recvmsg,
    /// `recvmmsg(2)`
    Recvmmsg,
    /// `read(2)`
    Read,
}

impl Receive {
    /// All of them.
    pub const ALL: [Receive; 3] = [Receive::Recvmsg, Receive::Recvmmsg, Receive::Read];

    /// The name of the call.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Receive::Recvmsg => "recvmsg",
            Receive::Recvmmsg => "recvmmsg",
            Receive::Read => "read",
        }
    }
}

/// One table of sock_diag, received with suspicion.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The sockets told, in the kernel's order.
    pub sockets: Vec<Socket>,
    /// Sockets that were no longer told, but whose messages still stood in the buffer.
    pub carved: Vec<Socket>,
    /// What is wrong with the messages and buffers.
    pub signs: Vec<MessageSign>,
    /// Messages of the answer.
    pub messages: u64,
    /// Places not seen.
    pub gaps: Gaps,
}

/// What is wrong with a message or the buffer it came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum MessageSign {
    /// A message goes on past its last attribute into another message.
    LongMessage {
        /// Which message of the answer, from 0.
        message: u64,
    },
    /// A message's attributes do not fill it.
    NotTiled {
        /// Which message of the answer, from 0.
        message: u64,
    },
    /// Bytes after the end of the answer were written to.
    DirtyTail {
        /// How many, up to the last one that was.
        bytes: u64,
    },
}

/// What one answer of sock_diag looked like, beside its sockets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Received {
    /// The call it was received by.
    pub by: Receive,
    /// Address family asked for.
    pub family: Family,
    /// Transport asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proto: Option<Proto>,
    /// Messages of the answer.
    pub messages: u64,
    /// What is wrong with the messages and buffers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signs: Vec<MessageSign>,
    /// Sockets that were no longer told, but whose messages still stood in the buffer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub carved: Vec<Socket>,
}
