//! Runs through a rule's expressions, to tell which packets it is about and what it does.

use super::{Parts, Rule, Sets, address_of, end, number, place, port, set_name, text};
use crate::parse::limits::Limits;
use crate::parse::{Order, xt};
use model::steering::{Action, Steer};
use std::collections::BTreeMap;

/// What a register holds while a rule is run through.
enum Held {
    /// The destination port, alone.
    Port,
    /// It, so many bytes behind the beginning of something longer.
    Within(usize),
    /// Something made of it, in these words.
    Made(&'static str),
    Protocol,
    Value(Vec<u8>),
}

/// The registers: sixteen of four bytes, numbered from 8; 1 to 4 are each four of them.
#[derive(Default)]
struct Registers(BTreeMap<u32, (u32, Held)>);

impl Registers {
    /// As long as anything that is written without its length being told: a name or an address.
    const LONG: u32 = 16;

    fn first(register: u32) -> u32 {
        match register {
            1..=4 => 4 + register * 4,
            other => other,
        }
    }

    /// Writes so many bytes, over whatever stood there.
    fn put(&mut self, register: u32, length: u32, held: Option<Held>) {
        let first = Registers::first(register);
        let last = first.saturating_add(length.div_ceil(4).max(1) - 1);
        self.0.retain(|&from, (to, _)| from > last || *to < first);
        if let Some(held) = held {
            self.0.insert(first, (last, held));
        }
    }

    fn get(&self, register: u32) -> Option<&Held> {
        self.0
            .get(&Registers::first(register))
            .map(|(_, held)| held)
    }

    /// Whether a port stands in those that follow: a key of several parts begins in one register
    /// and goes on there.
    fn port_behind(&self, register: u32) -> bool {
        const KEY_MAX: u32 = 16;
        let first = Registers::first(register);
        let following = first.saturating_add(1)..first.saturating_add(KEY_MAX);
        let is_port = |held: &Held| matches!(held, Held::Port | Held::Within(_) | Held::Made(_));
        self.0.range(following).any(|(_, (_, held))| is_port(held))
    }
}

/// What is known of a rule so far.
struct Run<'a> {
    rule: &'a Rule,
    order: Order,
    registers: Registers,
    steer: Steer,
    limits: Limits,
    acts: bool,
}

/// What a rule does, if it steers. `hook` is that of its chain.
#[must_use]
pub fn steer(rule: &Rule, sets: &Sets, hook: Option<&str>, order: Order) -> Option<Steer> {
    let handle = format!("handle {}", rule.handle);
    let mut run = Run {
        rule,
        order,
        registers: Registers::default(),
        steer: Steer {
            action: Action::Drop,
            protocols: Vec::new(),
            ports: Vec::new(),
            to: None,
            device: None,
            hook: hook.map(str::to_owned),
            place: place(rule.family, &rule.table, &rule.chain, handle.as_bytes()),
            note: None,
        },
        limits: Limits::default(),
        acts: false,
    };
    for (name, data) in &rule.expressions {
        run.expression(name, data, sets);
    }
    (run.acts && run.limits.put(&mut run.steer)).then_some(run.steer)
}

/// What a rule can say of the ports that is not told in ports.
const BY_MASK: &str = "ports by a mask";
const BY_KEY: &str = "ports by a key";
const BY_CONNECTION: &str = "ports of the connection";

/// The register that decides.
const VERDICT: u32 = 0;

