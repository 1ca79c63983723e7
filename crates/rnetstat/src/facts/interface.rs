//! Interfaces as the original prints them (`-i`, `-ie`).

use model::Foreign;
use model::network::{Interface, InterfaceAddress};
use render::{Align, Column, Text};
use std::cmp::Ordering;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An interface, or an alias of one.
pub(super) struct Row {
    pub(super) interface: Interface,
    pub(super) name: Foreign,
}

impl Row {
    fn is_alias(&self) -> bool {
        self.name != self.interface.name
    }
}

const UP: u32 = 0x1;
const BROADCAST: u32 = 0x2;
const POINT_TO_POINT: u32 = 0x10;

/// `IFF_*` (`include/uapi/linux/if.h`): letter and word, in the order of the letters. The
/// original prints 16 of them.
const FLAGS: [(u32, char); 14] = [
    (0x200, 'A'),
    (BROADCAST, 'B'),
    (0x4, 'D'),
    (0x8, 'L'),
    (0x1000, 'M'),
    (0x8000, 'd'),
    (0x100, 'P'),
    (0x20, 'N'),
    (0x80, 'O'),
    (POINT_TO_POINT, 'P'),
    (0x800, 's'),
    (0x400, 'm'),
    (0x40, 'R'),
    (UP, 'U'),
];

/// The same in words, which have another order.
const WORDS: [(u32, &str); 14] = [
    (UP, "UP"),
    (BROADCAST, "BROADCAST"),
    (0x4, "DEBUG"),
    (0x8, "LOOPBACK"),
    (POINT_TO_POINT, "POINTOPOINT"),
    (0x20, "NOTRAILERS"),
    (0x40, "RUNNING"),
    (0x80, "NOARP"),
    (0x100, "PROMISC"),
    (0x200, "ALLMULTI"),
    (0x800, "SLAVE"),
    (0x400, "MASTER"),
    (0x1000, "MULTICAST"),
    (0x8000, "DYNAMIC"),
];

/// What is told of 16 bits of flags: the original's system call has no more.
fn shown(flags: u32) -> u32 {
    flags & 0xffff
}

static NAME: Column<Row> = column("name", "Iface", Align::Left, 15, |row, out| {
    let from = out.len();
    out.foreign(row.name.as_bytes());
    out.truncate(from, 15);
});
static MTU: Column<Row> = column("mtu", "MTU", Align::Right, 5, |row, out| {
    out.number(row.interface.mtu.into());
});
static LETTERS: Column<Row> = column("flags", "Flg", Align::Left, 0, |row, out| {
    let flags = shown(row.interface.flags);
    if flags == 0 {
        out.word("[NO FLAGS]");
    }
    for (bit, letter) in FLAGS {
        if flags & bit != 0 {
            out.show(letter);
        }
    }
});

static COUNTED: [&Column<Row>; 11] = [
    &NAME,
    &MTU,
    &column("rx_packets", "RX-OK", Align::Right, 8, |row, out| {
        out.number(row.interface.traffic.rx_packets)
    }),
    &column("rx_errors", "RX-ERR", Align::Right, 6, |row, out| {
        out.number(row.interface.traffic.rx_errors)
    }),
    &column("rx_dropped", "RX-DRP", Align::Right, 6, |row, out| {
        out.number(row.interface.traffic.rx_dropped)
    }),
    &column("rx_overruns", "RX-OVR", Align::Left, 6, |row, out| {
        out.number(row.interface.traffic.rx_overruns)
    }),
    &column("tx_packets", "TX-OK", Align::Right, 8, |row, out| {
        out.number(row.interface.traffic.tx_packets)
    }),
    &column("tx_errors", "TX-ERR", Align::Right, 6, |row, out| {
        out.number(row.interface.traffic.tx_errors)
    }),
    &column("tx_dropped", "TX-DRP", Align::Right, 6, |row, out| {
        out.number(row.interface.traffic.tx_dropped)
    }),
    &column("tx_overruns", "TX-OVR", Align::Right, 6, |row, out| {
        out.number(row.interface.traffic.tx_overruns)
    }),
    &LETTERS,
];

/// An alias has no counters of its own.
static UNCOUNTED: [&Column<Row>; 4] = [
    &NAME,
    &MTU,
    &column("traffic", "", Align::Left, 55, |_, out| {
        out.word("     - no statistics available -")
    }),
    &LETTERS,
];

