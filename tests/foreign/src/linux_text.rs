//! Text of `/proc`.

use crate::{choice, lines};
use linux::parse::proc_net::{self, Rows, Table};
use linux::parse::{
    Order, behind, counters as counted, fdinfo as info, forgery, igmp, interfaces, links, locks,
    maps as mapped, mounts, namespaces, proc_mounts, route, rules, sctp, snmp, stat,
};
use model::counters::Counters;
use model::{Family, Foreign, Inode, NetNs, Proto};

/// Every table of `/proc/net` there is a parser for.
const TABLES: [(Family, Option<Proto>); 9] = [
    (Family::Inet, Some(Proto::Tcp)),
    (Family::Inet6, Some(Proto::Tcp)),
    (Family::Inet, Some(Proto::Udp)),
    (Family::Inet6, Some(Proto::UdpLite)),
    (Family::Inet, Some(Proto::Raw)),
    (Family::Inet6, Some(Proto::Icmp)),
    (Family::Unix, None),
    (Family::Packet, None),
    (Family::Netlink, None),
];

fn order(number: usize) -> Order {
    if number & 0x80 == 0 {
        Order::Little
    } else {
        Order::Big
    }
}

/// `/proc/net/tcp` and its like: rows and gaps are the lines but the heading, and the chunks
/// they come in change nothing.
pub(crate) fn tables(bytes: &[u8]) {
    let (number, text) = choice(bytes);
    let (family, proto) = *TABLES.iter().cycle().nth(number & 0x7f).unwrap();
    let table = Table {
        family,
        proto,
        netns: Some(NetNs(7)),
        order: order(number),
    };
    let (sockets, gaps) = proc_net::table(text, "t", &table);
    let first = text.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let heading = usize::from(!text.is_empty() && table.row(first).is_none());
    assert_eq!(sockets.len() + gaps.len() + heading, lines(text));
    let size = (number & 0x7f).max(1);
    let (mut again, mut lost) = (Vec::new(), Vec::new());
    let mut rows = Rows::new(table, "t");
    for chunk in text.chunks(size) {
        rows.push(chunk, &mut |socket| again.push(socket), &mut lost);
    }
    rows.end(&mut |socket| again.push(socket), &mut lost);
    assert_eq!((sockets, gaps), (again, lost));
    let name = Foreign::from(text);
    let forged = forgery::forgery(Inode(1), &name, &table).map(|it| it.rows.len());
    assert!(forged.unwrap_or(0) < lines(text).max(1) + 1);
}

/// Counters, groups, routes, addresses and associations.
pub(crate) fn counters(bytes: &[u8]) {
    let (number, text) = choice(bytes);
    let order = order(number);
    let mut told = Counters::default();
    let mut gaps = Vec::new();
    counted::sockstat(text, "t", &mut told, &mut gaps);
    counted::protocols(text, "t", &mut told, &mut gaps);
    let _ = counted::established(text);
    let most = lines(text);
    let (groups, lost) = igmp::inet(text, "t", order);
    assert!(groups.len() + lost.len() <= most);
    let (groups, lost) = igmp::inet6(text, "t");
    assert!(groups.len() + lost.len() <= most);
    let (routes, lost) = route::inet(text, "t", order);
    assert!(routes.len() + lost.len() <= most);
    let (routes, lost) = route::inet6(text, "t");
    assert!(routes.len() + lost.len() <= most);
    let (addresses, lost) = interfaces::inet6(text, "t");
    assert!(addresses.len() + lost.len() <= most);
    let _ = (snmp::pairs(text, "t"), snmp::inet6(text, "t"));
    let _ = snmp::sctp(text, "t");
    let (ends, lost) = sctp::endpoints(text, "t", None);
    assert!(ends.len() + lost.len() <= most);
    let (ends, lost) = sctp::associations(text, "t", None);
    assert!(ends.len() + lost.len() <= most);
    assert!(rules::taps(text).len() <= most);
}

/// What `/proc/PID` tells of a process and of what is behind it.
pub(crate) fn process(bytes: &[u8]) {
    let _ = stat::stat(bytes);
    let _ = (stat::uid(bytes), stat::effective_uid(bytes));
    let _ = (stat::capabilities(bytes), stat::ns_pids(bytes));
    let _ = (links::socket(bytes), links::netns(bytes));
    let _ = links::is_io_uring(bytes);
    let (path, _) = behind::exe(bytes);
    assert!(path.len() <= bytes.len());
    let _ = behind::looks_like_kernel_thread(bytes);
    let _ = behind::preloads(bytes).count();
    if let Some(cgroup) = behind::cgroup(bytes) {
        let _ = behind::container(cgroup);
    }
}

/// `/proc/PID/fdinfo/N`, and `/proc/locks`, whose lines it has too.
pub(crate) fn fdinfo(bytes: &[u8]) {
    let _ = info::fdinfo(bytes);
    let _ = locks::locked(bytes);
    let most = lines(bytes);
    assert!(links::fixed_files(bytes).count() <= most);
    let _ = links::waiting_descriptors(bytes);
}

/// `/proc/PID/maps`: files and gaps are at most the lines.
pub(crate) fn maps(bytes: &[u8]) {
    let (mut gaps, mut found) = (Vec::new(), 0);
    mapped::files(bytes, "t", &mut gaps, &mut |_| found += 1);
    assert!(found + gaps.len() <= lines(bytes));
    let _ = behind::code(bytes, None);
    let exe = bytes.get(..bytes.len() / 2);
    let _ = behind::code(bytes, exe);
}

/// `/proc/PID/mountinfo` and `/proc/swaps`.
pub(crate) fn mountinfo(bytes: &[u8]) {
    let most = lines(bytes);
    let (found, gaps) = mounts::mountinfo(bytes, "t");
    assert!(found.len() + gaps.len() <= most);
    let (found, gaps) = mounts::swaps(bytes, "t");
    assert!(found.len() + gaps.len() <= most);
    let (found, gaps) = proc_mounts::mountinfo(bytes, "t");
    assert!(found.len() + gaps.len() <= most);
    assert!(namespaces::mounted(bytes).len() <= most);
    let _ = proc_mounts::standing(bytes, b"tmpfs");
    let _ = proc_mounts::hidepid(bytes);
}
