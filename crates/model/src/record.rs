//! One line of `--json`: every program prints these, and rcompare reads them back.

use crate::asked::{AskedSocket, Copied, Ring, Used};
use crate::behind::Behind;
use crate::census::Census;
use crate::file::FileRow;
use crate::network::NetworkRow;
use crate::probe::Tally;
use crate::process::Holding;
use crate::receipt::{Alone, Received};
use crate::{Coverage, Gap, NetNs, Owner, Probe, Process, Socket, Source};
use serde::{Deserialize, Serialize};

/// Version of the JSON; raised when a reader of the old one would be misled.
pub const SCHEMA: u32 = 1;

/// The first line of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begin {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The program that speaks.
    pub tool: String,
    /// Its version.
    pub version: String,
    /// The way it asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// The network namespace it stands in, where lines that name none belong; rnmap only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub netns: Option<NetNs>,
}

/// The last line of an answer. An answer without it was cut short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// Lines between the first and this one that are not gaps.
    pub rows: u64,
    /// Gaps among them.
    pub gaps: u64,
    /// What was looked at to the end.
    #[serde(default)]
    pub coverage: Coverage,
}

/// A socket together with everybody who was found holding it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SocketRow {
    /// The socket.
    #[serde(flatten)]
    pub socket: Socket,
    /// Its owners; absent where nobody asked for them, empty where nobody was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owners: Option<Vec<Owner>>,
}

/// One line of `--json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Record {
    /// Opens an answer.
    Begin(Begin),
    /// A socket.
    Socket(SocketRow),
    /// A process.
    Process(Process),
    /// An open file, with its process.
    File(FileRow),
    /// A fact about a network namespace.
    Network(NetworkRow),
    /// A find of the owner walk.
    Holding(Holding),
    /// A socket asked itself through a copy of a descriptor.
    Asked(AskedSocket),
    /// Whose descriptor it was copied from.
    Copied(Copied),
    /// Sockets the kernel counts, and those in some descriptor table.
    Used(Used),
    /// An io_uring that no descriptor leads to.
    Ring(Ring),
    /// Processes found by asking for every number.
    Census(Census),
    /// The program behind an owner.
    Behind(Behind),
    /// How an answer of sock_diag arrived.
    Received(Received),
    /// A socket asked for alone.
    Alone(Alone),
    /// A probed port.
    Probe(Probe),
    /// Probed ports that share a state.
    Tally(Tally),
    /// A place not seen.
    Gap(Gap),
    /// Closes an answer.
    End(End),
}
