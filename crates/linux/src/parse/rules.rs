//! rtnetlink: routing rules, local routes, and BPF programs on interfaces
//! (`include/uapi/linux/{fib_rules,rtnetlink,if_link,pkt_sched,pkt_cls}.h`); and
//! `/proc/net/ptype`.

use super::Order;
use super::netlink::{attributes, request};
use super::nft::address_of;
use super::text::Words;
use model::steering::{Action, Steer};
use model::{Foreign, IfIndex};

/// `RTM_NEWRULE`, `RTM_NEWROUTE`, `RTM_NEWLINK`, `RTM_NEWQDISC`, `RTM_NEWTFILTER`: types of the
/// messages of answers.
pub const NEW_RULE: u16 = 32;
/// See [`NEW_RULE`].
pub const NEW_ROUTE: u16 = 24;
/// See [`NEW_RULE`].
pub const NEW_LINK: u16 = 16;
/// See [`NEW_RULE`].
pub const NEW_QDISC: u16 = 36;
/// See [`NEW_RULE`].
pub const NEW_FILTER: u16 = 44;
const DUMP: u16 = 0x301;

/// The request for all routing rules of both families.
#[must_use]
pub fn rules() -> Vec<u8> {
    request(34, DUMP, &[0; 12])
}

/// The request for all routes of both families.
#[must_use]
pub fn routes() -> Vec<u8> {
    request(26, DUMP, &[0; 12])
}

/// The request for all queueing disciplines.
#[must_use]
pub fn disciplines() -> Vec<u8> {
    request(38, DUMP, &[0; 20])
}

/// The request for the classifiers of an interface below `parent`.
#[must_use]
pub fn filters(device: IfIndex, parent: u32) -> Vec<u8> {
    let words = [0, device.0, 0, parent, 0];
    let body: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    request(46, DUMP, &body)
}

fn steer(action: Action, place: String) -> Steer {
    Steer {
        action,
        protocols: Vec::new(),
        ports: Vec::new(),
        to: None,
        device: None,
        hook: None,
        place: place.into_bytes().into(),
        note: None,
    }
}

/// A routing rule that is none of the three every host has. Steered packets are told by their
/// mark, protocol or ports; the note says what the rule looks at, and the table it leads to.
#[must_use]
pub fn rule(body: &[u8], order: Order) -> Option<Steer> {
    const TO_TABLE: u8 = 1;
    const LOCAL: u32 = 255;
    let header = body.first_chunk::<12>()?;
    let (family, action) = (*header.first()?, *header.get(7)?);
    let find = |wanted| part(body.get(12..)?, wanted, order);
    let number = |wanted| Some(order.u32(*find(wanted)?.first_chunk()?));
    let (mark, priority) = (number(10), number(6).unwrap_or(0));
    let table = number(15).unwrap_or(u32::from(*header.get(4)?));
    let everyday = matches!(
        (priority, table),
        (0, LOCAL) | (32_766, 254) | (32_767, 253)
    );
    if everyday && mark.is_none() {
        return None;
    }
    let program = match family {
        2 => "ip",
        10 => "ip -6",
        // Rules of multicast routing lead to no socket.
        _ => return None,
    };
    let mut steer = steer(Action::Rule, format!("{program} rule {priority}"));
    let protocol = find(22).and_then(|it| it.first().copied());
    steer.protocols.extend(protocol);
    if let Some(range) = find(24).and_then(|range| range.first_chunk::<4>()) {
        let [a, b, c, d] = *range;
        steer.ports.push((order.u16([a, b]), order.u16([c, d])));
    }
    let mut note = match (mark, number(16)) {
        (Some(mark), Some(mask)) if mask != u32::MAX => format!("mark {mark:#x}/{mask:#x}, "),
        (Some(mark), _) => format!("mark {mark:#x}, "),
        (None, _) => String::new(),
    };
    note.push_str(&match action {
        TO_TABLE => format!("table {table}"),
        other => format!("action {other}"),
    });
    steer.note = Some(note.into_bytes().into());
    Some(steer)
}

/// A route that takes more than one address, other than loopback's, as the host's own.
#[must_use]
pub fn local_route(body: &[u8], order: Order) -> Option<Steer> {
    const LOCAL: u8 = 2; // RTN_LOCAL
    let [family, length, _, _, table, _, _, kind, ..] = *body.first_chunk::<12>()?;
    let whole = if family == 10 { 128 } else { 32 };
    if kind != LOCAL || length >= whole {
        return None;
    }
    let find = |wanted| part(body.get(12..)?, wanted, order);
    let address = find(1).and_then(address_of);
    if address.is_some_and(|address| address.is_loopback()) || address.is_none() && length != 0 {
        return None;
    }
    // 127.0.0.0/8 is the host's own by nature.
    if matches!(address, Some(std::net::IpAddr::V4(it)) if it.octets()[0] == 127) {
        return None;
    }
    let number = |wanted| Some(order.u32(*find(wanted)?.first_chunk()?));
    let to = match address {
        Some(address) => format!("{address}/{length}"),
        None if family == 10 => "::/0".to_owned(),
        None => "0.0.0.0/0".to_owned(),
    };
    let table = number(15).unwrap_or(table.into());
    let mut steer = steer(
        Action::LocalRoute,
        format!("ip route table {table} local {to}"),
    );
    steer.to = Some(to);
    steer.device = number(4).map(IfIndex);
    Some(steer)
}

