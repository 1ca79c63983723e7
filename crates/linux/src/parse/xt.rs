//! iptables, the older one (`include/uapi/linux/netfilter_{ipv4,ipv6}`, `…/netfilter/x_tables.h`):
//! tables as `IPT_SO_GET_ENTRIES` gives them, and the targets and matches that
//! `iptables-nft` also uses.

use super::Order;
use super::limits::Limits;
use super::nft::{address_of, end};
use model::steering::{Action, Steer};
use model::{Gap, Gaps};

/// Chains of the hooks, in their order.
const HOOKS: &[&str] = &["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"];

/// Length of `struct ipt_getinfo`: name 32, hooks 4, entries 20, underflows 20, count, size.
pub const INFO: usize = 84;

/// Length of the head of `struct ipt_get_entries`: name 32, size 4, padding.
pub const ENTRIES: usize = 40;

/// Which of the two families a table is of, with the offsets of its entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The program whose table it is.
    pub program: &'static str,
    /// The masks of the addresses, and those of the names of interfaces, each from and to: all
    /// zero is any.
    masks: [(usize, usize); 2],
    protocol: usize,
    inverted: usize,
    target: usize,
    next: usize,
    matches: usize,
}

/// `struct ipt_entry`
pub const V4: Layout = Layout {
    program: "iptables",
    masks: [(8, 16), (48, 80)],
    protocol: 80,
    inverted: 83,
    target: 88,
    next: 90,
    matches: 112,
};

/// `struct ip6t_entry`
pub const V6: Layout = Layout {
    program: "ip6tables",
    masks: [(32, 64), (96, 128)],
    protocol: 128,
    inverted: 132,
    target: 140,
    next: 142,
    matches: 168,
};

/// What is needed to read one entry after the other.
struct Table<'a> {
    layout: Layout,
    name: &'a str,
    info: &'a [u8],
    order: Order,
    chain: String,
    rule: u32,
}

/// The entries of a table that steer: `info` is what `IPT_SO_GET_INFO` gave, `entries` what
/// `IPT_SO_GET_ENTRIES` gave after its head. An entry that does not fit ends the reading
/// with a gap.
#[must_use]
pub fn table(
    layout: Layout,
    name: &str,
    info: &[u8],
    entries: &[u8],
    order: Order,
) -> (Vec<Steer>, Gaps) {
    let mut table = Table {
        layout,
        name,
        info,
        order,
        chain: String::new(),
        rule: 0,
    };
    let (mut steers, mut gaps) = (Vec::new(), Gaps::new());
    let mut at = 0;
    while at < entries.len() {
        let rest = entries.get(at..).unwrap_or_default();
        let length = table.short(rest, layout.next).map(usize::from);
        let entry = length
            .filter(|&length| length >= layout.matches)
            .and_then(|length| rest.get(..length));
        let Some(entry) = entry else {
            let place = format!("{} {name}", layout.program);
            gaps.push(Gap::new(place, "an entry that does not fit"));
            break;
        };
        steers.extend(table.entry(entry, at));
        at += entry.len();
    }
    (steers, gaps)
}