const fn column(
    key: &'static str,
    heading: &'static str,
    align: Align,
    width: usize,
    cell: fn(&Row, &mut Text),
) -> Column<Row> {
    Column {
        key,
        heading,
        help: heading,
        align,
        width,
        cell,
    }
}

/// The interfaces and their aliases in the original's order: by name, numbers in it as numbers.
pub(super) fn rows(interfaces: &[Interface], all: bool) -> Vec<Row> {
    let mut rows = Vec::new();
    for interface in interfaces.iter().filter(|it| all || it.flags & UP != 0) {
        let mut names = vec![interface.name.clone()];
        let labels = interface.addresses.iter();
        for label in labels.filter_map(|it| it.label.as_ref()) {
            if !names.contains(label) {
                names.push(label.clone());
            }
        }
        rows.extend(names.into_iter().map(|name| Row {
            interface: interface.clone(),
            name,
        }));
    }
    rows.sort_by(|one, other| natural(one.name.as_bytes(), other.name.as_bytes()));
    rows
}

/// Compares names with the numbers in them as numbers: `v9` comes before `v10`.
fn natural(one: &[u8], other: &[u8]) -> Ordering {
    let (mut left, mut right) = (one, other);
    loop {
        let (a, b) = (number(left), number(right));
        let order = if a.0.is_empty() || b.0.is_empty() {
            match (left.split_first(), right.split_first()) {
                (Some((a, more_left)), Some((b, more_right))) if a == b => {
                    (left, right) = (more_left, more_right);
                    continue;
                }
                (a, b) => a.map(|it| it.0).cmp(&b.map(|it| it.0)),
            }
        } else {
            (left, right) = (a.1, b.1);
            let plain = |digits: &[u8]| {
                digits
                    .iter()
                    .position(|&it| it != b'0')
                    .unwrap_or(digits.len())
            };
            let (a, b) = (a.0.split_at(plain(a.0)).1, b.0.split_at(plain(b.0)).1);
            a.len().cmp(&b.len()).then_with(|| a.cmp(b))
        };
        if order != Ordering::Equal || (left.is_empty() && right.is_empty()) {
            return order.then_with(|| one.cmp(other));
        }
    }
}

/// The digits a name begins with, and the rest.
fn number(name: &[u8]) -> (&[u8], &[u8]) {
    let end = name.iter().position(|byte| !byte.is_ascii_digit());
    name.split_at(end.unwrap_or(name.len()))
}

/// Writes the short table.
pub(super) fn short(rows: &[Row], out: &mut Text) {
    out.word(
        "Iface             MTU    RX-OK RX-ERR RX-DRP RX-OVR    TX-OK TX-ERR TX-DRP TX-OVR Flg\n",
    );
    for row in rows {
        if row.is_alias() {
            render::row(&UNCOUNTED, row, out);
        } else {
            render::row(&COUNTED, row, out);
        }
    }
}

/// Writes one interface as a paragraph.
pub(super) fn long(row: &Row, out: &mut Text) {
    let interface = &row.interface;
    let flags = shown(interface.flags);
    out.foreign(row.name.as_bytes());
    out.show(format_args!(": flags={flags}<"));
    let words: Vec<&str> = WORDS
        .iter()
        .filter(|it| flags & it.0 != 0)
        .map(|it| it.1)
        .collect();
    out.word(&words.join(","));
    out.show(format_args!(">  mtu {}\n", interface.mtu));
    for address in &interface.addresses {
        match (address.address, &address.label) {
            (IpAddr::V4(_), Some(label)) if *label != row.name => {}
            (IpAddr::V4(four), _) => inet(four, address, flags, out),
            (IpAddr::V6(_), _) if row.is_alias() => {}
            (IpAddr::V6(six), _) => inet6(six, address.prefix, out),
        }
    }
    hardware(interface, out);
    if !row.is_alias() {
        traffic(interface, out);
    }
    out.word("\n");
}

fn inet(four: Ipv4Addr, address: &InterfaceAddress, flags: u32, out: &mut Text) {
    let mask = u32::MAX
        .checked_shl(32 - u32::from(address.prefix))
        .unwrap_or(0);
    out.show(format_args!(
        "        inet {four}  netmask {}",
        Ipv4Addr::from_bits(mask)
    ));
    if flags & BROADCAST != 0 {
        let none = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        out.show(format_args!(
            "  broadcast {}",
            address.broadcast.unwrap_or(none)
        ));
    }
    if flags & POINT_TO_POINT != 0 {
        out.show(format_args!(
            "  destination {}",
            address.peer.unwrap_or(four.into())
        ));
    }
    out.word("\n");
}

