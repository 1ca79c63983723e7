//! Interfaces and addresses of the reader's network namespace, by rtnetlink.

use super::{netlink, order};
use crate::parse::Order;
use crate::parse::netlink::{ERROR, errno, messages};
use crate::parse::rtnetlink;
use model::{Foreign, Gap, Gaps, IfIndex};
use nix::sys::socket::SockProtocol;
use std::collections::BTreeMap;
use std::net::IpAddr;
use sysroot::Sysroot;

/// Names of the interfaces.
#[must_use]
pub fn interfaces(root: &Sysroot) -> (BTreeMap<IfIndex, Foreign>, Gaps) {
    let (rows, gaps) = table(
        root,
        "rtnetlink/links",
        &rtnetlink::links(),
        rtnetlink::NEW_LINK,
        rtnetlink::link,
    );
    (rows.into_iter().collect(), gaps)
}

/// Addresses this namespace answers for, with the interface each belongs to, in order.
#[must_use]
pub fn local_addrs(root: &Sysroot) -> (Vec<(IpAddr, IfIndex)>, Gaps) {
    let request = rtnetlink::addresses();
    let (mut rows, gaps) = table(
        root,
        "rtnetlink/addresses",
        &request,
        rtnetlink::NEW_ADDRESS,
        rtnetlink::address,
    );
    rows.sort_unstable();
    rows.dedup();
    (rows, gaps)
}

fn table<T>(
    root: &Sysroot,
    place: &str,
    request: &[u8],
    wanted: u16,
    parse: fn(&[u8], Order) -> Option<T>,
) -> (Vec<T>, Gaps) {
    let order = order(root);
    let (mut rows, mut gaps) = (Vec::new(), Gaps::new());
    let result = root.answer(
        place,
        |sink| netlink::ask(SockProtocol::NetlinkRoute, request, sink),
        &mut |datagram| {
            for message in messages(datagram, order) {
                match message {
                    Ok(message) if message.kind == wanted => match parse(message.body, order) {
                        Some(row) => rows.push(row),
                        None => gaps.push(Gap::new(place, "a message not understood")),
                    },
                    Ok(message) if message.kind == ERROR => {
                        let error = std::io::Error::from_raw_os_error(errno(message.body, order));
                        gaps.push(Gap::io(place, &error));
                    }
                    Ok(_) => {}
                    Err(_) => gaps.push(Gap::new(place, "bytes that are no message")),
                }
            }
        },
    );
    if let Err(error) = result {
        gaps.push(Gap::io(place, &error));
    }
    (rows, gaps)
}