impl Table<'_> {
    fn short(&self, bytes: &[u8], at: usize) -> Option<u16> {
        Some(self.order.u16(*bytes.get(at..)?.first_chunk()?))
    }

    fn word(&self, bytes: &[u8], at: usize) -> Option<u32> {
        Some(self.order.u32(*bytes.get(at..)?.first_chunk()?))
    }

    /// The hook an entry begins (`first` 36) or ends (`first` 56) the chain of.
    fn hook(&self, first: usize, at: usize) -> Option<&'static str> {
        let valid = self.word(self.info, 32)?;
        HOOKS.iter().enumerate().find_map(|(hook, name)| {
            let offset = usize::try_from(self.word(self.info, first + hook * 4)?).ok()?;
            (valid >> hook & 1 == 1 && offset == at).then_some(*name)
        })
    }

    fn entry(&mut self, entry: &[u8], at: usize) -> Option<Steer> {
        const STANDARD: &[u8] = b"";
        const DROP: u32 = u32::MAX; // -NF_DROP - 1
        if let Some(hook) = self.hook(36, at) {
            (self.chain, self.rule) = (hook.to_owned(), 0);
        }
        self.rule += 1;
        let target_at = usize::from(self.short(entry, self.layout.target)?);
        let (target, data) = named(entry.get(target_at..)?)?;
        // A chain of the user's begins with its name.
        if target == b"ERROR" {
            let name = data.split(|&byte| byte == 0).next().unwrap_or_default();
            (self.chain, self.rule) = (name.escape_ascii().to_string(), 0);
            return None;
        }
        let (action, to) = match target {
            STANDARD if self.word(data, 0) == Some(DROP) => (Action::Drop, None),
            STANDARD => return None,
            name => self::target(name, data, self.order)?,
        };
        let policy = self.hook(56, at).is_some();
        let which = if policy {
            "policy".to_owned()
        } else {
            format!("rule {}", self.rule)
        };
        let place = format!(
            "{} {} {} {which}",
            self.layout.program, self.name, self.chain
        );
        let mut steer = Steer {
            action,
            protocols: Vec::new(),
            ports: Vec::new(),
            to,
            device: None,
            hook: HOOKS
                .contains(&self.chain.as_str())
                .then(|| self.chain.to_ascii_lowercase()),
            place: place.into_bytes().into(),
            note: policy.then(|| "what no rule accepts".into()),
        };
        let matches = entry.get(self.layout.matches..target_at)?;
        self.limits(entry, matches)?
            .put(&mut steer)
            .then_some(steer)
    }

    /// What the entry and its matches leave of protocols and ports.
    fn limits(&self, entry: &[u8], mut matches: &[u8]) -> Option<Limits> {
        const INVERTED_PROTOCOL: u8 = 0x40;
        let mut limits = Limits::default();
        for (from, to) in self.layout.masks {
            if entry.get(from..to)?.iter().any(|&byte| byte != 0) {
                limits.note("some addresses or interfaces");
            }
        }
        let protocol = self.short(entry, self.layout.protocol)?;
        if protocol != 0 {
            let inverted = entry.get(self.layout.inverted)? & INVERTED_PROTOCOL != 0;
            limits.protocols(&[(protocol, protocol)], inverted);
        }
        while let Some(length) = self.short(matches, 0).map(usize::from) {
            let Some((one, rest)) = matches.split_at_checked(length).filter(|_| length >= 32)
            else {
                break;
            };
            if let Some((name, data)) = named(one) {
                self::limit(name, data, self.order, &mut limits);
            }
            matches = rest;
        }
        Some(limits)
    }
}

/// `struct xt_entry_match` and `xt_entry_target`: size 2, name 29, revision 1; then the data.
fn named(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let name = bytes.get(2..31)?;
    let name = name.split(|&byte| byte == 0).next()?;
    Some((name, bytes.get(32..)?))
}

/// What a target does and where it leads. None where it does not steer.
#[must_use]
pub fn target(name: &[u8], data: &[u8], order: Order) -> Option<(Action, Option<String>)> {
    let port = |at: usize| {
        let port = u16::from_be_bytes(*data.get(at..)?.first_chunk()?);
        (port != 0).then_some(port)
    };
    let address = |at: usize, length: usize| {
        let raw = data.get(at..at + length)?;
        // An IPv4 address in room for an IPv6 one.
        match raw.iter().rposition(|&byte| byte != 0)? {
            0..4 => address_of(raw.get(..4)?),
            _ => address_of(raw),
        }
    };
    let action = match name {
        b"REDIRECT" => Action::Redirect,
        b"DNAT" => Action::Dnat,
        b"TPROXY" => Action::Tproxy,
        b"REJECT" => return Some((Action::Reject, None)),
        b"DROP" => return Some((Action::Drop, None)),
        _ => return None,
    };
    // Long forms have room for IPv6; short ones begin with a count of ranges, or have none.
    let to = match (action, data.len()) {
        (Action::Tproxy, ..24) => end(address(8, 4), port(12)),
        (Action::Tproxy, _) => end(address(8, 16), port(24)),
        (_, ..40) => {
            let _ranges = order.u32(*data.first_chunk()?);
            end(address(8, 4), port(16))
        }
        _ => end(address(4, 16), port(36)),
    };
    Some((action, to))
}

/// Takes from the limits what a match does not let through.
pub fn limit(name: &[u8], data: &[u8], order: Order, limits: &mut Limits) {
    let known = match name {
        b"tcp" => plain(data, 11, order),
        b"udp" => plain(data, 8, order),
        b"multiport" => multiport(data, order),
        b"set" | b"bpf" | b"u32" | b"sctp" | b"dccp" => {
            return limits.note("a match that may name ports");
        }
        // It lets everything through.
        b"comment" => return,
        _ => return limits.note("other matches"),
    };
    match known {
        Some(Ports::Any) => {}
        Some(Ports::Of(ranges, inverted)) => limits.ports(&ranges, inverted),
        Some(Ports::EitherEnd) => limits.note("ports of either end"),
        None => limits.note("a match that is cut short"),
    }
}

/// Destination ports a match lets through.
enum Ports {
    Any,
    /// These, or all others.
    Of(Vec<(u16, u16)>, bool),
    /// What comes from them too, whatever port it goes to.
    EitherEnd,
}

