//! The routing tables as the original prints them (`-r`).

use crate::query::Query;
use model::network::Route;
use render::{Align, Column, Text};
use std::net::{IpAddr, Ipv4Addr};

/// A route, and whether names may stand for numbers.
pub(super) struct Row {
    pub(super) route: Route,
    pub(super) numeric: bool,
}

const REJECT: u32 = 0x200;

/// `RTF_*` of IPv4 (`include/uapi/linux/route.h`) and their letters, in the original's order;
/// a rejected route begins anew with `!`.
const LETTERS: [(u32, char); 19] = [
    (0x1, 'U'),
    (0x2, 'G'),
    (REJECT, '!'),
    (0x4, 'H'),
    (0x8, 'R'),
    (0x10, 'D'),
    (0x20, 'M'),
    (0x1_0000, 'd'),
    (0x2_0000, 'a'),
    (0x4_0000, 'c'),
    (0x20_0000, 'o'),
    (0x40_0000, 'e'),
    (0x100_0000, 'c'),
    (0x200_0000, 'f'),
    (0x400_0000, 'p'),
    (0x8000_0000, 'l'),
    (0x40, 'u'),
    (0x80, 'w'),
    (0x100, 'i'),
];

/// Those of IPv6 (`include/uapi/linux/ipv6_route.h`).
const LETTERS6: [(u32, char); 12] = [
    (0x1, 'U'),
    (REJECT, '!'),
    (0x2, 'G'),
    (0x4, 'H'),
    (0x1_0000, 'D'),
    (0x4_0000, 'A'),
    (0x100_0000, 'C'),
    (0x2_0000, 'a'),
    (0x40_0000, 'e'),
    (0x20, 'm'),
    (0x20_0000, 'n'),
    (0x200_0000, 'f'),
];

static DESTINATION: Column<Row> = column(
    "destination",
    "Destination",
    Align::Left,
    15,
    |row, out| match row.route.destination {
        any if any.is_unspecified() && row.route.prefix == 0 && !row.numeric => out.word("default"),
        address => out.address(address),
    },
);
static GATEWAY: Column<Row> = column("gateway", "Gateway", Align::Left, 15, |row, out| {
    unless_rejected(row, out, |out| out.address(row.route.gateway));
});
static MASK: Column<Row> = column("prefix", "Genmask", Align::Left, 15, |row, out| {
    let bits = u32::MAX.checked_shl(32 - u32::from(row.route.prefix));
    out.address(IpAddr::V4(Ipv4Addr::from_bits(bits.unwrap_or(0))));
});
static FLAGS: Column<Row> = column("flags", "Flags", Align::Left, 5, flags);
static METRIC: Column<Row> = column("metric", "Metric", Align::Left, 6, |row, out| {
    out.show(row.route.metric.cast_signed());
});
static REFS: Column<Row> = column("refs", "Ref", Align::Left, 2, |row, out| {
    unless_rejected(row, out, |out| out.number(row.route.refs.into()));
});
static USED: Column<Row> = column("used", "Use", Align::Right, 7, |row, out| {
    out.number(row.route.used.into());
});
static DEVICE: Column<Row> = column("device", "Iface", Align::Left, 0, |row, out| {
    unless_rejected(row, out, |out| out.foreign(row.route.device.as_bytes()));
});
static MSS: Column<Row> = column("mtu", "MSS", Align::Right, 5, |row, out| {
    unless_rejected(row, out, |out| {
        out.number(row.route.mtu.unwrap_or(0).into())
    });
});
static WINDOW: Column<Row> = column("window", "Window", Align::Left, 5, |row, out| {
    unless_rejected(row, out, |out| {
        out.number(row.route.window.unwrap_or(0).into())
    });
});
static RTT: Column<Row> = column("rtt_ms", "irtt", Align::Right, 6, |row, out| {
    unless_rejected(row, out, |out| {
        out.number(row.route.rtt_ms.unwrap_or(0).into())
    });
});

