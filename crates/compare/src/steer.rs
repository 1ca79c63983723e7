//! Rules and programs that lead packets past the socket with their port, or nowhere.

use crate::facts::Facts;
use model::steering::{Action, Steer};
use model::{Foreign, Proto};
use std::net::IpAddr;

/// Rules told in one finding.
const LINES_MAX: usize = 8;

/// Whether it leads to another socket than the one with the port.
#[must_use]
pub fn leads_away(steer: &Steer) -> bool {
    match steer.action {
        Action::Redirect | Action::Dnat | Action::Tproxy | Action::SkLookup => true,
        Action::Drop
        | Action::Reject
        | Action::Rule
        | Action::LocalRoute
        | Action::Xdp
        | Action::Tc
        | Action::Bpf
        | Action::Tap => false,
    }
}

/// What can lead a port elsewhere. A program that chooses the socket names no port, so it
/// can be the reason for any.
#[must_use]
pub fn leading(facts: &Facts, proto: Proto, port: u16) -> Vec<String> {
    let steers = facts.steers.iter().filter(|steer| leads_away(steer));
    told(steers.filter(|steer| concerns(steer, proto, port)))
}

/// Where packets come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// The host itself.
    Here,
    /// Another machine.
    Elsewhere,
}

/// Whether a rule is known to lead this very port away, and not only such that it might: it names
/// the port, or stands where every packet comes by and is limited by nothing else. One that names
/// no port in a chain of its own is reached by a jump that we do not follow: a node of Kubernetes
/// has hundreds of them, for a few addresses and ports each.
#[must_use]
pub fn accounts_for(facts: &Facts, proto: Proto, port: u16, from: From) -> bool {
    let mut steers = facts.steers.iter().filter(|steer| leads_away(steer));
    steers.any(|steer| {
        let hook = steer.hook.as_deref();
        let translates = matches!(steer.action, Action::Redirect | Action::Dnat);
        let passes = match from {
            // What comes from elsewhere is not sent by the host.
            From::Elsewhere => hook != Some("output"),
            // What the host sends to itself is translated as it is sent, or not at all.
            From::Here => !translates || hook != Some("prerouting"),
        };
        let by_all = steer.note.is_none() && matches!(hook, Some("prerouting" | "output"));
        concerns(steer, proto, port)
            && passes
            && (names_ports(steer) || by_all || steer.action == Action::SkLookup)
    })
}

/// Whether the ports of a rule were chosen: all but a few are none.
fn names_ports(steer: &Steer) -> bool {
    const FEW: u32 = 1 << 15;
    let width = |&(low, high): &(u16, u16)| u32::from(high.saturating_sub(low)) + 1;
    let ports: u32 = steer.ports.iter().map(width).sum();
    (1..=FEW).contains(&ports)
}

/// Where the rules for a port lead: an address where one is named, and a port.
#[must_use]
pub fn targets(facts: &Facts, proto: Proto, port: u16) -> Vec<(Option<IpAddr>, u16)> {
    let steers = facts.steers.iter().filter(|steer| leads_away(steer));
    let steers = steers.filter(|steer| concerns(steer, proto, port));
    steers
        .filter_map(|steer| {
            let to = steer.to.as_deref()?;
            // An address alone keeps the port.
            if let Ok(addr) = to.trim_matches(['[', ']']).parse() {
                return Some((Some(addr), port));
            }
            let (addr, to) = to.rsplit_once(':')?;
            Some((addr.trim_matches(['[', ']']).parse().ok(), to.parse().ok()?))
        })
        .collect()
}

/// What can stop a port's packets.
#[must_use]
pub fn stopping(facts: &Facts, proto: Proto, port: u16) -> Vec<String> {
    let stops = |steer: &&Steer| matches!(steer.action, Action::Drop | Action::Reject);
    let steers = facts.steers.iter().filter(stops);
    told(steers.filter(|steer| concerns(steer, proto, port)))
}

fn told<'s>(steers: impl Iterator<Item = &'s Steer>) -> Vec<String> {
    steers
        .take(LINES_MAX)
        .map(|steer| format!("steering: {}", line(steer)))
        .collect()
}

/// One rule in plain words.
#[must_use]
pub fn line(steer: &Steer) -> String {
    let text = |foreign: &Foreign| foreign.as_bytes().escape_ascii().to_string();
    let to = steer.to.as_ref().map(|to| format!(" to {to}"));
    let hook = steer.hook.as_ref().map(|hook| format!("hook {hook}"));
    let more: Vec<String> = hook
        .into_iter()
        .chain(steer.note.as_ref().map(text))
        .collect();
    let more = match more.as_slice() {
        [] => String::new(),
        more => format!(" ({})", more.join(", ")),
    };
    format!(
        "{}{}, {}{more}",
        word(steer.action),
        to.unwrap_or_default(),
        text(&steer.place)
    )
}

