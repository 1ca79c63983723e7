//! Messages built field by field.

use super::*;
use proptest::prelude::*;

const fn of(family: Family, proto: Option<Proto>) -> Dump {
    Dump {
        family,
        proto,
        netns: None,
        order: Order::Little,
    }
}

const TCP: Dump = of(Family::Inet, Some(Proto::Tcp));
const TCP6: Dump = of(Family::Inet6, Some(Proto::Tcp));

/// A TCP message; `state` and `family` are the first two bytes.
fn inet_message(family: u8, state: u8, address: &[u8], attributes: &[u8]) -> Vec<u8> {
    let mut body = vec![family, state, 2, 3]; // keepalive, 3 retransmissions
    body.extend_from_slice(&4444u16.to_be_bytes()); // source port
    body.extend_from_slice(&0u16.to_be_bytes()); // destination port
    body.extend_from_slice(address);
    body.resize(8 + 16 + 16, 0); // source, destination
    body.extend_from_slice(&2u32.to_le_bytes()); // interface
    body.extend_from_slice(&7u32.to_le_bytes()); // cookie, low
    body.extend_from_slice(&1u32.to_le_bytes()); // cookie, high
    body.extend_from_slice(&5000u32.to_le_bytes()); // expires
    body.extend_from_slice(&1u32.to_le_bytes()); // receive queue
    body.extend_from_slice(&128u32.to_le_bytes()); // send queue
    body.extend_from_slice(&1000u32.to_le_bytes()); // uid
    body.extend_from_slice(&99u32.to_le_bytes()); // inode
    body.extend_from_slice(attributes);
    body
}

#[test]
fn an_inet_message() {
    let socket = TCP
        .socket(&inet_message(2, 10, &[127, 0, 0, 1], &[]))
        .expect("a socket");
    let inet = socket.kind.inet().unwrap();
    assert_eq!(
        (inet.local, inet.port),
        ("127.0.0.1".parse().unwrap(), 4444)
    );
    assert_eq!(
        (inet.remote, inet.remote_port),
        ("0.0.0.0".parse().unwrap(), 0)
    );
    assert_eq!((inet.state, inet.device), (State::Listen, Some(IfIndex(2))));
    assert_eq!(socket.cookie, Some(Cookie(0x1_0000_0007)));
    assert_eq!((socket.recv_queue, socket.send_queue), (1, 128));
    assert_eq!((socket.uid, socket.inode), (Some(Uid(1000)), Inode(99)));
    let timer = inet.timer.unwrap();
    assert_eq!(
        (timer.kind, timer.expires_ms, timer.retransmits),
        (2, 5000, 3)
    );
}

#[test]
fn a_v6_message_with_attributes() {
    let address: Ipv6Addr = "2001:db8::1".parse().unwrap();
    let attributes = [5, 0, 8, 0, 3, 0, 0, 0, 5, 0, 11, 0, 1, 0, 0, 0];
    let body = inet_message(10, 10, &address.octets(), &attributes);
    let socket = TCP6.socket(&body).expect("a socket");
    let inet = socket.kind.inet().unwrap();
    assert_eq!((inet.local, inet.v6only), (address.into(), Some(true)));
    assert_eq!(
        TCP.socket(&body),
        None,
        "a message of another family than was asked for"
    );
}

#[test]
fn a_closed_tcp_socket_is_bound() {
    let closed = |dump: &Dump| {
        let socket = dump.socket(&inet_message(2, 7, &[0; 4], &[])).unwrap();
        socket.kind.inet().unwrap().state
    };
    assert_eq!(closed(&TCP), State::Bound);
    assert_eq!(closed(&of(Family::Inet, Some(Proto::Udp))), State::Close);
}

#[test]
fn an_association_has_states_of_its_own() {
    let sctp = of(Family::Inet, Some(Proto::Sctp));
    let told = |state: u8, attributes: &[u8]| {
        let socket = sctp.socket(&inet_message(2, state, &[127, 0, 0, 1], attributes));
        let inet = socket.unwrap().kind.inet().cloned().unwrap();
        (inet.state, inet.device)
    };
    let peers = [6, 0, 13, 0, 2, 0, 0, 0];
    assert_eq!(told(10, &[]), (State::Listen, Some(IfIndex(2))));
    assert_eq!(told(3, &peers), (State::Established, None));
    assert_eq!(told(5, &peers), (State::FinWait2, None));
    assert_eq!(told(99, &peers), (State::Other(99), None));
}

