//! What can lead a packet past the socket with its port: rules, routes and programs, read from
//! the kernel without any other program.

use super::{link_holders, netlink, observer, order};
use crate::parse::netlink::{CHANGED, DONE, ERROR, INTERRUPTED, errno, messages};
use crate::parse::{Order, bpf_links, nft, rules, xt};
use crate::sys::{self, Bpf};
use model::steering::{Action, Steer};
use model::{Gap, Gaps};
use nix::sys::socket::{AddressFamily, SockFlag, SockProtocol, SockType, socket};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::AsFd;
use sysroot::Sysroot;

/// BPF links and programs looked at, at most.
const BPF_MAX: usize = 1 << 16;

/// Holders of one link that are named.
const HOLDERS_MAX: usize = 8;

/// One table of the older iptables, at most.
const TABLE_MAX: usize = 64 << 20;

/// Everything that steers in our network namespace, in order.
#[must_use]
pub fn steering(root: &Sysroot) -> (Vec<Steer>, Gaps) {
    let mut reading = Reading {
        root,
        order: order(root),
        steers: Vec::new(),
        gaps: Gaps::new(),
    };
    reading.nft();
    for (layout, family, names) in [
        (xt::V4, AddressFamily::Inet, "/proc/net/ip_tables_names"),
        (xt::V6, AddressFamily::Inet6, "/proc/net/ip6_tables_names"),
    ] {
        reading.legacy(layout, family, names);
    }
    reading.routing();
    reading.links();
    reading.bpf();
    if let Ok(text) = root.read("/proc/net/ptype") {
        reading.steers.extend(rules::taps(&text));
    }
    reading.steers.sort_unstable();
    reading.steers.dedup();
    (reading.steers, reading.gaps)
}

struct Reading<'a> {
    root: &'a Sysroot,
    order: Order,
    steers: Vec<Steer>,
    gaps: Gaps,
}

