//! nftables rulesets (`include/uapi/linux/netfilter/nf_tables.h`): requests, chains, rules and
//! sets. Numbers in attributes are in network order.

mod run;
mod set;

pub use run::steer;
pub use set::Set;

use super::Order;
use super::netlink::{attributes, request};
use model::Foreign;
use model::steering::{Action, Steer};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// `NFT_MSG_NEWCHAIN`, `NFT_MSG_NEWRULE` and `NFT_MSG_NEWSETELEM` of the subsystem: types of
/// the messages of answers.
pub const NEW_CHAIN: u16 = SUBSYSTEM | 3;
/// See [`NEW_CHAIN`].
pub const NEW_RULE: u16 = SUBSYSTEM | 6;
/// See [`NEW_CHAIN`].
pub const NEW_ELEMENTS: u16 = SUBSYSTEM | 12;
const SUBSYSTEM: u16 = 10 << 8;
const DUMP: u16 = 0x301;

/// The request for all chains.
#[must_use]
pub fn chains() -> Vec<u8> {
    request(SUBSYSTEM | 4, DUMP, &[0; 4])
}

/// The request for all rules.
#[must_use]
pub fn rules() -> Vec<u8> {
    request(SUBSYSTEM | 7, DUMP, &[0; 4])
}

/// The request for the elements of a set.
#[must_use]
pub fn elements(set: &SetName) -> Vec<u8> {
    let mut body = vec![set.family, 0, 0, 0];
    for (kind, name) in [(1u16, &set.table), (2, &set.name)] {
        let length = u16::try_from(name.len() + 5).unwrap_or(u16::MAX);
        body.extend_from_slice(&length.to_ne_bytes());
        body.extend_from_slice(&kind.to_ne_bytes());
        body.extend_from_slice(name);
        body.push(0);
        body.resize(body.len().next_multiple_of(4), 0);
    }
    request(SUBSYSTEM | 13, DUMP, &body)
}

/// A set, as a rule names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SetName {
    /// Family of its table.
    pub family: u8,
    /// Its table.
    pub table: Vec<u8>,
    /// Its name.
    pub name: Vec<u8>,
}

/// The sets that were read whole.
pub type Sets = BTreeMap<SetName, Set>;

/// A chain that packets reach by a hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Family of its table.
    pub family: u8,
    /// Its table.
    pub table: Vec<u8>,
    /// Its name.
    pub name: Vec<u8>,
    /// The hook, where it has one.
    pub hook: Option<&'static str>,
    /// Whether what no rule decides is dropped.
    pub drops: bool,
}

/// Reads a chain.
#[must_use]
pub fn chain(body: &[u8], order: Order) -> Option<Chain> {
    let parts = Parts::new(body.get(4..)?, order);
    let hook = parts.get(4).and_then(|hook| {
        let number = number(Parts::new(hook, order).get(1)?)?;
        Some(hook_name(*body.first()?, number))
    });
    Some(Chain {
        family: *body.first()?,
        table: text(parts.get(1)?),
        name: text(parts.get(3)?),
        hook,
        drops: parts.get(5).and_then(number) == Some(0),
    })
}

fn hook_name(family: u8, number: u32) -> &'static str {
    const NETDEV: u8 = 5;
    match (family, number) {
        (NETDEV, 0) | (_, 5) => "ingress",
        (NETDEV, 1) => "egress",
        (_, 0) => "prerouting",
        (_, 1) => "input",
        (_, 2) => "forward",
        (_, 3) => "output",
        (_, 4) => "postrouting",
        _ => "hook",
    }
}

/// What a chain's policy does to packets no rule decides.
#[must_use]
pub fn policy(chain: &Chain) -> Option<Steer> {
    let hook = chain.hook.filter(|_| chain.drops)?;
    Some(Steer {
        action: Action::Drop,
        protocols: Vec::new(),
        ports: Vec::new(),
        to: None,
        device: None,
        hook: Some(hook.to_owned()),
        place: place(chain.family, &chain.table, &chain.name, b"policy drop"),
        note: Some("what no rule accepts".into()),
    })
}

/// A rule, its expressions not yet understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Family of its table.
    pub family: u8,
    /// Its table.
    pub table: Vec<u8>,
    /// Its chain.
    pub chain: Vec<u8>,
    /// Its number in the chain's table.
    pub handle: u64,
    /// Name and attributes of each expression.
    pub expressions: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Reads a rule.
#[must_use]
pub fn rule(body: &[u8], order: Order) -> Option<Rule> {
    let parts = Parts::new(body.get(4..)?, order);
    let expressions = parts.get(4).unwrap_or_default();
    Some(Rule {
        family: *body.first()?,
        table: text(parts.get(1)?),
        chain: text(parts.get(2)?),
        handle: u64::from_be_bytes(*parts.get(3)?.first_chunk()?),
        expressions: attributes(expressions, order)
            .filter_map(|(_, expression)| {
                let parts = Parts::new(expression, order);
                Some((
                    text(parts.get(1)?),
                    parts.get(2).unwrap_or_default().to_vec(),
                ))
            })
            .collect(),
    })
}

/// The sets a rule looks something up in.
#[must_use]
pub fn sets(rule: &Rule, order: Order) -> Vec<SetName> {
    let lookups = rule.expressions.iter().filter(|it| it.0 == b"lookup");
    lookups
        .filter_map(|(_, data)| Some(set_name(rule, Parts::new(data, order).get(1)?)))
        .collect()
}

fn set_name(rule: &Rule, name: &[u8]) -> SetName {
    SetName {
        family: rule.family,
        table: rule.table.clone(),
        name: text(name),
    }
}

/// `address:port`, as far as known.
pub(super) fn end(address: Option<IpAddr>, port: Option<u16>) -> Option<String> {
    match (address, port) {
        (Some(IpAddr::V6(address)), Some(port)) => Some(format!("[{address}]:{port}")),
        (Some(address), Some(port)) => Some(format!("{address}:{port}")),
        (Some(address), None) => Some(address.to_string()),
        (None, Some(port)) => Some(format!(":{port}")),
        (None, None) => None,
    }
}

fn port(value: &[u8]) -> Option<u16> {
    Some(u16::from_be_bytes(*value.first_chunk()?))
}

pub(super) fn address_of(value: &[u8]) -> Option<IpAddr> {
    match value.len() {
        4 => Some(Ipv4Addr::from(*value.first_chunk::<4>()?).into()),
        16 => Some(Ipv6Addr::from(*value.first_chunk::<16>()?).into()),
        _ => None,
    }
}

/// `nft ip nat prerouting handle 4`
fn place(family: u8, table: &[u8], chain: &[u8], rest: &[u8]) -> Foreign {
    let family = match family {
        1 => "inet",
        2 => "ip",
        3 => "arp",
        5 => "netdev",
        7 => "bridge",
        10 => "ip6",
        _ => "?",
    };
    [b"nft", family.as_bytes(), table, chain, rest]
        .join(&b' ')
        .into()
}

/// The attributes of one level.
struct Parts<'a>(Vec<(u16, &'a [u8])>);

impl<'a> Parts<'a> {
    fn new(bytes: &'a [u8], order: Order) -> Parts<'a> {
        Parts(attributes(bytes, order).collect())
    }

    fn get(&self, kind: u16) -> Option<&'a [u8]> {
        self.0.iter().find(|part| part.0 == kind).map(|part| part.1)
    }
}

fn number(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.first_chunk()?))
}

fn text(bytes: &[u8]) -> Vec<u8> {
    bytes.strip_suffix(b"\0").unwrap_or(bytes).to_vec()
}

#[cfg(test)]
mod tests;
