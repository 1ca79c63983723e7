//! Numbers, names and JSON of sockets.

use super::*;

#[test]
fn states_keep_number_and_name() {
    for number in 0..=255 {
        let state = State::from_number(number);
        assert_eq!(state.number(), number);
        let json = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<State>(&json).unwrap(), state);
    }
    assert!(serde_json::from_str::<State>("\"STATE-256\"").is_err());
}

#[test]
fn a_socket_survives_its_json() {
    let socket = Socket {
        netns: Some(NetNs(4_026_531_833)),
        kind: Kind::of(Inet {
            proto: Proto::Tcp,
            local: "::1".parse().unwrap(),
            port: 22,
            remote: "::".parse().unwrap(),
            remote_port: 0,
            state: State::Listen,
            device: Some(IfIndex(2)),
            v6only: Some(true),
            timer: None,
        }),
        inode: Inode(7),
        cookie: Some(Cookie(u64::MAX)),
        uid: Some(Uid(0)),
        recv_queue: 0,
        send_queue: 128,
        refs: None,
        slot: None,
        streams: None,
        filter: None,
    };
    let json = serde_json::to_string(&socket).unwrap();
    assert!(
        json.contains(r#""family":"inet6","proto":"tcp","local":"::1","port":22"#),
        "{json}"
    );
    assert_eq!(serde_json::from_str::<Socket>(&json).unwrap(), socket);
}

#[test]
fn vsock_and_xdp_survive_their_json() {
    let vsock = Vsock {
        vsock_type: UnixType::Stream,
        state: State::Listen,
        cid: Vsock::ANY,
        port: 9999,
        remote_cid: Vsock::ANY,
        remote_port: Vsock::ANY,
        shutdown: 0,
    };
    assert!(vsock.is_listener());
    let xdp = Xdp {
        device: IfIndex(2),
        queue: 1,
        rx_ring: Some(64),
        tx_ring: None,
        umem: Some(Umem {
            id: 3,
            size: 65536,
            chunk_size: 4096,
            zero_copy: false,
        }),
        dropped: Some(0),
    };
    for kind in [Kind::Vsock(vsock), Kind::Xdp(xdp)] {
        let family = serde_json::to_string(&kind.family()).unwrap();
        let socket = Socket::new(kind, Inode(7));
        let json = serde_json::to_string(&socket).unwrap();
        assert!(json.contains(&format!(r#""family":{family}"#)), "{json}");
        assert_eq!(serde_json::from_str::<Socket>(&json).unwrap(), socket);
        assert_eq!(socket.endpoint(), None);
    }
}