/// What it says of neither ports nor protocols.
const OTHERS: &str = "other matches";

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
            b"ct" => self.connection(&parts),
            b"fib" | b"rt" | b"osf" | b"exthdr" | b"numgen" | b"xfrm" => self.writes(&parts, 1),
            b"socket" | b"tunnel" => self.writes(&parts, 2),
            b"bitwise" => self.makes(&parts, BY_MASK, parts.get(3)),
            b"byteorder" => self.makes(&parts, BY_KEY, parts.get(4)),
            b"hash" => self.makes(&parts, BY_KEY, None),
            b"counter" | b"log" | b"limit" | b"quota" | b"connlimit" | b"notrack" | b"objref"
            | b"last" => None,
            // Whatever another does, it may have written to any register.
            _ => {
                self.registers = Registers::default();
                None
            }
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
            self.registers.put(register, 1, Some(Held::Protocol));
        } else {
            self.registers.put(register, Registers::LONG, None);
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
        let held = match field {
            (TRANSPORT, 2, 2) => Some(Held::Port),
            // Together with the source's, say.
            (TRANSPORT, at @ 0..=2, length) if at.saturating_add(length) >= 4 => {
                Some(Held::Within(usize::try_from(2 - at).ok()?))
            }
            (TRANSPORT, at @ 0..=3, length) if at.saturating_add(length) > 2 => {
                Some(Held::Made(BY_MASK))
            }
            (NETWORK, 9, 1) => Some(Held::Protocol),
            _ => None,
        };
        self.registers.put(register, field.2, held);
        Some(())
    }

    /// An expression that writes what is neither a port nor a protocol.
    fn writes(&mut self, parts: &Parts<'_>, attribute: u16) -> Option<()> {
        let register = number(parts.get(attribute)?)?;
        self.registers.put(register, Registers::LONG, None);
        Some(())
    }

    /// Something of the connection, which knows the port too.
    fn connection(&mut self, parts: &Parts<'_>) -> Option<()> {
        const PROTO_DST: u32 = 12;
        let register = number(parts.get(1)?)?;
        let is_port = number(parts.get(2)?)? == PROTO_DST;
        let held = is_port.then_some(Held::Made(BY_CONNECTION));
        let length = if is_port { 2 } else { Registers::LONG };
        self.registers.put(register, length, held);
        Some(())
    }

    /// From one register (attribute 1) to another (attribute 2), so many bytes.
    fn makes(
        &mut self,
        parts: &Parts<'_>,
        words: &'static str,
        length: Option<&[u8]>,
    ) -> Option<()> {
        let made = match self.registers.get(number(parts.get(1)?)?) {
            Some(Held::Port | Held::Within(_)) => Some(words),
            Some(Held::Made(words)) => Some(*words),
            Some(Held::Protocol | Held::Value(_)) | None => None,
        };
        let register = number(parts.get(2)?)?;
        let length = length.and_then(number).unwrap_or(4);
        self.registers.put(register, length, made.map(Held::Made));
        Some(())
    }

    fn compare(&mut self, parts: &Parts<'_>) -> Option<()> {
        let Some(held) = self.registers.get(number(parts.get(1)?)?) else {
            self.limits.note(OTHERS);
            return None;
        };
        let operation = number(parts.get(2)?)?;
        let value = self.value(parts.get(3)?)?;
        let ranges = |number: u16, max: u16| -> Option<Vec<(u16, u16)>> {
            let below = number.checked_sub(1).map(|it| (0, it));
            let above = number.checked_add(1).map(|it| (it, max));
            Some(match operation {
                0 => vec![(number, number)],
                1 => below.into_iter().chain(above).collect(),
                2 => below.into_iter().collect(),
                3 => vec![(0, number)],
                4 => above.into_iter().collect(),
                5 => vec![(number, max)],
                _ => return None,
            })
        };
        match held {
            Held::Protocol => {
                let number = u16::from(*value.first()?);
                let ranges = ranges(number, u8::MAX.into())?;
                if operation == 1 {
                    self.limits.protocols(&[(number, number)], true);
                } else {
                    self.limits.protocols(&ranges, false);
                }
            }
            Held::Port => match port(&value).and_then(|port| ranges(port, u16::MAX)) {
                Some(ranges) => self.limits.ports(&ranges, false),
                None => self.limits.note(BY_KEY),
            },
            Held::Within(at) => match value.get(*at..).and_then(port) {
                Some(port) if operation == 0 => self.limits.ports(&[(port, port)], false),
                // Only the source's may be looked at.
                _ => self.limits.note(BY_KEY),
            },
            Held::Made(words) => self.limits.note(words),
            Held::Value(_) => {}
        }
        Some(())
    }

    fn range(&mut self, parts: &Parts<'_>) -> Option<()> {
        let Some(held) = self.registers.get(number(parts.get(1)?)?) else {
            self.limits.note(OTHERS);
            return None;
        };
        let inverted = number(parts.get(2)?)? != 0;
        let (from, to) = (self.value(parts.get(3)?)?, self.value(parts.get(4)?)?);
        match held {
            Held::Port => self.limits.ports(&[(port(&from)?, port(&to)?)], inverted),
            Held::Protocol => {
                let range = (u16::from(*from.first()?), u16::from(*to.first()?));
                self.limits.protocols(&[range], inverted);
            }
            Held::Within(_) => self.limits.note(BY_KEY),
            Held::Made(words) => self.limits.note(words),
            Held::Value(_) => {}
        }
        Some(())
    }

    fn lookup(&mut self, parts: &Parts<'_>, sets: &Sets) -> Option<()> {
        const INVERTED: u32 = 1;
        let register = number(parts.get(2)?)?;
        let set = sets.get(&set_name(self.rule, parts.get(1)?));
        // A map of verdicts decides by itself; here only what it drops is of interest.
        let dropping;
        let set = if parts.get(3).and_then(number) == Some(VERDICT) {
            dropping = set?.dropping()?;
            self.act(Action::Drop, None);
            Some(&dropping)
        } else {
            set
        };
        let inverted = parts.get(5).and_then(number).unwrap_or(0) & INVERTED != 0;
        match (self.registers.get(register), set) {
            (Some(Held::Port), None) => self.limits.note("a set of ports that was not read"),
            // Others than those whose whole key is listed can have a port that is.
            (Some(Held::Port), Some(set)) if inverted && set.keys_are_longer() => {
                self.limits.note(BY_KEY);
            }
            (Some(Held::Port), Some(set)) => match set.ranges() {
                Some(ranges) => self.limits.ports(&ranges, inverted),
                None => self.limits.note(BY_KEY),
            },
            (Some(Held::Protocol), Some(set)) if !(inverted && set.keys_are_longer()) => {
                if let Some(ranges) = set.protocols() {
                    self.limits.protocols(&ranges, inverted);
                }
                self.port_behind(register);
            }
            (Some(Held::Within(_)), _) => self.limits.note(BY_KEY),
            (Some(Held::Made(words)), _) => self.limits.note(words),
            (Some(Held::Protocol | Held::Value(_)) | None, _) => {
                self.limits.note(OTHERS);
                self.port_behind(register);
            }
        }
        // A map puts what it finds into a register, an address and a port at most.
        if let Some(to) = parts.get(3).and_then(number).filter(|&to| to != VERDICT) {
            self.registers.put(to, 2 * Registers::LONG, None);
        }
        Some(())
    }

    fn port_behind(&mut self, register: u32) {
        if self.registers.port_behind(register) {
            self.limits.note(BY_KEY);
        }
    }

    fn immediate(&mut self, parts: &Parts<'_>) -> Option<()> {
        const DROP: u32 = 0;
        let register = number(parts.get(1)?)?;
        let data = parts.get(2)?;
        if register != VERDICT {
            let value = self.value(data);
            let length = value.as_ref().and_then(|it| u32::try_from(it.len()).ok());
            let length = length.unwrap_or(Registers::LONG);
            self.registers.put(register, length, value.map(Held::Value));
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
        match self.registers.get(number(register?)?)? {
            Held::Value(value) => Some(value),
            Held::Port | Held::Within(_) | Held::Made(_) | Held::Protocol => None,
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
        let name = text(parts.get(1)?);
        xt::limit(&name, parts.get(3)?, self.order, &mut self.limits);
        Some(())
    }
}