fn concerns(steer: &Steer, proto: Proto, port: u16) -> bool {
    let number = match proto {
        Proto::Tcp | Proto::Mptcp => 6,
        Proto::Udp => 17,
        Proto::UdpLite => 136,
        Proto::Sctp => 132,
        Proto::Dccp => 33,
        Proto::Raw | Proto::Icmp => return false,
    };
    let in_ports = |&(low, high): &(u16, u16)| (low..=high).contains(&port);
    (steer.protocols.is_empty() || steer.protocols.contains(&number))
        && (steer.ports.is_empty() || steer.ports.iter().any(in_ports))
}

fn word(action: Action) -> &'static str {
    match action {
        Action::Redirect => "redirect",
        Action::Dnat => "dnat",
        Action::Tproxy => "tproxy",
        Action::Drop => "drop",
        Action::Reject => "reject",
        Action::Rule => "routing rule",
        Action::LocalRoute => "local route",
        Action::SkLookup => "sk_lookup",
        Action::Xdp => "xdp",
        Action::Tc => "tc",
        Action::Bpf => "bpf",
        Action::Tap => "tap",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(action: Action, protocols: &[u8], ports: &[(u16, u16)]) -> Facts {
        Facts {
            steers: vec![Steer {
                action,
                protocols: protocols.to_vec(),
                ports: ports.to_vec(),
                to: Some(":3000".to_owned()),
                device: None,
                hook: Some("prerouting".to_owned()),
                place: "nft ip nat pre handle 4".into(),
                note: None,
            }],
            ..Facts::default()
        }
    }

    #[test]
    fn a_rule_concerns_its_ports_and_transports_only() {
        let redirect = facts(Action::Redirect, &[6], &[(8080, 8090)]);
        assert_eq!(
            leading(&redirect, Proto::Tcp, 8080),
            ["steering: redirect to :3000, nft ip nat pre handle 4 (hook prerouting)"]
        );
        assert!(leading(&redirect, Proto::Tcp, 8091).is_empty());
        assert!(leading(&redirect, Proto::Udp, 8080).is_empty());
        assert!(stopping(&redirect, Proto::Tcp, 8080).is_empty());
        let lookup = facts(Action::SkLookup, &[], &[]);
        assert_eq!(leading(&lookup, Proto::Udp, 1).len(), 1);
        assert!(accounts_for(&lookup, Proto::Udp, 1, From::Elsewhere));
        let drop = facts(Action::Drop, &[6], &[(22, 22)]);
        assert_eq!(stopping(&drop, Proto::Tcp, 22).len(), 1);
        assert!(leading(&drop, Proto::Tcp, 22).is_empty());
    }

    #[test]
    fn a_rule_that_names_no_port_excuses_none_from_a_chain_of_its_own() {
        let excuses = |hook: Option<&str>, note: Option<&str>, from, ports: &[(u16, u16)]| {
            let mut facts = facts(Action::Dnat, &[6], ports);
            facts.steers[0].hook = hook.map(str::to_owned);
            facts.steers[0].note = note.map(Foreign::from);
            assert_eq!(leading(&facts, Proto::Tcp, 4444).len(), 1);
            accounts_for(&facts, Proto::Tcp, 4444, from)
        };
        let (here, elsewhere) = (From::Here, From::Elsewhere);
        assert!(!excuses(None, None, elsewhere, &[]));
        assert!(!excuses(None, None, here, &[]));
        assert!(excuses(None, None, elsewhere, &[(4444, 4444)]));
        // All ports but one are no choice.
        assert!(!excuses(None, None, elsewhere, &[(0, 21), (23, 65_535)]));
        let pre = Some("prerouting");
        assert!(excuses(pre, None, elsewhere, &[]));
        assert!(!excuses(pre, Some("other matches"), elsewhere, &[]));
        assert!(excuses(
            pre,
            Some("other matches"),
            elsewhere,
            &[(4444, 4444)]
        ));
        // What the host sends does not come from elsewhere.
        let out = Some("output");
        assert!(excuses(out, None, here, &[]));
        assert!(!excuses(out, None, elsewhere, &[(4444, 4444)]));
        // What it sends to itself is not translated when it comes back: this was tried.
        assert!(!excuses(pre, None, here, &[]));
        assert!(!excuses(pre, None, here, &[(4444, 4444)]));
    }
}
