//! Runs through a rule's expressions, to tell which packets it is about and what it does.

use super::{Parts, Rule, Sets, address_of, end, number, place, port, set_name, text};
use crate::parse::{Order, xt};
use model::steering::{Action, Steer};
use std::collections::BTreeMap;

/// What a register holds while a rule is run through.
enum Held {
    Port,
    Protocol,
    Value(Vec<u8>),
}

/// What is known of a rule so far.
struct Run<'a> {
    rule: &'a Rule,
    order: Order,
    registers: BTreeMap<u32, Held>,
    steer: Steer,
    acts: bool,
    low: Option<u16>,
    high: Option<u16>,
}

/// What a rule does, if it steers. `hook` is that of its chain.
#[must_use]
pub fn steer(rule: &Rule, sets: &Sets, hook: Option<&str>, order: Order) -> Option<Steer> {
    let handle = format!("handle {}", rule.handle);
    let mut run = Run {
        rule,
        order,
        registers: BTreeMap::new(),
        steer: Steer {
            action: Action::Drop,
            protocols: Vec::new(),
            ports: Vec::new(),
            to: None,
            device: None,
            place: place(rule.family, &rule.table, &rule.chain, handle.as_bytes()),
            note: hook.map(|hook| format!("hook {hook}").into_bytes().into()),
        },
        acts: false,
        low: None,
        high: None,
    };
    for (name, data) in &rule.expressions {
        run.expression(name, data, sets);
    }
    if run.low.is_some() || run.high.is_some() {
        let range = (run.low.unwrap_or(0), run.high.unwrap_or(u16::MAX));
        run.steer.ports.push(range);
    }
    run.acts.then_some(run.steer)
}

