//! Which states are meant: lsof's `-s PROTOCOL:STATE[,STATE…]`, with `^` for exclusion.

use model::{Inet, Proto, State};

/// What was said of one protocol's states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateFilter {
    /// The protocol it is about; sockets of others are not touched.
    pub proto: Proto,
    /// Wanted; empty means all.
    pub only: Vec<State>,
    /// Refused.
    pub not: Vec<State>,
}

/// Other spellings in use.
const ALIASES: &[(&str, State)] = &[
    ("CLOSED", State::Close),
    ("SYN_RCVD", State::SynRecv),
    ("FIN_WAIT_1", State::FinWait1),
    ("FIN_WAIT_2", State::FinWait2),
    ("UNCONNECTED", State::Close),
];

impl StateFilter {
    /// Reads `TCP:LISTEN,^CLOSED`.
    ///
    /// # Errors
    /// One sentence on the first word that was not understood.
    pub fn parse(spec: &str) -> Result<StateFilter, String> {
        let (proto, list) = spec
            .split_once(':')
            .ok_or_else(|| format!("expected PROTOCOL:STATE: {spec}"))?;
        let proto = [Proto::Tcp, Proto::Udp]
            .into_iter()
            .find(|known| proto.eq_ignore_ascii_case(known.name()))
            .ok_or_else(|| format!("only TCP and UDP have states: {proto}"))?;
        let mut filter = StateFilter {
            proto,
            only: Vec::new(),
            not: Vec::new(),
        };
        for item in crate::items(list) {
            let item = item?;
            match item.strip_prefix('^') {
                Some(word) => filter.not.push(state(word)?),
                None => filter.only.push(state(item)?),
            }
        }
        Ok(filter)
    }

    /// Whether a socket may stay.
    #[must_use]
    pub fn admits(&self, inet: &Inet) -> bool {
        inet.proto != self.proto
            || ((self.only.is_empty() || self.only.contains(&inet.state))
                && !self.not.contains(&inet.state))
    }
}

fn state(word: &str) -> Result<State, String> {
    let upper = word.to_ascii_uppercase().replace('-', "_");
    if let Some((_, state)) = ALIASES.iter().find(|row| row.0 == upper) {
        return Ok(*state);
    }
    (1..=14)
        .map(State::from_number)
        .find(|state| state.to_string() == upper)
        .ok_or_else(|| format!("unknown state: {word}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_by_any_usual_name() {
        let filter = StateFilter::parse("tcp:LISTEN,syn-sent,^CLOSED").unwrap();
        assert_eq!(filter.only, [State::Listen, State::SynSent]);
        assert_eq!(filter.not, [State::Close]);
        assert_eq!(filter.proto, Proto::Tcp);
    }

    #[test]
    fn nonsense_is_one_sentence() {
        for bad in [
            "",
            "TCP",
            "TCP:",
            "TCP:FOO",
            "FOO:LISTEN",
            "TCP:LISTEN,",
            "TCP:^",
        ] {
            assert!(StateFilter::parse(bad).is_err(), "{bad}");
        }
    }
}
