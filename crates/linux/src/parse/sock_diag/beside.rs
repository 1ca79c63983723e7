//! Messages of vsock and XDP sockets (`include/uapi/linux/{vm_sockets_diag,xdp_diag}.h`).

use super::{AF_VSOCK, AF_XDP, Dump, small_body};
use crate::parse::netlink::attributes;
use model::{IfIndex, Inode, Kind, Socket, State, Uid, Umem, UnixType, Vsock, Xdp};

/// `struct vsock_diag_req`: states, inode, what to show, cookie. The kernel heeds the states.
pub(super) fn vsock_request(states: u32) -> Vec<u8> {
    small_body(AF_VSOCK, 0, &[states, 0, 0, 0, 0])
}

/// `struct xdp_diag_req`: inode, what to show, cookie.
pub(super) fn xdp_request() -> Vec<u8> {
    const SHOW: u32 = 0x1 | 0x2 | 0x4 | 0x8 | 0x10; // info with the uid, rings, memory, queues, counters
    small_body(AF_XDP, 0, &[0, SHOW, 0, 0])
}

impl Dump {
    /// `struct vsock_diag_msg`, 32 bytes, and no attributes.
    pub(super) fn vsock(&self, body: &[u8]) -> Option<Socket> {
        let [_, vsock_type, state, shutdown] = *body.first_chunk()?;
        let kind = Kind::Vsock(Vsock {
            vsock_type: UnixType::from_number(vsock_type),
            state: State::from_number(state),
            cid: self.word(body, 4)?,
            port: self.word(body, 8)?,
            remote_cid: self.word(body, 12)?,
            remote_port: self.word(body, 16)?,
            shutdown,
        });
        Some(Socket {
            netns: self.netns,
            cookie: Some(self.cookie(body, 24)?),
            ..Socket::new(kind, Inode(self.word(body, 20)?.into()))
        })
    }

    /// `struct xdp_diag_msg`, 16 bytes, then attributes.
    pub(super) fn xdp(&self, body: &[u8]) -> Option<Socket> {
        let cookie = self.cookie(body, 8)?;
        let (mut uid, mut memory) = (None, (0, 0));
        let mut xdp = Xdp {
            device: IfIndex(0),
            queue: 0,
            rx_ring: None,
            tx_ring: None,
            umem: None,
            dropped: None,
        };
        for (kind, payload) in attributes(body.get(16..)?, self.order) {
            match kind {
                1 => {
                    xdp.device = IfIndex(self.word(payload, 0)?);
                    xdp.queue = self.word(payload, 4)?;
                }
                2 => uid = self.word(payload, 0).map(Uid),
                3 => xdp.rx_ring = self.word(payload, 0),
                4 => xdp.tx_ring = self.word(payload, 0),
                5 => xdp.umem = Some(self.umem(payload)?),
                8 => memory = (self.word(payload, 0)?, self.word(payload, 8)?),
                9 => xdp.dropped = self.long(payload, 0),
                _ => {}
            }
        }
        Some(Socket {
            netns: self.netns,
            cookie: Some(cookie),
            uid,
            recv_queue: memory.0,
            send_queue: memory.1,
            ..Socket::new(Kind::Xdp(xdp), Inode(self.word(body, 4)?.into()))
        })
    }

    /// `struct xdp_diag_umem`: size, number, pages, chunk, headroom, interface, queue, flags,
    /// references.
    fn umem(&self, payload: &[u8]) -> Option<Umem> {
        const ZERO_COPY: u32 = 1; // XDP_DU_F_ZEROCOPY
        Some(Umem {
            size: self.long(payload, 0)?,
            id: self.word(payload, 8)?,
            chunk_size: self.word(payload, 16)?,
            zero_copy: self.word(payload, 32)? & ZERO_COPY != 0,
        })
    }

    fn long(&self, body: &[u8], at: usize) -> Option<u64> {
        Some(self.order.u64(*body.get(at..)?.first_chunk()?))
    }
}

#[cfg(test)]
mod tests {
    use super::super::dump;
    use super::*;
    use crate::parse::Order;
    use model::{Cookie, Family};
    use proptest::prelude::*;

    const fn of(family: Family, order: Order) -> Dump {
        Dump {
            family,
            proto: None,
            netns: None,
            order,
        }
    }

    fn words(order: Order, words: &[u32]) -> Vec<u8> {
        let bytes = words.iter().map(|word| match order {
            Order::Little => word.to_le_bytes(),
            Order::Big => word.to_be_bytes(),
        });
        bytes.flatten().collect()
    }

    fn attribute(order: Order, kind: u16, payload: &[u32]) -> Vec<u8> {
        let length = u16::try_from(payload.len() * 4 + 4).unwrap();
        let mut head = match order {
            Order::Little => [length.to_le_bytes(), kind.to_le_bytes()].concat(),
            Order::Big => [length.to_be_bytes(), kind.to_be_bytes()].concat(),
        };
        head.extend(words(order, payload));
        head
    }

