//! Which descriptor is which socket by what both are called, where no inode tells: Solaris
//! 11.4, whose socket tables name none and whose `fdinfo` tells addresses.

use crate::{FdDetail, Inet, Inode, Owner, Proto, SockName, State};
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// Socket types as Solaris numbers them: the other way round than elsewhere.
const SOCK_DGRAM: u32 = 1;
const SOCK_STREAM: u32 = 2;

/// A descriptor with what it is called.
#[derive(Clone, Copy, Debug)]
pub struct Named<'a> {
    /// Tells the sockets behind descriptors apart.
    pub inode: Inode,
    /// Its type and addresses.
    pub detail: &'a FdDetail,
    /// Who holds it.
    pub owner: &'a Owner,
}

/// What descriptors say of a socket by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Called {
    /// These hold it: no other socket can be meant.
    Surely(Vec<Owner>),
    /// Some of these may: several sockets have the name.
    Perhaps(Vec<Owner>),
    /// No descriptor has the name.
    Nobody,
}

impl FdDetail {
    /// The address it is known by: an IPv4 address in IPv6 clothes is the plain one.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        match &self.local {
            Some(SockName::Inet(local)) => Some(plain(*local)),
            Some(SockName::Unix(_) | SockName::Other(_)) | None => None,
        }
    }

    /// Whether a socket of this transport has this type, as far as it is told.
    #[must_use]
    pub fn has_type(&self, proto: Proto) -> bool {
        match (self.socket_type, proto) {
            (Some(kind), Proto::Tcp) => kind == SOCK_STREAM,
            (Some(kind), Proto::Udp) => kind == SOCK_DGRAM,
            _ => true,
        }
    }

    /// The other end's address, of a connection.
    #[must_use]
    pub fn other_end(&self) -> Option<SocketAddr> {
        match &self.peer {
            Some(SockName::Inet(peer)) if peer.port() != 0 => Some(plain(*peer)),
            _ => None,
        }
    }
}

/// Finds who holds a socket among the descriptors `at` an address. `alone` says that the
/// tables list no second socket with the same addresses.
#[must_use]
pub fn called<'a>(inet: &Inet, alone: bool, at: impl Fn(SocketAddr) -> Vec<Named<'a>>) -> Called {
    let among = |addr: IpAddr| -> Vec<Named<'a>> {
        let mut found = at(SocketAddr::new(addr.to_canonical(), inet.port));
        found.retain(|named| named.detail.has_type(inet.proto) && has_peer(named.detail, inet));
        found
    };
    let mut found = among(inet.local);
    let has_name = !found.is_empty();
    // An IPv6 socket that takes both families has a row among the IPv4 ones too.
    let any = inet.local.is_ipv4() && inet.local.is_unspecified() && inet.remote_port == 0;
    if !has_name && any {
        found = among(Ipv6Addr::UNSPECIFIED.into());
    }
    let owners = || found.iter().map(|named| named.owner.clone()).collect();
    let sockets: BTreeSet<Inode> = found.iter().map(|named| named.inode).collect();
    let both_ends = inet.proto == Proto::Tcp
        && inet.remote_port != 0
        && found.iter().all(|it| it.detail.other_end().is_some());
    if found.is_empty() {
        Called::Nobody
    } else if both_ends || (has_name && alone && sockets.len() == 1) {
        Called::Surely(owners())
    } else {
        Called::Perhaps(owners())
    }
}

fn has_peer(detail: &FdDetail, inet: &Inet) -> bool {
    let expected = plain(SocketAddr::new(inet.remote, inet.remote_port));
    match (detail.other_end(), inet.state) {
        (Some(peer), _) => peer == expected,
        (None, State::Established | State::CloseWait) => inet.remote_port == 0,
        (None, _) => true,
    }
}