/// The XDP program on an interface (`IFLA_XDP`).
#[must_use]
pub fn xdp(body: &[u8], order: Order) -> Option<Steer> {
    let device = order.u32(*body.get(4..)?.first_chunk()?);
    let xdp = part(body.get(16..)?, 43, order)?;
    let modes = ["none", "native", "generic", "offloaded", "several"];
    let mode = *part(xdp, 2, order)?.first()?;
    if mode == 0 {
        return None;
    }
    let program = part(xdp, 4, order).and_then(|it| Some(order.u32(*it.first_chunk()?)));
    let mut steer = steer(Action::Xdp, format!("xdp on interface {device}"));
    steer.device = Some(IfIndex(device));
    let mode = modes.get(usize::from(mode)).unwrap_or(&"unknown");
    let note = match program {
        Some(program) => format!("{mode}, program {program}"),
        None => (*mode).to_owned(),
    };
    steer.note = Some(note.into_bytes().into());
    Some(steer)
}

/// The interface of a discipline that classifiers hang on (`clsact`, `ingress`), and the
/// parents to ask for them by.
#[must_use]
pub fn classified(body: &[u8], order: Order) -> Option<(IfIndex, &'static [u32])> {
    let device = IfIndex(order.u32(*body.get(4..)?.first_chunk()?));
    let kind = part(body.get(20..)?, 1, order)?;
    match kind.strip_suffix(b"\0").unwrap_or(kind) {
        b"clsact" => Some((device, &[0xffff_fff2, 0xffff_fff3])),
        b"ingress" => Some((device, &[0xffff_fff2])),
        _ => None,
    }
}

/// A classifier on an interface: its kind, and the program where it is one of BPF.
#[must_use]
pub fn filter(body: &[u8], order: Order) -> Option<Steer> {
    let word = |at: usize| Some(order.u32(*body.get(at..)?.first_chunk()?));
    let (device, handle, parent) = (word(4)?, word(8)?, word(12)?);
    // The kernel also tells of each priority as a whole, by handle 0.
    if handle == 0 {
        return None;
    }
    let side = if parent & 0xf == 3 {
        "egress"
    } else {
        "ingress"
    };
    let kind = part(body.get(20..)?, 1, order)?;
    let kind = kind.strip_suffix(b"\0").unwrap_or(kind);
    let name = kind.escape_ascii();
    let place = format!("tc filter {name} on interface {device} {side} handle {handle:#x}");
    let mut steer = steer(Action::Tc, place);
    steer.device = Some(IfIndex(device));
    // The numbers of attributes mean something else in every other kind.
    if kind != b"bpf" {
        return Some(steer);
    }
    let options = part(body.get(20..)?, 2, order).unwrap_or_default();
    let name = part(options, 7, order).map(|it| it.strip_suffix(b"\0").unwrap_or(it));
    let program = part(options, 11, order).and_then(|it| Some(order.u32(*it.first_chunk()?)));
    steer.note = match (name, program) {
        (name, Some(program)) => {
            let mut note = format!("program {program} ").into_bytes();
            note.extend_from_slice(name.unwrap_or_default());
            Some(Foreign::from(note.trim_ascii_end()))
        }
        (Some(name), None) => Some(name.into()),
        (None, None) => None,
    };
    Some(steer)
}

/// Handlers of all packets, and those of packet sockets, in `/proc/net/ptype`: type, interface
/// where it is bound to one, function.
#[must_use]
pub fn taps(text: &[u8]) -> Vec<Steer> {
    let lines = text.split(|&byte| byte == b'\n').skip(1);
    lines
        .filter_map(|line| {
            let words: Vec<&[u8]> = Words::new(line).collect();
            let (first, last) = (words.first()?, words.last()?);
            let socket = last.starts_with(b"packet_rcv") || last.starts_with(b"tpacket_rcv");
            if *first != b"ALL" && !socket {
                return None;
            }
            let place = [b"ptype".as_slice(), &words.join(&b' ')].join(&b' ');
            Some(Steer {
                place: place.into(),
                ..steer(Action::Tap, String::new())
            })
        })
        .collect()
}

