//! Messages of netlink, and structures the kernel copies out.

use crate::choice;
use linux::parse::limits::Limits;
use linux::parse::nft::{self, steer};
use linux::parse::sock_diag::Dump;
use linux::parse::{
    Order, bpf as filters, bpf_links, exact, getdents as entries, interfaces, netlink,
    rtnetlink as net, rules, sockaddr, statmount as mounts, tiling, xt,
};
use model::receipt::Receipt;
use model::steering::Steer;
use model::{Family, IfIndex, Proto};

const DUMPS: [(Family, Option<Proto>); 10] = [
    (Family::Inet, Some(Proto::Tcp)),
    (Family::Inet6, Some(Proto::Tcp)),
    (Family::Inet, Some(Proto::Udp)),
    (Family::Inet6, Some(Proto::Sctp)),
    (Family::Inet, Some(Proto::Mptcp)),
    (Family::Unix, None),
    (Family::Packet, None),
    (Family::Netlink, None),
    (Family::Vsock, None),
    (Family::Xdp, None),
];

fn order(number: usize) -> Order {
    if number & 0x80 == 0 {
        Order::Little
    } else {
        Order::Big
    }
}

/// The bodies of the messages in a buffer, as far as they can be told.
fn bodies(bytes: &[u8], order: Order) -> Vec<&[u8]> {
    let messages = netlink::messages(bytes, order);
    messages.flatten().map(|message| message.body).collect()
}

/// An answer of sock_diag: read message by message, and with suspicion.
pub(crate) fn sock_diag(bytes: &[u8]) {
    let (number, buffer) = choice(bytes);
    let (family, proto) = *DUMPS.iter().cycle().nth(number & 0x7f).unwrap();
    let dump = Dump {
        family,
        proto,
        netns: None,
        order: order(number),
    };
    let mut told = 0;
    for body in bodies(buffer, dump.order) {
        told += usize::from(dump.socket(body).is_some());
        let _ = netlink::errno(body, dump.order);
    }
    let _ = dump.socket(buffer).and_then(|socket| {
        let inet = socket.kind.inet()?;
        exact::get(inet)
    });
    for length in [buffer.len(), buffer.len() / 2, buffer.len() + 1] {
        let mut reader = tiling::Reader {
            dump,
            place: "t",
            receipt: Receipt::default(),
            done: false,
        };
        reader.buffer(buffer, length);
        let sockets = reader.receipt.sockets.len();
        assert!(u64::try_from(sockets).unwrap() <= reader.receipt.messages);
        if length == buffer.len() && reader.receipt.gaps.is_empty() && !reader.done {
            assert_eq!(sockets, told);
        }
    }
}

/// Interfaces, addresses, routing rules and filters.
pub(crate) fn rtnetlink(bytes: &[u8]) {
    let (number, buffer) = choice(bytes);
    let order = order(number);
    let mut each = bodies(buffer, order);
    each.push(buffer);
    for body in each {
        let _ = (net::link(body, order), net::address(body, order));
        let _ = net::kernel_port(body, order);
        let _ = (
            interfaces::link(body, order),
            interfaces::address(body, order),
        );
        let _ = (rules::rule(body, order), rules::local_route(body, order));
        let _ = (rules::xdp(body, order), rules::filter(body, order));
        let _ = rules::classified(body, order);
        let _ = sockaddr::internet(body, order);
        let _ = netlink::attributes(body, order).count();
    }
    let _ = rules::filters(IfIndex(1), 2);
}

/// Chains, rules and sets of nftables.
pub(crate) fn nft(bytes: &[u8]) {
    let (number, buffer) = choice(bytes);
    let order = order(number);
    let mut set = nft::Set::default();
    let mut each = bodies(buffer, order);
    each.push(buffer);
    for body in each {
        if let Some(chain) = nft::chain(body, order) {
            let _: Option<Steer> = nft::policy(&chain);
        }
        if let Some(rule) = nft::rule(body, order) {
            let _ = nft::sets(&rule, order);
            let _ = steer(&rule, &nft::Sets::default(), Some("input"), order);
        }
        set.add(body, order);
    }
    let _ = (set.protocols(), set.keys_are_longer());
    for (low, high) in set.ranges().unwrap_or_default() {
        assert!(low <= high);
    }
}

/// Tables of the older iptables.
pub(crate) fn xtables(bytes: &[u8]) {
    let (number, rest) = choice(bytes);
    let order = order(number);
    let layout = if number & 1 == 0 { xt::V4 } else { xt::V6 };
    let (info, entries) = rest.split_at(rest.len().min(xt::INFO));
    let _ = xt::table(layout, "nat", info, entries, order);
    let _ = xt::target(b"REDIRECT", rest, order);
    let mut limits = Limits::default();
    for name in [&b"tcp"[..], b"multiport", b"udp"] {
        xt::limit(name, rest, order, &mut limits);
    }
}

/// Filters of packet sockets, and links and programs of BPF.
pub(crate) fn bpf(bytes: &[u8]) {
    let (number, rest) = choice(bytes);
    let order = order(number);
    let _ = filters::filter(rest, order);
    let _ = bpf_links::program(rest, order);
    let _ = (bpf_links::name(rest), bpf_links::loader(rest, order));
    let half = rest.get(rest.len() / 2..);
    let _ = bpf_links::steer(rest, half, None, order);
}

/// A listing of a directory.
pub(crate) fn getdents(bytes: &[u8]) {
    let (number, buffer) = choice(bytes);
    for length in [buffer.len(), buffer.len() / 2, buffer.len() + 1] {
        let listing = entries::listing(buffer, length, order(number));
        assert!(listing.names.len() * 20 <= buffer.len() + 20);
        let pids = entries::pids(&listing.names).count();
        assert!(pids <= listing.names.len());
    }
}

/// `statmount(2)`.
pub(crate) fn statmount(bytes: &[u8]) {
    let (number, buffer) = choice(bytes);
    let (mounts, gaps) = mounts::mounts(buffer, order(number), "t");
    assert!(buffer.is_empty() || !mounts.is_empty() || !gaps.is_empty());
}