fn plain(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Held, Pid, ProcessId};

    fn socket(local: &str, remote: &str, state: State) -> Inet {
        let (local, remote): (SocketAddr, SocketAddr) =
            (local.parse().unwrap(), remote.parse().unwrap());
        Inet {
            proto: Proto::Tcp,
            local: local.ip(),
            port: local.port(),
            remote: remote.ip(),
            remote_port: remote.port(),
            state,
            device: None,
            v6only: None,
            timer: None,
        }
    }

    /// Inode, local address, peer.
    type Descriptor = (u64, &'static str, Option<&'static str>);

    /// `+` surely, `?` perhaps, and the pids, which are the places among the descriptors.
    fn told(inet: &Inet, alone: bool, descriptors: &[Descriptor]) -> String {
        let name = |text: &str| Some(SockName::Inet(text.parse().unwrap()));
        let all: Vec<(Inode, FdDetail, Owner)> = (1..)
            .zip(descriptors)
            .map(|(pid, (inode, local, peer))| {
                let detail = FdDetail {
                    local: name(local),
                    peer: peer.and_then(name),
                    socket_type: Some(SOCK_STREAM),
                    ..FdDetail::default()
                };
                let owner = Owner {
                    id: ProcessId {
                        pid: Pid(pid),
                        start: 1,
                    },
                    tid: None,
                    comm: "x".into(),
                    uid: None,
                    held: Held::Fd { fd: 3 },
                };
                (Inode(*inode), detail, owner)
            })
            .collect();
        let at = |address| -> Vec<Named<'_>> {
            let there = all.iter().filter(|it| it.1.address() == Some(address));
            let named = there.map(|(inode, detail, owner)| Named {
                inode: *inode,
                detail,
                owner,
            });
            named.collect()
        };
        let (sign, owners) = match called(inet, alone, at) {
            Called::Surely(owners) => ('+', owners),
            Called::Perhaps(owners) => ('?', owners),
            Called::Nobody => ('-', Vec::new()),
        };
        let pids: Vec<String> = owners.iter().map(|it| it.id.pid.to_string()).collect();
        format!("{sign}{}", pids.join(","))
    }

    const ANY: &str = "0.0.0.0:22";
    const SIX: &str = "[::]:22";

    #[test]
    fn a_name_only_one_socket_has_names_its_holders() {
        let listener = socket(ANY, "0.0.0.0:0", State::Listen);
        assert_eq!(told(&listener, true, &[(7, ANY, None)]), "+1");
        // Inherited: two holders of one socket.
        let shared = [(7, ANY, None), (7, ANY, None)];
        assert_eq!(told(&listener, true, &shared), "+1,2");
        let two = [(7, ANY, None), (8, ANY, None)];
        assert_eq!(told(&listener, true, &two), "?1,2");
        assert_eq!(told(&listener, false, &[(7, ANY, None)]), "?1");
        assert_eq!(told(&listener, true, &[(7, "0.0.0.0:23", None)]), "-");
        // A connection made on the port is not its listener.
        let made = [(7, ANY, Some("192.0.2.1:9"))];
        assert_eq!(told(&listener, true, &made), "-");
    }

    #[test]
    fn both_ends_are_one_connection() {
        let (here, there) = ("192.0.2.7:22", "192.0.2.1:9");
        let row = socket(here, there, State::Established);
        let mapped = ("[::ffff:192.0.2.7]:22", "[::ffff:192.0.2.1]:9");
        let found = [
            (7, here, Some(there)),
            (8, here, Some("192.0.2.1:10")),
            (9, mapped.0, Some(mapped.1)),
            (10, here, None),
        ];
        assert_eq!(told(&row, false, &found), "+1,3");
        assert_eq!(told(&row, true, &found[3..]), "-");
    }

    #[test]
    fn an_ipv6_listener_may_be_the_row_among_the_ipv4_ones() {
        let four = socket(ANY, "0.0.0.0:0", State::Listen);
        assert_eq!(told(&four, true, &[(7, SIX, None)]), "?1");
        assert_eq!(told(&four, true, &[(7, SIX, None), (8, ANY, None)]), "+2");
        let six = socket(SIX, "[::]:0", State::Listen);
        assert_eq!(told(&six, true, &[(7, SIX, None)]), "+1");
        assert_eq!(told(&six, true, &[(8, ANY, None)]), "-");
    }

    #[test]
    fn the_type_tells_transports_apart() {
        let mut inet = socket(ANY, "0.0.0.0:0", State::Close);
        inet.proto = Proto::Udp;
        assert_eq!(told(&inet, true, &[(7, ANY, None)]), "-");
    }
}
