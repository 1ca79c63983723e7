//! What files hold that the user names: lists of targets, and the output of an earlier run.

use model::{NetNs, Proto, Record, Technique};
use scan::{Answer, PortSet, Reason, ports};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// The words of a list of targets; `#` begins a remark.
pub(crate) fn words(text: &str) -> Vec<String> {
    let bare = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default());
    bare.flat_map(str::split_whitespace)
        .map(str::to_owned)
        .collect()
}

/// Where something was settled: the namespace asked from, technique, protocol and address.
pub(crate) type Key = (Option<NetNs>, Technique, Proto, IpAddr);

/// What an earlier run settled.
pub(crate) type Settled = BTreeMap<Key, BTreeMap<u16, Answer>>;

/// Reads the JSON of an earlier run, whole or cut short; none where it does not begin as an
/// answer of ours. A line that is no record ends it, as it does where the writing was cut off.
pub(crate) fn settled(bytes: &[u8]) -> Option<Settled> {
    let mut records = bytes
        .split(|byte| *byte == b'\n')
        .map_while(|line| serde_json::from_slice::<Record>(line).ok());
    if !matches!(records.next(), Some(Record::Begin(begin)) if begin.tool == "rnmap") {
        return None;
    }
    let mut settled = Settled::new();
    for record in records {
        let (key, state, reason, ports) = match record {
            Record::Probe(probe) => (
                (probe.netns, probe.technique, probe.proto, probe.addr),
                probe.state,
                probe.reason,
                PortSet::of([probe.port]),
            ),
            Record::Tally(tally) => {
                let listed = tally.ports.as_deref().map(ports::parse);
                let Some(Ok(listed)) = listed else { continue };
                let key = (tally.netns, tally.technique, tally.proto, tally.addr);
                (key, tally.state, tally.reason, listed.tcp)
            }
            _ => continue,
        };
        let Some(reason) = Reason::named(&reason) else {
            continue;
        };
        let answer = Answer::new(state, reason);
        settled
            .entry(key)
            .or_default()
            .extend(ports.iter().map(|port| (port, answer)));
    }
    Some(settled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::PortState;

    #[test]
    fn an_answer_cut_short_is_read_as_far_as_it_goes() {
        let text = concat!(
            r#"{"type":"begin","schema":1,"tool":"rnmap","version":"0"}"#,
            "\n",
            r#"{"type":"probe","technique":"connect","proto":"tcp","addr":"::1","port":22,"state":"open","reason":"syn-ack"}"#,
            "\n",
            r#"{"type":"tally","technique":"connect","proto":"tcp","addr":"::1","state":"closed","reason":"conn-refused","count":3,"ports":"1-3"}"#,
            "\n",
            r#"{"type":"tal"#,
        );
        let mut cut = text.as_bytes().to_vec();
        // In the middle of a letter.
        cut.extend(b"ly\",\"name\":\"\xc3");
        let settled = settled(&cut).unwrap();
        let key = (None, Technique::Connect, Proto::Tcp, "::1".parse().unwrap());
        let ports: Vec<u16> = settled[&key].keys().copied().collect();
        assert_eq!(ports, [1, 2, 3, 22]);
        assert_eq!(settled[&key][&22].state, PortState::Open);
    }

    #[test]
    fn what_another_namespace_said_is_its_own() {
        let probe = |netns: &str, state: &str| {
            format!(
                r#"{{"type":"probe","technique":"connect","proto":"tcp",{netns}"addr":"127.0.0.1","port":22,"state":"{state}","reason":"syn-ack"}}"#
            )
        };
        let text = [
            r#"{"type":"begin","schema":1,"tool":"rnmap","version":"0"}"#.to_owned(),
            probe("", "open"),
            probe(r#""netns":7,"#, "closed"),
        ];
        let settled = settled(text.join("\n").as_bytes()).unwrap();
        let told: Vec<_> = settled
            .iter()
            .map(|((netns, ..), answers)| (*netns, answers[&22].state))
            .collect();
        let wanted = [(None, PortState::Open), (Some(NetNs(7)), PortState::Closed)];
        assert_eq!(told, wanted);
    }
}
