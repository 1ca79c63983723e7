//! Every call receives the same answer, untouched, and one socket can be asked for alone.

use crate::make::{bound, listener};
use crate::stage::staged;
use linux::States;
use linux::read::receipt::{exact, receipt};
use model::receipt::{Receipt, Receive};
use model::{Family, Proto, State};
use sysroot::Sysroot;

fn ports(receipt: &Receipt) -> Vec<u16> {
    assert_eq!((&receipt.signs[..], &receipt.gaps[..]), (&[][..], &[][..]));
    assert!(receipt.carved.is_empty());
    let mut ports: Vec<u16> = receipt
        .sockets
        .iter()
        .filter_map(|socket| Some(socket.kind.inet()?.port))
        .collect();
    ports.sort_unstable();
    ports
}

#[test]
fn all_calls_receive_the_same() {
    if !staged(&[]) {
        return;
    }
    let _held: Vec<_> = (4000..4600).map(listener).collect();
    let _idle = bound(9999);
    let root = Sysroot::live().unwrap();
    let listening: Vec<u16> = (4000..4600).collect();
    let with_bound: Vec<u16> = (4000..4600).chain([9999]).collect();
    let unbound = States(!States::of(&[State::Bound]).0);
    for by in Receive::ALL {
        let ask = |states| receipt(&root, Family::Inet, Some(Proto::Tcp), states, by);
        assert_eq!(ports(&ask(unbound)), listening, "{by:?}");
        assert_eq!(ports(&ask(States::ALL)), with_bound, "{by:?}");
    }
    for family in [Family::Unix, Family::Packet, Family::Netlink] {
        let unix = receipt(&root, family, None, States::ALL, Receive::Read);
        assert_eq!(
            (&unix.signs[..], &unix.gaps[..]),
            (&[][..], &[][..]),
            "{family:?}"
        );
    }
}

#[test]
fn one_socket_is_asked_for_alone() {
    if !staged(&[]) {
        return;
    }
    let _held = listener(4444);
    let root = Sysroot::live().unwrap();
    let all = receipt(
        &root,
        Family::Inet,
        Some(Proto::Tcp),
        States::ALL,
        Receive::Read,
    );
    let mut inet = all.sockets[0].kind.inet().unwrap().clone();
    let found = exact(&root, &inet).unwrap().unwrap();
    assert_eq!(
        (found.inode, found.cookie),
        (all.sockets[0].inode, all.sockets[0].cookie)
    );
    inet.port = 4445;
    assert_eq!(exact(&root, &inet).unwrap(), None);
}

#[test]
fn a_datagram_socket_is_asked_for_alone() {
    if !staged(&[]) {
        return;
    }
    let root = Sysroot::live().unwrap();
    for (at, none) in [("127.0.0.1:5353", "0.0.0.0"), ("[::1]:5354", "::")] {
        let _held = std::net::UdpSocket::bind(at).unwrap();
        let at: std::net::SocketAddr = at.parse().unwrap();
        let family = match at {
            std::net::SocketAddr::V4(_) => Family::Inet,
            std::net::SocketAddr::V6(_) => Family::Inet6,
        };
        let dump = receipt(&root, family, Some(Proto::Udp), States::ALL, Receive::Read);
        let mut inet = dump.sockets[0].kind.inet().unwrap().clone();
        assert_eq!((inet.local, inet.remote), (at.ip(), none.parse().unwrap()));
        let found = exact(&root, &inet).unwrap().unwrap();
        assert_eq!(found.inode, dump.sockets[0].inode);
        inet.port += 10;
        assert_eq!(exact(&root, &inet).unwrap(), None);
    }
}

#[test]
fn a_recording_reads_back_the_same() {
    if !staged(&[]) {
        return;
    }
    let _held = listener(4444);
    let tape = std::env::temp_dir().join(format!("concord-receipt-{}", std::process::id()));
    let live = Sysroot::recording(&tape).unwrap();
    let ask = |root: &Sysroot| {
        receipt(
            root,
            Family::Inet,
            Some(Proto::Tcp),
            States::ALL,
            Receive::Recvmmsg,
        )
    };
    let told = ask(&live);
    live.finish().unwrap();
    let taped = ask(&Sysroot::at(&tape).unwrap());
    std::fs::remove_dir_all(&tape).unwrap();
    assert_eq!(told.sockets.len(), 1);
    assert_eq!(taped, told);
}
