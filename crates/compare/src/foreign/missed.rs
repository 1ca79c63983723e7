//! Sockets that one listing has and another has not: each named, those beyond a bound counted.

use super::Row;
use crate::snapshot::{Sighting, Snapshot};
use model::{Inet, Pid, Proto};
use serde::Serialize;

/// Sockets named in one list; the rest is counted.
const NAMED_MAX: usize = 256;

/// What lists have beyond what they name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct More {
    /// Of [`super::told::Told::omits`].
    pub omits: usize,
    /// Of [`super::told::Told::invents`].
    pub invents: usize,
    /// Of [`super::told::Told::misnames`].
    pub misnames: usize,
}

/// One socket that is in one listing and not in the other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Missed {
    /// Transport.
    #[serde(rename = "protocol")]
    pub proto: Proto,
    /// Local address, as the one who lists it writes it.
    #[serde(rename = "address")]
    pub addr: String,
    /// Local port.
    pub port: u16,
    /// The peer, of a connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// An owner, where the one who lists it names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<Pid>,
}

impl Missed {
    pub(super) fn socket(snapshot: &Snapshot, sighting: &Sighting, inet: &Inet) -> Missed {
        let peer = std::net::SocketAddr::new(inet.remote, inet.remote_port);
        let mut owners = snapshot.owners(sighting.socket.inode);
        Missed {
            proto: inet.proto,
            addr: inet.local.to_string(),
            port: inet.port,
            peer: (inet.remote_port != 0).then(|| peer.to_string()),
            pid: owners.next().map(|owner| owner.id.pid),
        }
    }

    pub(super) fn row(row: &Row) -> Missed {
        Missed {
            proto: row.proto,
            addr: row.local.to_string(),
            port: row.port,
            peer: None,
            pid: row.owners.first().map(|claim| claim.pid),
        }
    }
}

/// Sorts a list and keeps the first of it; tells how many it had beside.
pub(super) fn bound<T: Ord>(list: &mut Vec<T>) -> usize {
    list.sort_unstable();
    list.dedup();
    let more = list.len().saturating_sub(NAMED_MAX);
    list.truncate(NAMED_MAX);
    more
}
