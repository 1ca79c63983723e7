//! How an answer of the kernel's arrived, and whether somebody wrote to it on the way.

use crate::{Gaps, Socket};
use serde::{Deserialize, Serialize};

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
