//! Interfaces, addresses and tunnels of the reader's network namespace, by rtnetlink, and
//! the ports of the NFS server.

use super::{netlink, order};
use crate::parse::Order;
use crate::parse::netlink::{CHANGED, ERROR, INTERRUPTED, errno, messages};
use crate::parse::rtnetlink;
use crate::parse::text::{decimal32, split_once};
use model::{Foreign, Gap, Gaps, IfIndex, KernelPort, Proto};
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

/// Ports the kernel itself holds: those of tunnels, and of the NFS server where one runs
/// (`/proc/fs/nfsd/portlist`, a line `udp 2049` each), in order.
#[must_use]
pub fn kernel_ports(root: &Sysroot) -> (Vec<KernelPort>, Gaps) {
    let (rows, gaps) = table(
        root,
        "rtnetlink/links",
        &rtnetlink::links(),
        rtnetlink::NEW_LINK,
        rtnetlink::kernel_port,
    );
    let mut ports: Vec<KernelPort> = rows.into_iter().flatten().collect();
    let nfsd = root.read("/proc/fs/nfsd/portlist").unwrap_or_default();
    for line in nfsd.split(|&byte| byte == b'\n') {
        let (proto, port) = split_once(line, b' ').unwrap_or_default();
        let proto = match proto {
            b"tcp" | b"tcp6" => Proto::Tcp,
            b"udp" | b"udp6" => Proto::Udp,
            _ => continue,
        };
        let port = decimal32(port).and_then(|port| u16::try_from(port).ok());
        ports.extend(port.map(|port| KernelPort {
            proto,
            port,
            kind: Foreign::from("nfsd"),
            device: None,
        }));
    }
    ports.sort_unstable();
    ports.dedup();
    (ports, gaps)
}

/// The rows of a table of rtnetlink.
pub(super) fn table<T>(
    root: &Sysroot,
    place: &str,
    request: &[u8],
    wanted: u16,
    parse: fn(&[u8], Order) -> Option<T>,
) -> (Vec<T>, Gaps) {
    let order = order(root);
    let (mut rows, mut gaps, mut changed) = (Vec::new(), Gaps::new(), false);
    let result = root.answer(
        place,
        |sink| {
            netlink::settled(
                |sink| netlink::ask(SockProtocol::NetlinkRoute, request, sink),
                sink,
            )
        },
        &mut |datagram| {
            for message in messages(datagram, order) {
                changed |= message.is_ok_and(|it| it.flags & INTERRUPTED != 0);
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
    if changed {
        gaps.push(Gap::new(place, CHANGED));
    }
    (rows, gaps)
}