#[test]
fn a_unix_message() {
    let mut body = vec![1, 1, 10, 0]; // unix, stream, listening
    body.extend_from_slice(&55u32.to_le_bytes()); // inode
    body.extend_from_slice(&[9, 0, 0, 0, 0, 0, 0, 0]); // cookie
    body.extend_from_slice(&[9, 0, 0, 0, 0, b'a', b'\n', 0xff, b'z', 0, 0, 0]); // name, padded
    body.extend_from_slice(&[12, 0, 4, 0, 2, 0, 0, 0, 5, 0, 0, 0]); // queues
    body.extend_from_slice(&[8, 0, 7, 0, 0xe8, 3, 0, 0]); // uid
    let socket = of(Family::Unix, None).socket(&body).expect("a socket");
    let Kind::Unix(unix) = socket.kind else {
        panic!()
    };
    assert!(unix.listening);
    assert_eq!(unix.path, Some(Foreign::from(&b"\0a\n\xffz"[..])));
    assert_eq!(
        (socket.recv_queue, socket.send_queue, socket.uid),
        (2, 5, Some(Uid(1000)))
    );
    assert_eq!(unix_name(b"/run/x\0"), Foreign::from("/run/x"));
}

#[test]
fn packet_and_netlink_messages() {
    let mut body = vec![17, 3, 3, 0]; // packet, raw, ETH_P_ALL in host order
    body.extend_from_slice(&12u32.to_le_bytes()); // inode
    body.extend_from_slice(&[1, 0, 0, 0, 0, 0, 0, 0]); // cookie
    body.extend_from_slice(&[28, 0, 0, 0]); // info: device 2, …, running
    for word in [2u32, 0, 0, 0, 0, 1] {
        body.extend_from_slice(&word.to_le_bytes());
    }
    body.extend_from_slice(&[12, 0, 7, 0, 6, 0, 0, 0, 1, 0, 0, 0]); // filter: ret #1
    let socket = of(Family::Packet, None).socket(&body).expect("a socket");
    assert_eq!(
        socket.filter.map(|it| it.text),
        Some(vec!["ret #1".to_owned()])
    );
    let Kind::Packet(packet) = socket.kind else {
        panic!()
    };
    assert_eq!(
        (packet.ethertype, packet.device, packet.running),
        (3, IfIndex(2), true)
    );

    let mut body = vec![16, 3, 15, 1]; // netlink, raw, protocol 15, state
    for word in [4242u32, 0, 0, 77, 5, 0] {
        body.extend_from_slice(&word.to_le_bytes()); // port, peer, group, inode, cookie
    }
    body.extend_from_slice(&[8, 0, 1, 0, 3, 0, 0, 0]); // groups
    let socket = of(Family::Netlink, None).socket(&body).expect("a socket");
    let Kind::Netlink(netlink) = socket.kind else {
        panic!()
    };
    assert_eq!(
        (netlink.protocol, netlink.portid, netlink.groups),
        (15, 4242, 3)
    );
    assert_eq!(socket.inode, Inode(77));
}

#[test]
fn short_messages_are_none() {
    let whole = inet_message(2, 10, &[127, 0, 0, 1], &[]);
    for length in 0..whole.len() {
        assert_eq!(TCP.socket(&whole[..length]), None, "{length}");
    }
}

#[test]
fn requests_have_the_kernels_sizes() {
    assert_eq!(
        dump(Family::Inet, Some(Proto::Tcp), 1 << 10, None).len(),
        16 + 56
    );
    assert_eq!(
        dump(Family::Inet6, Some(Proto::Mptcp), 0, None).len(),
        16 + 56 + 8
    );
    // Family, protocol, extensions, padding, states; then the local port as in a packet.
    let of_port = dump(Family::Inet, Some(Proto::Tcp), 1 << 10, Some(0x1234));
    assert_eq!(of_port[24..28], [0x12, 0x34, 0, 0]);
    // INET_DIAG_REQ_PROTOCOL is 3: any other number is passed over.
    let attribute = [8u16, 3].map(u16::to_ne_bytes).concat();
    assert_eq!(
        dump(Family::Inet, Some(Proto::Mptcp), 0, None)[72..76],
        attribute
    );
    assert_eq!(dump(Family::Unix, None, 0, None).len(), 16 + 24);
    assert_eq!(dump(Family::Packet, None, 0, None).len(), 16 + 20);
    assert_eq!(dump(Family::Netlink, None, 0, None).len(), 16 + 20);
}

proptest! {
    #[test]
    fn no_message_panics(mut body in proptest::collection::vec(any::<u8>(), 0..160), pick in 0usize..5, big: bool) {
        let (family, number, proto) = [
            (Family::Inet, 2, Some(Proto::Tcp)),
            (Family::Inet6, 10, Some(Proto::Raw)),
            (Family::Unix, 1, None),
            (Family::Packet, 17, None),
            (Family::Netlink, 16, None),
        ][pick];
        if let Some(first) = body.first_mut() {
            *first = number;
        }
        let order = if big { Order::Big } else { Order::Little };
        let _ = Dump { family, proto, netns: None, order }.socket(&body);
    }
}