impl Run<'_> {
    fn expression(&mut self, name: &[u8], data: &[u8], sets: &Sets) {
        let parts = Parts::new(data, self.order);
        // An expression we cannot read leaves the rule as it was.
        let _ = match name {
            b"meta" => self.meta(&parts),
            b"payload" => self.payload(&parts),
            b"cmp" => self.compare(&parts),
            b"range" => self.range(&parts),
            b"lookup" => self.lookup(&parts, sets),
            b"immediate" => self.immediate(&parts),
            b"redir" => self.redirect(&parts),
            b"nat" => self.nat(&parts),
            b"tproxy" => self.tproxy(&parts),
            b"reject" => self.act(Action::Reject, None),
            b"target" => self.target(&parts),
            b"match" => self.matched(&parts),
            _ => None,
        };
    }

    fn act(&mut self, action: Action, to: Option<String>) -> Option<()> {
        self.steer.action = action;
        self.steer.to = to;
        self.acts = true;
        Some(())
    }

    fn meta(&mut self, parts: &Parts<'_>) -> Option<()> {
        const L4PROTO: u32 = 16;
        let register = number(parts.get(1)?)?;
        if number(parts.get(2)?)? == L4PROTO {
            self.registers.insert(register, Held::Protocol);
        } else {
            self.registers.remove(&register);
        }
        Some(())
    }

    fn payload(&mut self, parts: &Parts<'_>) -> Option<()> {
        const NETWORK: u32 = 1;
        const TRANSPORT: u32 = 2;
        let register = number(parts.get(1)?)?;
        let field = (
            number(parts.get(2)?)?,
            number(parts.get(3)?)?,
            number(parts.get(4)?)?,
        );
        match field {
            (TRANSPORT, 2, 2) => self.registers.insert(register, Held::Port),
            (NETWORK, 9, 1) => self.registers.insert(register, Held::Protocol),
            _ => self.registers.remove(&register),
        };
        Some(())
    }

    fn compare(&mut self, parts: &Parts<'_>) -> Option<()> {
        let held = self.registers.get(&number(parts.get(1)?)?)?;
        let operation = number(parts.get(2)?)?;
        let value = self.value(parts.get(3)?)?;
        match (held, operation) {
            (Held::Protocol, 0) => self.steer.protocols.push(*value.first()?),
            (Held::Port, operation) => {
                let port = port(&value)?;
                match operation {
                    0 => self.steer.ports.push((port, port)),
                    2 => self.high = port.checked_sub(1),
                    3 => self.high = Some(port),
                    4 => self.low = port.checked_add(1),
                    5 => self.low = Some(port),
                    _ => self.note("all ports but some"),
                }
            }
            _ => {}
        }
        Some(())
    }

    fn range(&mut self, parts: &Parts<'_>) -> Option<()> {
        let held = self.registers.get(&number(parts.get(1)?)?)?;
        let (from, to) = (self.value(parts.get(3)?)?, self.value(parts.get(4)?)?);
        match (held, number(parts.get(2)?)?) {
            (Held::Port, 0) => self.steer.ports.push((port(&from)?, port(&to)?)),
            (Held::Port, _) => self.note("all ports but some"),
            _ => {}
        }
        Some(())
    }

    fn lookup(&mut self, parts: &Parts<'_>, sets: &Sets) -> Option<()> {
        let held = self.registers.get(&number(parts.get(2)?)?)?;
        let name = set_name(self.rule, parts.get(1)?);
        let inverted = parts.get(5).and_then(number) == Some(1);
        match (held, sets.get(&name)) {
            (Held::Port, Some(_)) if inverted => self.note("all ports but some"),
            (Held::Port, Some(ports)) => self.steer.ports.extend_from_slice(ports),
            (Held::Port, None) => self.note("a set of ports that was not read"),
            _ => {}
        }
        Some(())
    }

    fn immediate(&mut self, parts: &Parts<'_>) -> Option<()> {
        const VERDICT: u32 = 0;
        const DROP: u32 = 0;
        let register = number(parts.get(1)?)?;
        let data = parts.get(2)?;
        if register != VERDICT {
            let value = self.value(data)?;
            self.registers.insert(register, Held::Value(value));
            return Some(());
        }
        let verdict = Parts::new(data, self.order).get(2)?;
        let code = number(Parts::new(verdict, self.order).get(1)?)?;
        (code == DROP).then(|| self.act(Action::Drop, None))?
    }

    fn redirect(&mut self, parts: &Parts<'_>) -> Option<()> {
        let to = self.held(parts.get(1)).and_then(port);
        self.act(Action::Redirect, to.map(|port| format!(":{port}")))
    }

    fn nat(&mut self, parts: &Parts<'_>) -> Option<()> {
        const DNAT: u32 = 1;
        if number(parts.get(1)?)? != DNAT {
            return None;
        }
        let to = self.end(parts.get(3), parts.get(5));
        self.act(Action::Dnat, to)
    }

    fn tproxy(&mut self, parts: &Parts<'_>) -> Option<()> {
        let to = self.end(parts.get(2), parts.get(3));
        self.act(Action::Tproxy, to)
    }

    fn end(&self, address: Option<&[u8]>, to: Option<&[u8]>) -> Option<String> {
        end(
            self.held(address).and_then(address_of),
            self.held(to).and_then(port),
        )
    }

    /// The value in a register that an attribute names.
    fn held(&self, register: Option<&[u8]>) -> Option<&[u8]> {
        match self.registers.get(&number(register?)?)? {
            Held::Value(value) => Some(value),
            Held::Port | Held::Protocol => None,
        }
    }

    fn value(&self, data: &[u8]) -> Option<Vec<u8>> {
        Some(Parts::new(data, self.order).get(1)?.to_vec())
    }

    /// A target of the older iptables, by which `iptables-nft` writes its rules.
    fn target(&mut self, parts: &Parts<'_>) -> Option<()> {
        let (action, to) = xt::target(&text(parts.get(1)?), parts.get(3)?, self.order)?;
        self.act(action, to)
    }

    fn matched(&mut self, parts: &Parts<'_>) -> Option<()> {
        let ports = xt::ports(&text(parts.get(1)?), parts.get(3)?, self.order)?;
        self.steer.ports.extend(ports);
        Some(())
    }

    fn note(&mut self, words: &str) {
        let known = self.steer.note.take().unwrap_or_default();
        let mut note = known.as_bytes().to_vec();
        if !note.is_empty() {
            note.extend_from_slice(b", ");
        }
        note.extend_from_slice(words.as_bytes());
        self.steer.note = Some(note.into());
    }
}