impl Reading<'_> {
    /// Asks by netlink and gives each message of the type wanted. A kernel that has no such
    /// tables is no gap. False where not all was told.
    fn dump(
        &mut self,
        protocol: SockProtocol,
        place: &str,
        request: &[u8],
        wanted: u16,
        each: &mut dyn FnMut(&[u8], &mut Self),
    ) -> bool {
        let mut whole = true;
        let mut kept = Vec::new();
        let asked = self.root.answer(
            place,
            |sink| netlink::ask(protocol, request, sink),
            &mut |datagram| kept.extend_from_slice(datagram),
        );
        if let Err(error) = asked {
            // A kernel without this protocol has none of its rules.
            if error.raw_os_error() != Some(libc::EPROTONOSUPPORT) {
                self.gaps.push(Gap::io(place, &error));
            }
            return false;
        }
        let mut told = messages(&kept, self.order).flatten();
        if told.any(|message| message.flags & INTERRUPTED != 0) {
            whole = false;
            self.gaps.push(Gap::new(place, CHANGED));
        }
        for message in messages(&kept, self.order) {
            match message {
                Ok(message) if message.kind == wanted => each(message.body, self),
                Ok(message) if matches!(message.kind, ERROR | DONE) => {
                    let number = errno(message.body, self.order);
                    whole &= number == 0;
                    let absent = [0, libc::ENOENT, libc::EOPNOTSUPP, libc::EINVAL];
                    if !absent.contains(&number) {
                        let error = io::Error::from_raw_os_error(number);
                        self.gaps.push(Gap::io(place, &error));
                    }
                }
                Ok(_) => {}
                Err(_) => {
                    whole = false;
                    self.gaps.push(Gap::new(place, "bytes that are no message"));
                }
            }
        }
        whole
    }

    fn nft(&mut self) {
        const NETFILTER: SockProtocol = SockProtocol::NetlinkNetFilter;
        let order = self.order;
        let (mut chains, mut found) = (Vec::new(), Vec::new());
        let request = nft::chains();
        self.dump(
            NETFILTER,
            "nft/chains",
            &request,
            nft::NEW_CHAIN,
            &mut |body, _| {
                chains.extend(nft::chain(body, order));
            },
        );
        let request = nft::rules();
        self.dump(
            NETFILTER,
            "nft/rules",
            &request,
            nft::NEW_RULE,
            &mut |body, reading| match nft::rule(body, order) {
                Some(rule) => found.push(rule),
                None => reading
                    .gaps
                    .push(Gap::new("nft/rules", "a message that is no rule")),
            },
        );
        let sets = self.sets(&found);
        self.steers.extend(chains.iter().filter_map(nft::policy));
        let hooks: BTreeMap<_, _> = chains
            .iter()
            .filter_map(|it| Some(((it.family, &it.table, &it.name), it.hook?)))
            .collect();
        for rule in &found {
            let hook = hooks.get(&(rule.family, &rule.table, &rule.chain)).copied();
            self.steers.extend(nft::steer(rule, &sets, hook, order));
        }
    }

    /// The sets that rules look something up in, each asked for once. Their names may be as
    /// long as those of files and hold anything, so a recording numbers them.
    fn sets(&mut self, rules: &[nft::Rule]) -> nft::Sets {
        let order = self.order;
        let names: BTreeSet<_> = rules.iter().flat_map(|it| nft::sets(it, order)).collect();
        let mut sets = nft::Sets::new();
        for (index, name) in names.into_iter().enumerate() {
            let mut set = nft::Set::default();
            let whole = self.dump(
                SockProtocol::NetlinkNetFilter,
                &format!("nft/set-{index}"),
                &nft::elements(&name),
                nft::NEW_ELEMENTS,
                &mut |body, _| set.add(body, order),
            );
            if whole {
                sets.insert(name, set);
            }
        }
        sets
    }

    /// The tables named are those that are in use: asking for another would load it.
    fn legacy(&mut self, layout: xt::Layout, family: AddressFamily, names: &str) {
        let names = match self.root.read(names) {
            Ok(names) => names,
            // A kernel without the older iptables.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => return self.gaps.push(Gap::io(names, &error)),
        };
        for name in names
            .split(|&byte| byte == b'\n')
            .filter(|it| !it.is_empty())
        {
            let Ok(name) = std::str::from_utf8(name) else {
                continue;
            };
            let place = format!("{}/{}", layout.program, name.replace('/', "."));
            let mut kept = Vec::new();
            let asked =
                self.root
                    .answer(&place, |sink| ask_table(family, name, sink), &mut |bytes| {
                        kept.extend_from_slice(bytes)
                    });
            if let Err(error) = asked {
                self.gaps.push(Gap::io(place, &error));
                continue;
            }
            let (info, entries) = kept.split_at_checked(xt::INFO).unwrap_or_default();
            let (steers, gaps) = xt::table(layout, name, info, entries, self.order);
            self.steers.extend(steers);
            self.gaps.extend(gaps);
        }
    }

    fn routing(&mut self) {
        const ROUTE: SockProtocol = SockProtocol::NetlinkRoute;
        let order = self.order;
        let request = rules::rules();
        self.dump(
            ROUTE,
            "rtnetlink/rules",
            &request,
            rules::NEW_RULE,
            &mut |body, reading| {
                reading.steers.extend(rules::rule(body, order));
            },
        );
        let request = rules::routes();
        self.dump(
            ROUTE,
            "rtnetlink/routes",
            &request,
            rules::NEW_ROUTE,
            &mut |body, reading| {
                reading.steers.extend(rules::local_route(body, order));
            },
        );
    }

    fn links(&mut self) {
        const ROUTE: SockProtocol = SockProtocol::NetlinkRoute;
        let order = self.order;
        let request = crate::parse::rtnetlink::links();
        self.dump(
            ROUTE,
            "rtnetlink/xdp",
            &request,
            rules::NEW_LINK,
            &mut |body, reading| {
                reading.steers.extend(rules::xdp(body, order));
            },
        );
        let mut classified = Vec::new();
        let request = rules::disciplines();
        self.dump(
            ROUTE,
            "rtnetlink/qdiscs",
            &request,
            rules::NEW_QDISC,
            &mut |body, _| {
                classified.extend(rules::classified(body, order));
            },
        );
        for (device, parents) in classified {
            for &parent in parents {
                let place = format!("rtnetlink/filters-{device}-{parent:x}");
                let request = rules::filters(device, parent);
                self.dump(
                    ROUTE,
                    &place,
                    &request,
                    rules::NEW_FILTER,
                    &mut |body, reading| {
                        reading.steers.extend(rules::filter(body, order));
                    },
                );
            }
        }
    }

    /// Every BPF link, each with its program.
    fn bpf(&mut self) {
        const PLACE: &str = "bpf/links";
        let netns = observer::netns(self.root);
        let mut kept = Vec::new();
        let asked = self
            .root
            .answer(PLACE, ask_links, &mut |bytes| kept.extend_from_slice(bytes));
        match asked {
            Ok(()) => {}
            // A kernel without BPF, or without links.
            Err(error) if matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EINVAL)) => {}
            Err(error) => self.gaps.push(Gap::io(PLACE, &error)),
        }
        let (pairs, _) = kept.as_chunks::<{ 2 * bpf_links::INFO }>();
        for pair in pairs {
            let (link, program) = pair.split_at(bpf_links::INFO);
            let known = program.iter().any(|&byte| byte != 0);
            let program = known.then_some(program);
            self.steers
                .extend(bpf_links::steer(link, program, netns, self.order));
        }
        self.held();
    }

    /// Puts to each program that chooses sockets who holds its link: that names who to ask.
    fn held(&mut self) {
        let chooses = |steer: &&mut Steer| steer.action == Action::SkLookup;
        let mut chosen = self.steers.iter_mut().filter(chooses).peekable();
        if chosen.peek().is_none() {
            return;
        }
        let holders = link_holders::holders(self.root);
        for steer in chosen {
            let of_link = bpf_links::number(steer).and_then(|link| holders.get(&link));
            let mut note = steer.note.take().unwrap_or_default().as_bytes().to_vec();
            for (pid, comm) in of_link.into_iter().flatten().take(HOLDERS_MAX) {
                note.extend_from_slice(format!(", held by process {pid} (").as_bytes());
                note.extend_from_slice(comm.as_bytes());
                note.push(b')');
            }
            steer.note = Some(note.into());
        }
    }
}