/// Without `-e`; headings are not over their columns, so they stand as the original has them.
static SHORT: [&Column<Row>; 8] = [
    &DESTINATION,
    &GATEWAY,
    &MASK,
    &FLAGS,
    &MSS,
    &WINDOW,
    &RTT,
    &DEVICE,
];
/// With `-e`.
static LONG: [&Column<Row>; 8] = [
    &DESTINATION,
    &GATEWAY,
    &MASK,
    &FLAGS,
    &METRIC,
    &REFS,
    &USED,
    &DEVICE,
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

/// Writes the IPv4 table.
pub(super) fn inet(routes: &[Route], query: &Query, out: &mut Text) {
    out.word("Kernel IP routing table\n");
    out.word("Destination     Gateway         Genmask         Flags ");
    out.word(match query.extend {
        0 => "  MSS Window  irtt Iface\n",
        1 => "Metric Ref    Use Iface\n",
        _ => "Metric Ref    Use Iface    MSS   Window irtt\n",
    });
    const UP: u32 = 1;
    for route in routes.iter().filter(|route| route.flags & UP != 0) {
        let row = Row {
            route: route.clone(),
            numeric: query.numeric.hosts,
        };
        match query.extend {
            0 => render::row(&SHORT, &row, out),
            1 => render::row(&LONG, &row, out),
            _ => widest(&row, out),
        }
    }
}

/// With `-e` twice: rooms of their own.
fn widest(row: &Row, out: &mut Text) {
    let cell = |column: &Column<Row>, align: Align, width: usize, out: &mut Text| {
        let from = out.len();
        (column.cell)(row, out);
        out.truncate(
            from,
            if column.key == "device" {
                6
            } else {
                usize::MAX
            },
        );
        out.pad(from, width, align);
    };
    for column in [&DESTINATION, &GATEWAY, &MASK, &FLAGS, &METRIC] {
        cell(column, column.align, column.width, out);
        out.word(" ");
    }
    cell(&REFS, Align::Left, 3, out);
    out.word(" ");
    cell(&USED, Align::Right, 6, out);
    out.word(" ");
    cell(&DEVICE, Align::Left, 6, out);
    out.word("   ");
    cell(&MSS, Align::Left, 5, out);
    out.word(" ");
    cell(&WINDOW, Align::Left, 6, out);
    out.word(" ");
    cell(&RTT, Align::Left, 0, out);
    out.word("\n");
}

/// Writes the IPv6 table.
pub(super) fn inet6(routes: &[Route], query: &Query, out: &mut Text) {
    out.word("Kernel IPv6 routing table\n");
    out.word("Destination                    Next Hop                   Flag Met Ref  Use If\n");
    const CACHED: u32 = 0x100_0000;
    for route in routes.iter().filter(|route| route.flags & CACHED == 0) {
        let mut cell = |width: usize, align: Align, fill: &dyn Fn(&mut Text), end: &str| {
            let from = out.len();
            fill(out);
            out.pad(from, width, align);
            out.word(end);
        };
        let address = |address: IpAddr, out: &mut Text| match address {
            any if any.is_unspecified() && !query.numeric.hosts => out.word("[::]"),
            address => out.address(address),
        };
        let destination = |out: &mut Text| {
            address(route.destination, out);
            out.show(format_args!("/{}", route.prefix));
        };
        cell(30, Align::Left, &destination, " ");
        cell(26, Align::Left, &|out| address(route.gateway, out), " ");
        cell(
            4,
            Align::Left,
            &|out| letters(route.flags, &LETTERS6, out),
            " ",
        );
        cell(
            3,
            Align::Left,
            &|out| out.show(route.metric.cast_signed()),
            " ",
        );
        cell(1, Align::Left, &|out| out.number(route.refs.into()), " ");
        cell(6, Align::Right, &|out| out.number(route.used.into()), " ");
        cell(
            0,
            Align::Left,
            &|out| out.foreign(route.device.as_bytes()),
            "\n",
        );
    }
}

fn flags(row: &Row, out: &mut Text) {
    let mut flags = row.route.flags;
    if flags & REJECT != 0 {
        // Nothing that comes before the `!` is shown.
        flags &= !0x3;
    }
    letters(flags, &LETTERS, out);
}

fn letters(flags: u32, letters: &[(u32, char)], out: &mut Text) {
    for (bit, letter) in letters {
        if flags & bit != 0 {
            out.show(letter);
        }
    }
}

fn unless_rejected(row: &Row, out: &mut Text, fill: impl FnOnce(&mut Text)) {
    if row.route.flags & REJECT != 0 {
        out.word("-");
    } else {
        fill(out);
    }
}
