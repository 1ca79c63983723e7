//! SCTP endpoints and associations: `/proc/net/sctp/{eps,assocs}` (`net/sctp/proc.c`).

use super::route::rows;
use super::text::{Words, decimal, decimal32};
use model::{Gaps, Inet, Inode, Kind, NetNs, Proto, Socket, State, Uid};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// One endpoint or association. It may have several addresses at each end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sctp {
    /// The socket, with the first address of each end.
    pub socket: Socket,
    /// The other addresses of our end.
    pub more_local: Vec<IpAddr>,
    /// The other addresses of the peer's.
    pub more_remote: Vec<IpAddr>,
}

/// Reads `eps`: `ENDPT SOCK STY SST HBKT LPORT UID INODE LADDRS`.
#[must_use]
pub fn endpoints(text: &[u8], place: &str, netns: Option<NetNs>) -> (Vec<Sctp>, Gaps) {
    rows(text, place, |line| {
        let mut words = Words::new(line);
        let state = words.nth(3)?;
        let port = port(words.nth(1)?)?;
        let uid = decimal32(words.next()?)?;
        let inode = decimal(words.next()?)?;
        let local = words.map(address).collect::<Option<Vec<_>>>()?;
        let ends = Ends {
            local,
            port,
            ..Ends::default()
        };
        sctp(ends, state, (0, 0), uid, inode, netns)
    })
}

/// Reads `assocs`: `ASSOC SOCK STY SST ST HBKT ASSOC-ID TX_QUEUE RX_QUEUE UID INODE LPORT
/// RPORT LADDRS <-> RADDRS …`; after the addresses come numbers that are not read.
#[must_use]
pub fn associations(text: &[u8], place: &str, netns: Option<NetNs>) -> (Vec<Sctp>, Gaps) {
    rows(text, place, |line| {
        let mut words = Words::new(line);
        let state = words.nth(3)?;
        let send = decimal32(words.nth(3)?)?;
        let receive = decimal32(words.next()?)?;
        let uid = decimal32(words.next()?)?;
        let inode = decimal(words.next()?)?;
        let (port, remote_port) = (port(words.next()?)?, port(words.next()?)?);
        let mut local = Vec::new();
        for word in words.by_ref().take_while(|word| *word != b"<->") {
            local.push(address(word)?);
        }
        let remote = words.map_while(address).collect();
        let ends = Ends {
            local,
            port,
            remote,
            remote_port,
        };
        sctp(ends, state, (receive, send), uid, inode, netns)
    })
}

#[derive(Default)]
struct Ends {
    local: Vec<IpAddr>,
    port: u16,
    remote: Vec<IpAddr>,
    remote_port: u16,
}

fn sctp(
    ends: Ends,
    state: &[u8],
    (recv_queue, send_queue): (u32, u32),
    uid: u32,
    inode: u64,
    netns: Option<NetNs>,
) -> Option<Sctp> {
    let mut local = ends.local.into_iter();
    let mut remote = ends.remote.into_iter();
    let first = local.next()?;
    let nobody = match first {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let kind = Kind::of(Inet {
        proto: Proto::Sctp,
        local: first,
        port: ends.port,
        remote: remote.next().unwrap_or(nobody),
        remote_port: ends.remote_port,
        state: State::from_number(decimal(state)?.try_into().ok()?),
        device: None,
        v6only: None,
        timer: None,
    });
    Some(Sctp {
        socket: Socket {
            netns,
            uid: Some(Uid(uid)),
            recv_queue,
            send_queue,
            ..Socket::new(kind, Inode(inode))
        },
        more_local: local.collect(),
        more_remote: remote.collect(),
    })
}

fn port(word: &[u8]) -> Option<u16> {
    decimal(word)?.try_into().ok()
}

/// `10.0.0.1`, or eight groups of four digits; the primary one has a `*` before it.
fn address(word: &[u8]) -> Option<IpAddr> {
    let word = word.strip_prefix(b"*").unwrap_or(word);
    std::str::from_utf8(word).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_tables_are_read() {
        let text = b" ENDPT     SOCK   STY SST HBKT LPORT   UID INODE LADDRS\n\
            ffff88017e0a0200 ffff880300f7fa00 2   10  29   11165   200 299689357 10.0.0.102 10.0.0.70 \n";
        let (rows, gaps) = endpoints(text, "eps", None);
        assert_eq!(gaps, []);
        let inet = rows[0].socket.kind.inet().unwrap();
        assert_eq!((inet.port, inet.state), (11165, State::Listen));
        assert_eq!(rows[0].more_local, ["10.0.0.70".parse::<IpAddr>().unwrap()]);
        let text = b" ASSOC     SOCK   STY SST ST HBKT ASSOC-ID TX_QUEUE RX_QUEUE UID INODE LPORT RPORT LADDRS <-> RADDRS HBINT\n\
            ffff8804238ca000 ffff8804238ca000 2   1   4  3  205        5        7     500 6614 33020  36411  *10.0.0.1 10.0.0.2 <-> *FE80:0000:0000:0000:0000:0000:0000:0001 \t    7500    10\n";
        let (rows, gaps) = associations(text, "assocs", None);
        assert_eq!(gaps, []);
        let inet = rows[0].socket.kind.inet().unwrap();
        assert_eq!((inet.port, inet.remote_port), (33020, 36411));
        assert_eq!(inet.remote.to_string(), "fe80::1");
        assert_eq!(
            (rows[0].socket.recv_queue, rows[0].socket.send_queue),
            (7, 5)
        );
    }

    #[test]
    fn rows_cut_short_are_gaps() {
        let (rows, gaps) = endpoints(b"head\n1 2 3 10 29 11165 200\n", "eps", None);
        assert_eq!((rows.len(), gaps.len()), (0, 1));
        let (rows, gaps) = associations(b"head\n1 2 3 10 29 x <-> y\n", "assocs", None);
        assert_eq!((rows.len(), gaps.len()), (0, 1));
    }

    proptest! {
        #[test]
        fn nothing_panics(text: Vec<u8>) {
            let _ = (endpoints(&text, "p", None), associations(&text, "p", None));
        }
    }
}