fn part(bytes: &[u8], wanted: u16, order: Order) -> Option<&[u8]> {
    attributes(bytes, order).find_map(|(kind, payload)| (kind == wanted).then_some(payload))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn attribute(kind: u16, payload: &[u8]) -> Vec<u8> {
        let length = u16::try_from(payload.len() + 4).unwrap();
        let mut bytes = length.to_le_bytes().to_vec();
        bytes.extend_from_slice(&kind.to_le_bytes());
        bytes.extend_from_slice(payload);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    #[test]
    fn rules_by_mark_and_the_everyday_three() {
        let rule_of = |priority: u32, table: u8, more: &[u8]| {
            let mut body = vec![2, 0, 0, 0, table, 0, 0, 1, 0, 0, 0, 0];
            body.extend(attribute(6, &priority.to_le_bytes()));
            body.extend_from_slice(more);
            rule(&body, Order::Little)
        };
        for (priority, table) in [(0, 255), (32_766, 254), (32_767, 253)] {
            assert_eq!(rule_of(priority, table, &[]), None);
        }
        let steer = rule_of(100, 100, &attribute(10, &1u32.to_le_bytes())).unwrap();
        assert_eq!(steer.place.as_bytes(), b"ip rule 100");
        assert_eq!(steer.note.unwrap().as_bytes(), b"mark 0x1, table 100");
        // A rule that hides behind an everyday priority.
        assert!(rule_of(0, 100, &[]).is_some());
        let ports = attribute(24, &[0x90, 0x1f, 0x9a, 0x1f]);
        assert_eq!(rule_of(5, 7, &ports).unwrap().ports, [(8080, 8090)]);
    }

    #[test]
    fn routes_that_take_what_is_not_the_hosts() {
        let route = |kind: u8, length: u8, address: &[u8]| {
            let mut body = vec![2, length, 0, 0, 100, 0, 0, kind, 0, 0, 0, 0];
            if !address.is_empty() {
                body.extend(attribute(1, address));
            }
            body.extend(attribute(4, &1u32.to_le_bytes()));
            local_route(&body, Order::Little).and_then(|steer| steer.to)
        };
        assert_eq!(route(2, 0, &[]).as_deref(), Some("0.0.0.0/0"));
        assert_eq!(
            route(2, 24, &[203, 0, 113, 0]).as_deref(),
            Some("203.0.113.0/24")
        );
        assert_eq!(route(2, 8, &[127, 0, 0, 0]), None);
        assert_eq!(route(2, 32, &[10, 0, 0, 1]), None);
        assert_eq!(route(1, 0, &[]), None);
    }

    #[test]
    fn programs_on_interfaces() {
        let mut body = vec![0; 16];
        body[4] = 2;
        assert_eq!(xdp(&body, Order::Little), None);
        let inner = [attribute(2, &[2]), attribute(4, &77u32.to_le_bytes())].concat();
        body.extend(attribute(43 | 0x8000, &inner));
        let steer = xdp(&body, Order::Little).unwrap();
        assert_eq!(steer.device, Some(IfIndex(2)));
        assert_eq!(steer.note.unwrap().as_bytes(), b"generic, program 77");

        let words = [0u32, 2, 1, 0xffff_fff2, 0];
        let mut body: Vec<u8> = words.iter().flat_map(|it| it.to_le_bytes()).collect();
        body.extend(attribute(1, b"bpf\0"));
        let inner = [
            attribute(7, b"x.o:[c]\0"),
            attribute(11, &78u32.to_le_bytes()),
        ]
        .concat();
        body.extend(attribute(2, &inner));
        let steer = filter(&body, Order::Little).unwrap();
        assert_eq!(
            steer.place.as_bytes(),
            b"tc filter bpf on interface 2 ingress handle 0x1"
        );
        assert_eq!(steer.note.unwrap().as_bytes(), b"program 78 x.o:[c]");
        // A flower filter has the mask of a source's address at the same number.
        let mut body: Vec<u8> = words.iter().flat_map(|it| it.to_le_bytes()).collect();
        body.extend(attribute(1, b"flower\0"));
        body.extend(attribute(2, &attribute(11, &u32::MAX.to_le_bytes())));
        assert_eq!(filter(&body, Order::Little).unwrap().note, None);
    }

    #[test]
    fn handlers_of_packets() {
        let text = b"Type Device      Function\nALL  eth0   tpacket_rcv\nALL           mirror\n0800          ip_rcv\n0800          packet_rcv\n";
        let places: Vec<_> = taps(text)
            .into_iter()
            .map(|tap| tap.place.as_bytes().to_vec())
            .collect();
        assert_eq!(
            places,
            [
                &b"ptype ALL eth0 tpacket_rcv"[..],
                b"ptype ALL mirror",
                b"ptype 0800 packet_rcv"
            ]
        );
    }

    proptest! {
        #[test]
        fn nothing_panics(body: Vec<u8>) {
            let order = Order::Little;
            let _ = (rule(&body, order), local_route(&body, order), xdp(&body, order));
            let _ = (classified(&body, order), filter(&body, order), taps(&body));
        }
    }
}