    fn listener(order: Order) -> Vec<u8> {
        let any = Vsock::ANY;
        let mut body = vec![40, 1, 10, 0];
        body.extend(words(order, &[any, 9999, any, any, 77, 5, 1]));
        body
    }

    fn xdp(order: Order) -> Vec<u8> {
        let mut body = vec![44, 3, 0, 0];
        body.extend(words(order, &[88, 6, 0]));
        body.extend(attribute(order, 1, &[3, 1]));
        body.extend(attribute(order, 2, &[1000]));
        body.extend(attribute(order, 3, &[2048]));
        let size = match order {
            Order::Little => [65536, 0],
            Order::Big => [0, 65536],
        };
        let rest = [4, 16, 4096, 0, 3, 1, 1, 1];
        body.extend(attribute(order, 5, &[&size[..], &rest].concat()));
        body.extend(attribute(order, 8, &[11, 0, 12, 0]));
        let dropped = match order {
            Order::Little => [7, 0],
            Order::Big => [0, 7],
        };
        body.extend(attribute(order, 9, &[&dropped[..], &[0; 10]].concat()));
        body
    }

    #[test]
    fn a_vsock_listener_in_either_byte_order() {
        for order in [Order::Little, Order::Big] {
            let socket = of(Family::Vsock, order).socket(&listener(order)).unwrap();
            assert_eq!(
                (socket.inode, socket.cookie),
                (Inode(77), Some(Cookie(1 << 32 | 5)))
            );
            let Kind::Vsock(vsock) = socket.kind else {
                panic!()
            };
            assert!(vsock.is_listener());
            assert_eq!((vsock.cid, vsock.port), (Vsock::ANY, 9999));
            assert_eq!(vsock.vsock_type, UnixType::Stream);
        }
    }

    #[test]
    fn an_xdp_socket_in_either_byte_order() {
        for order in [Order::Little, Order::Big] {
            let socket = of(Family::Xdp, order).socket(&xdp(order)).unwrap();
            assert_eq!((socket.inode, socket.uid), (Inode(88), Some(Uid(1000))));
            assert_eq!((socket.recv_queue, socket.send_queue), (11, 12));
            let Kind::Xdp(xdp) = socket.kind else {
                panic!()
            };
            assert_eq!((xdp.device, xdp.queue), (IfIndex(3), 1));
            assert_eq!((xdp.rx_ring, xdp.tx_ring), (Some(2048), None));
            assert_eq!(xdp.dropped, Some(7));
            let umem = xdp.umem.unwrap();
            assert_eq!((umem.size, umem.id), (65536, 4));
            assert_eq!((umem.chunk_size, umem.zero_copy), (4096, true));
        }
    }

    #[test]
    fn short_and_foreign_messages_are_none() {
        let vsock = of(Family::Vsock, Order::Little);
        let whole = listener(Order::Little);
        for length in 0..whole.len() {
            assert_eq!(vsock.socket(&whole[..length]), None, "{length}");
        }
        let whole = xdp(Order::Little);
        for length in 0..16 {
            let short = of(Family::Xdp, Order::Little).socket(&whole[..length]);
            assert_eq!(short, None, "{length}");
        }
        assert_eq!(vsock.socket(&whole), None, "another family");
        // An attribute too short for what it is called spoils the message, not the table.
        let mut bad = whole[..16].to_vec();
        bad.extend(attribute(Order::Little, 5, &[1, 2]));
        assert_eq!(of(Family::Xdp, Order::Little).socket(&bad), None);
    }

    #[test]
    fn requests_have_the_kernels_sizes() {
        assert_eq!(dump(Family::Vsock, None, 0, None).len(), 16 + 24);
        assert_eq!(dump(Family::Xdp, None, 0, None).len(), 16 + 20);
        assert_eq!(dump(Family::Vsock, None, 1 << 10, None)[20..24], {
            (1u32 << 10).to_ne_bytes()
        });
    }

    proptest! {
        #[test]
        fn no_message_panics(mut body in proptest::collection::vec(any::<u8>(), 0..160), is_xdp: bool, big: bool) {
            let (family, number) = if is_xdp { (Family::Xdp, AF_XDP) } else { (Family::Vsock, AF_VSOCK) };
            if let Some(first) = body.first_mut() {
                *first = number;
            }
            let order = if big { Order::Big } else { Order::Little };
            if let Some(socket) = of(family, order).socket(&body) {
                prop_assert_eq!(socket.kind.family(), family);
            }
        }

        #[test]
        fn a_vsock_message_says_its_numbers(cid: u32, port: u32, remote_cid: u32, remote_port: u32, state: u8) {
            let mut body = vec![AF_VSOCK, 1, state, 3];
            body.extend(words(Order::Little, &[cid, port, remote_cid, remote_port, 1, 2, 3]));
            let socket = of(Family::Vsock, Order::Little).socket(&body).unwrap();
            let Kind::Vsock(told) = socket.kind else { panic!() };
            prop_assert_eq!((told.cid, told.port), (cid, port));
            prop_assert_eq!((told.remote_cid, told.remote_port), (remote_cid, remote_port));
            prop_assert_eq!(told.state.number(), state);
        }
    }
}