/// The kernel's scopes (`IPV6_ADDR_*`): none is global.
fn inet6(six: Ipv6Addr, prefix: u8, out: &mut Text) {
    let compatible =
        matches!(six.segments(), [0, 0, 0, 0, 0, 0, high, low] if high != 0 || low > 1);
    let (scope, word) = match six.segments()[0] {
        _ if six.is_loopback() => (0x10, "host"),
        first if first & 0xffc0 == 0xfe80 => (0x20, "link"),
        first if first & 0xffc0 == 0xfec0 => (0x40, "site"),
        _ if compatible => (0x80, "compat,global"),
        _ => (0, "global"),
    };
    out.show(format_args!(
        "        inet6 {six}  prefixlen {prefix}  scopeid 0x{scope:x}<{word}>\n"
    ));
}

/// Types of hardware (`ARPHRD_*`): name, title.
fn hardware(interface: &Interface, out: &mut Text) {
    let (name, title) = match interface.hardware {
        1 => ("ether", "Ethernet"),
        512 => ("ppp", "Point-to-Point Protocol"),
        772 => ("loop", "Local Loopback"),
        _ => ("unspec", "UNSPEC"),
    };
    out.show(format_args!("        {name}"));
    let octet = |at: usize| interface.mac.get(at).copied().unwrap_or(0);
    let octets = |count: usize, upper: bool, between: &str| {
        let octets: Vec<String> = (0..count)
            .map(|at| {
                if upper {
                    format!("{:02X}", octet(at))
                } else {
                    format!("{:02x}", octet(at))
                }
            })
            .collect();
        octets.join(between)
    };
    match interface.hardware {
        1 => out.show(format_args!(" {}", octets(6, false, ":"))),
        512 | 772 => {}
        _ => out.show(format_args!(" {}", octets(16, true, "-"))),
    }
    out.show(format_args!(
        "  txqueuelen {}  ({title})\n",
        interface.queue
    ));
}

fn traffic(interface: &Interface, out: &mut Text) {
    let it = &interface.traffic;
    out.show(format_args!(
        "        RX packets {}  bytes {} ({})\n",
        it.rx_packets,
        it.rx_bytes,
        units(it.rx_bytes)
    ));
    if it.rx_compressed > 0 {
        out.show(format_args!("        RX compressed {}\n", it.rx_compressed));
    }
    out.show(format_args!(
        "        RX errors {}  dropped {}  overruns {}  frame {}\n",
        it.rx_errors, it.rx_dropped, it.rx_overruns, it.rx_frame
    ));
    out.show(format_args!(
        "        TX packets {}  bytes {} ({})\n",
        it.tx_packets,
        it.tx_bytes,
        units(it.tx_bytes)
    ));
    if it.tx_compressed > 0 {
        out.show(format_args!("        TX compressed {}\n", it.tx_compressed));
    }
    out.show(format_args!(
        "        TX errors {}  dropped {} overruns {}  carrier {}  collisions {}\n",
        it.tx_errors, it.tx_dropped, it.tx_overruns, it.tx_carrier, it.collisions
    ));
}

/// A number of bytes with one digit after the point, cut and not rounded.
fn units(bytes: u64) -> String {
    const NAMES: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let mut unit = 0;
    while unit + 1 < NAMES.len() && bytes > 1 << (10 * (unit + 1)) {
        unit += 1;
    }
    let tenths = (u128::from(bytes) * 10) >> (10 * unit);
    format!(
        "{}.{} {}",
        tenths / 10,
        tenths % 10,
        NAMES.get(unit).copied().unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_the_order_of_their_numbers() {
        let mut names = [
            "v10:1", "v10", "v9", "lo", "br0", "eth01", "eth1", "v10:0", "eth20", "v",
        ];
        names.sort_by(|one, other| natural(one.as_bytes(), other.as_bytes()));
        assert_eq!(
            names,
            [
                "br0", "eth01", "eth1", "eth20", "lo", "v", "v9", "v10", "v10:0", "v10:1"
            ]
        );
    }

    #[test]
    fn bytes_are_cut_to_a_tenth() {
        for (bytes, shown) in [
            (0, "0.0 B"),
            (1024, "1024.0 B"),
            (1110, "1.0 KiB"),
            (213_324, "208.3 KiB"),
            (u64::MAX, "15.9 EiB"),
        ] {
            assert_eq!(units(bytes), shown);
        }
    }
}
