//! What is no socket: routes, interfaces, multicast groups, counters.

mod interface;
mod route;
mod statistics;
mod words;

use crate::query::{Mode, Query};
use host::read::facts;
use host::read::tables::Stand;
use model::network::{Counter, Fact, Group, Interface, Route};
use model::{Family, Gaps};
use render::{Align, Column, Text};
use sysroot::Sysroot;

/// What was asked for, of one network namespace.
pub(crate) enum Facts {
    /// Routes of both families; none where a family was not asked for.
    Routes(Option<Vec<Route>>, Option<Vec<Route>>),
    /// Interfaces.
    Interfaces(Vec<Interface>),
    /// Groups, those of IPv4 first.
    Groups(Vec<Group>),
    /// Counters.
    Counters(Vec<Counter>),
}

/// Reads what a mode asks for; nothing where it asks for sockets.
pub(crate) fn read(root: &Sysroot, stand: &Stand, query: &Query) -> Option<(Facts, Gaps)> {
    let mut gaps = Gaps::new();
    let mut keep = |mut more: Gaps| gaps.append(&mut more);
    let facts = match query.mode {
        Mode::Sockets => return None,
        Mode::Routes => {
            let mut table = |asked: bool, family| {
                asked.then(|| {
                    let (routes, more) = facts::routes(root, stand, family);
                    keep(more);
                    routes
                })
            };
            let four = table(query.four || !query.six, Family::Inet);
            Facts::Routes(four, table(query.six, Family::Inet6))
        }
        Mode::Interfaces => {
            let (interfaces, more) = facts::interfaces(root, stand);
            keep(more);
            Facts::Interfaces(interfaces)
        }
        Mode::Groups => {
            let mut groups = Vec::new();
            for (asked, family) in [
                (query.four || !query.six, Family::Inet),
                (query.six || !query.four, Family::Inet6),
            ] {
                if asked {
                    let (mut found, more) = facts::groups(root, stand, family);
                    groups.append(&mut found);
                    keep(more);
                }
            }
            Facts::Groups(groups)
        }
        Mode::Statistics => {
            let only_six = query.six && !query.four;
            let (mut counters, more) = facts::counters(root, stand, Family::Inet);
            keep(more);
            if only_six {
                // TCP has the same counters for both families.
                counters.retain(|it| it.table.as_bytes() == b"Tcp");
                let (mut six, more) = facts::counters(root, stand, Family::Inet6);
                keep(more);
                six.append(&mut counters);
                counters = six;
            }
            Facts::Counters(counters)
        }
    };
    Some((facts, gaps))
}

static GROUPS: [Column<Group>; 3] = [
    Column {
        key: "device",
        heading: "Interface",
        help: "the interface",
        align: Align::Left,
        width: 15,
        cell: |row, out| out.foreign(row.device.as_bytes()),
    },
    Column {
        key: "refs",
        heading: "RefCnt",
        help: "how many asked for it",
        align: Align::Left,
        width: 6,
        cell: |row, out| out.number(row.refs.into()),
    },
    Column {
        key: "group",
        heading: "Group",
        help: "the group's address",
        align: Align::Left,
        width: 0,
        cell: |row, out| out.address(row.group),
    },
];

impl Facts {
    /// Writes them as the original does.
    pub(crate) fn show(&self, query: &Query, out: &mut Text) {
        match self {
            Facts::Routes(four, six) => {
                if let Some(routes) = four {
                    route::inet(routes, query, out);
                }
                if let Some(routes) = six {
                    route::inet6(routes, query, out);
                }
            }
            Facts::Interfaces(interfaces) => {
                out.word("Kernel Interface table\n");
                let rows = interface::rows(interfaces, query.which == crate::query::Which::All);
                if query.extend == 0 {
                    interface::short(&rows, out);
                } else {
                    rows.iter().for_each(|row| interface::long(row, out));
                }
            }
            Facts::Groups(groups) => {
                out.word("IPv6/IPv4 Group Memberships\n");
                let columns: Vec<&Column<Group>> = GROUPS.iter().collect();
                render::header(&columns, out);
                out.word("--------------- ------ ---------------------\n");
                groups
                    .iter()
                    .for_each(|group| render::row(&columns, group, out));
            }
            Facts::Counters(counters) => statistics::show(counters, query, out),
        }
    }

    /// The same as the published facts, in order.
    pub(crate) fn into_facts(self) -> Vec<Fact> {
        match self {
            Facts::Routes(four, six) => {
                let routes = four.into_iter().chain(six).flatten();
                routes.map(Fact::Route).collect()
            }
            Facts::Interfaces(interfaces) => {
                let boxed = interfaces.into_iter().map(Box::new);
                boxed.map(Fact::Interface).collect()
            }
            Facts::Groups(groups) => groups.into_iter().map(Fact::Group).collect(),
            Facts::Counters(counters) => counters
                .into_iter()
                .filter(|it| !it.name.as_bytes().is_empty())
                .map(Fact::Counter)
                .collect(),
        }
    }
}