fn short(data: &[u8], at: usize, order: Order) -> Option<u16> {
    Some(order.u16(*data.get(at..)?.first_chunk()?))
}

/// `struct xt_tcp` and `xt_udp`: source ports, destination ports, …, `flags` what is inverted.
fn plain(data: &[u8], flags: usize, order: Order) -> Option<Ports> {
    const DESTINATION: u8 = 2;
    let range = (short(data, 4, order)?, short(data, 6, order)?);
    let inverted = data.get(flags)? & DESTINATION != 0;
    Some(Ports::Of(vec![range], inverted))
}

/// `struct xt_multiport_v1`: flags, count, ports, a mark each for the first of a range, whether
/// inverted. The older one ends after the ports.
fn multiport(data: &[u8], order: Order) -> Option<Ports> {
    const SOURCE: u8 = 0;
    const DESTINATION: u8 = 1;
    let (&flags, &count) = (data.first()?, data.get(1)?);
    let inverted = data.get(47).is_some_and(|&it| it != 0);
    match flags {
        SOURCE => return Some(Ports::Any),
        DESTINATION => {}
        _ if !inverted => return Some(Ports::EitherEnd),
        _ => {}
    }
    let mut ranges = Vec::new();
    let mut at = 0;
    while at < usize::from(count).min(15) {
        let first = short(data, 2 + at * 2, order)?;
        let opens = data.get(32 + at).is_some_and(|&mark| mark != 0);
        let last = if opens {
            short(data, 4 + at * 2, order)?
        } else {
            first
        };
        ranges.push((first, last));
        at += if opens { 2 } else { 1 };
    }
    Some(Ports::Of(ranges, inverted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn part(name: &[u8], data: &[u8]) -> Vec<u8> {
        let length = u16::try_from((32 + data.len()).next_multiple_of(8)).unwrap();
        let mut bytes = length.to_le_bytes().to_vec();
        bytes.extend_from_slice(name);
        bytes.resize(32, 0);
        bytes.extend_from_slice(data);
        bytes.resize(length.into(), 0);
        bytes
    }

    fn entry(protocol: u16, matches: &[u8], target: &[u8]) -> Vec<u8> {
        let mut bytes = [0; V4.matches];
        let target_at = u16::try_from(V4.matches + matches.len()).unwrap();
        let next = target_at + u16::try_from(target.len()).unwrap();
        bytes[80..82].copy_from_slice(&protocol.to_le_bytes());
        bytes[88..90].copy_from_slice(&target_at.to_le_bytes());
        bytes[90..92].copy_from_slice(&next.to_le_bytes());
        [&bytes[..], matches, target].concat()
    }

    fn info(begins: u32, ends: u32) -> Vec<u8> {
        let mut bytes = vec![0; INFO];
        bytes[32..36].copy_from_slice(&1u32.to_le_bytes()); // PREROUTING alone
        bytes[36..40].copy_from_slice(&begins.to_le_bytes());
        bytes[56..60].copy_from_slice(&ends.to_le_bytes());
        bytes
    }

    /// A rule with one match; none where it steers nothing.
    fn limited(name: &[u8], data: &[u8]) -> Option<Steer> {
        let rule = entry(0, &part(name, data), &part(b"REJECT", &[0; 4]));
        let (steers, gaps) = table(V4, "filter", &info(0, 4), &rule, Order::Little);
        assert!(gaps.is_empty());
        steers.into_iter().next()
    }

    #[test]
    fn a_redirect_and_a_policy() {
        let mut to = vec![1, 0, 0, 0, 2, 0, 0, 0];
        to.extend_from_slice(&[0; 8]);
        to.extend_from_slice(&[0x0b, 0xb8, 0x0b, 0xb8]);
        let tcp = part(
            b"tcp",
            &[0, 0, 0xff, 0xff, 0x90, 0x1f, 0x90, 0x1f, 0, 0, 0, 0],
        );
        let rule = entry(6, &tcp, &part(b"REDIRECT", &to));
        let policy = entry(0, &[], &part(b"", &(-1i32).to_le_bytes()));
        let info = info(0, u32::try_from(rule.len()).unwrap());
        let entries = [rule, policy].concat();
        let (steers, gaps) = table(V4, "nat", &info, &entries, Order::Little);
        assert!(gaps.is_empty());
        assert_eq!(steers[0].action, Action::Redirect);
        assert_eq!(steers[0].to.as_deref(), Some(":3000"));
        assert_eq!(
            (&steers[0].ports[..], &steers[0].protocols[..]),
            (&[(8080, 8080)][..], &[6][..])
        );
        assert_eq!(
            steers[0].place.as_bytes(),
            b"iptables nat PREROUTING rule 1"
        );
        assert_eq!(
            steers[1].place.as_bytes(),
            b"iptables nat PREROUTING policy"
        );
        assert_eq!(steers.len(), 2);
        let cut = &entries[..entries.len() - 1];
        assert_eq!(table(V4, "nat", &info, cut, Order::Little).1.len(), 1);
    }

    #[test]
    fn several_ports() {
        let mut data = vec![1, 3];
        for port in [80u16, 90, 99] {
            data.extend_from_slice(&port.to_le_bytes());
        }
        data.resize(32, 0);
        data.extend_from_slice(&[0, 1, 0]);
        data.resize(48, 0);
        let ports = |data: &[u8]| limited(b"multiport", data).unwrap().ports;
        assert_eq!(ports(&data), [(80, 80), (90, 99)]);
        data[47] = 1;
        assert_eq!(ports(&data), [(0, 79), (81, 89), (100, 65_535)]);
        // `--ports`: what comes from these goes to any; `! --ports` goes to none of them.
        data[0] = 2;
        assert_eq!(ports(&data), [(0, 79), (81, 89), (100, 65_535)]);
        data[47] = 0;
        let either = limited(b"multiport", &data).unwrap();
        assert_eq!(either.ports, []);
        assert_eq!(either.note.unwrap().as_bytes(), b"ports of either end");
    }

    #[test]
    fn matches_that_are_inverted() {
        let tcp = [0, 0, 255, 255, 22, 0, 22, 0, 0, 0, 0, 2];
        let others = [(0, 21), (23, 65_535)];
        assert_eq!(limited(b"tcp", &tcp).unwrap().ports, others);
        let udp = [0, 0, 255, 255, 22, 0, 22, 0, 2];
        assert_eq!(limited(b"udp", &udp).unwrap().ports, others);
        // The source's ports inverted are another matter.
        let udp = [5, 0, 9, 0, 22, 0, 22, 0, 1];
        assert_eq!(limited(b"udp", &udp).unwrap().ports, [(22, 22)]);
        // All ports, and none of them.
        let all = [0, 0, 255, 255, 0, 0, 255, 255, 0];
        assert_eq!(limited(b"udp", &all).unwrap().ports, []);
        let none = [0, 0, 255, 255, 0, 0, 255, 255, 2];
        assert_eq!(limited(b"udp", &none), None);
    }

    #[test]
    fn what_else_limits_a_rule_is_noted() {
        let told = |rule: &[u8]| {
            let (steers, _) = table(V4, "filter", &info(0, 4), rule, Order::Little);
            let note = steers[0].note.clone();
            note.map(|note| note.as_bytes().to_vec())
        };
        let reject = part(b"REJECT", &[0; 4]);
        assert_eq!(told(&entry(6, &[], &reject)), None);
        assert_eq!(told(&entry(6, &part(b"comment", &[0; 256]), &reject)), None);
        let other = told(&entry(6, &part(b"addrtype", &[0; 8]), &reject));
        assert_eq!(other.unwrap(), b"other matches");
        // `-d 10.96.0.1`, then `-i lo`.
        for at in [12, 48] {
            let mut rule = entry(6, &[], &reject);
            rule[at] = 255;
            assert_eq!(told(&rule).unwrap(), b"some addresses or interfaces");
        }
    }

    #[test]
    fn all_protocols_but_one() {
        let mut rule = entry(6, &[], &part(b"REJECT", &[0; 4]));
        rule[V4.inverted] = 0x40;
        let (steers, _) = table(V4, "filter", &info(0, 4), &rule, Order::Little);
        assert_eq!(steers[0].protocols, [17, 33, 132, 136]);
        let note = steers[0].note.clone().unwrap();
        assert_eq!(note.as_bytes(), b"all protocols but some");
    }

    #[test]
    fn ends_of_both_families() {
        let mut long = vec![3, 0, 0, 0];
        long.extend_from_slice(&[10, 0, 0, 1]);
        long.resize(36, 0);
        long.extend_from_slice(&[0, 80, 0, 80]);
        let (action, to) = target(b"DNAT", &long, Order::Little).unwrap();
        assert_eq!((action, to.as_deref()), (Action::Dnat, Some("10.0.0.1:80")));
        assert_eq!(target(b"MARK", &long, Order::Little), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(info: Vec<u8>, entries: Vec<u8>, data: Vec<u8>) {
            let _ = table(V4, "nat", &info, &entries, Order::Little);
            let _ = table(V6, "nat", &info, &entries, Order::Big);
            for name in [&b"DNAT"[..], b"TPROXY", b"tcp", b"multiport"] {
                let _ = target(name, &data, Order::Little);
                limit(name, &data, Order::Little, &mut Limits::default());
            }
        }
    }
}