/// Gives each link's struct and its program's, the latter all zero where it cannot be had.
fn ask_links(sink: &mut dyn FnMut(&[u8])) -> io::Result<()> {
    each_id(BPF_MAX, &|id| sys::bpf_next(Bpf::Link, id), &mut |id| {
        let mut link = [0; bpf_links::INFO];
        match sys::bpf_info(Bpf::Link, id, &mut link) {
            Ok(()) => {}
            // Gone meanwhile.
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => return Ok(()),
            Err(error) => return Err(error),
        }
        let mut info = [0; bpf_links::INFO];
        if let Some(program) = bpf_links::program(&link, Order::NATIVE)
            && sys::bpf_info(Bpf::Program, program, &mut info).is_err()
        {
            info.fill(0);
        }
        sink(&link);
        sink(&info);
        Ok(())
    })
}

/// One number after the other; more than `max` are an error, for the rest is not known.
fn each_id(
    max: usize,
    next: &dyn Fn(u32) -> io::Result<Option<u32>>,
    each: &mut dyn FnMut(u32) -> io::Result<()>,
) -> io::Result<()> {
    let mut id = 0;
    for _ in 0..max {
        let Some(following) = next(id)? else {
            return Ok(());
        };
        id = following;
        each(id)?;
    }
    match next(id)? {
        None => Ok(()),
        Some(_) => Err(io::Error::other(format!("more than {max} links"))),
    }
}

/// `IPT_SO_GET_INFO`, then `IPT_SO_GET_ENTRIES`, which both families number alike.
fn ask_table(family: AddressFamily, name: &str, sink: &mut dyn FnMut(&[u8])) -> io::Result<()> {
    const GET_INFO: i32 = 64;
    const GET_ENTRIES: i32 = 65;
    const NAME_MAX: usize = 31;
    let level = if family == AddressFamily::Inet {
        libc::IPPROTO_IP
    } else {
        libc::IPPROTO_IPV6
    };
    let raw = socket(
        family,
        SockType::Raw,
        SockFlag::SOCK_CLOEXEC,
        SockProtocol::Raw,
    )?;
    let name = name.as_bytes();
    let name = name.get(..NAME_MAX).unwrap_or(name);
    let mut info = [0; xt::INFO];
    for (to, from) in info.iter_mut().zip(name) {
        *to = *from;
    }
    sys::option(raw.as_fd(), level, GET_INFO, &mut info)?;
    let size = info
        .last_chunk::<4>()
        .map_or(0, |size| u32::from_ne_bytes(*size));
    let size = usize::try_from(size).unwrap_or(TABLE_MAX).min(TABLE_MAX);
    let mut entries = vec![0; xt::ENTRIES + size];
    for (to, from) in entries.iter_mut().zip(name) {
        *to = *from;
    }
    let told = u32::try_from(size).unwrap_or(0).to_ne_bytes();
    for (to, from) in entries.iter_mut().skip(32).zip(told) {
        *to = from;
    }
    sys::option(raw.as_fd(), level, GET_ENTRIES, &mut entries)?;
    sink(&info);
    sink(entries.get(xt::ENTRIES..).unwrap_or_default());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_links_than_are_read_are_an_error() {
        let next = |id| Ok((id < 3).then_some(id + 1));
        let mut seen = Vec::new();
        each_id(3, &next, &mut |id| {
            seen.push(id);
            Ok(())
        })
        .unwrap();
        assert_eq!(seen, [1, 2, 3]);
        assert!(each_id(2, &next, &mut |_| Ok(())).is_err());
    }
}
