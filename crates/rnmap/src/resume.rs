//! What files hold that the user names: lists of targets, and the output of an earlier run.

use model::{NetNs, Proto, Record, Technique};
use scan::{Answer, PortSet, Reason, ports};
use std::collections::{BTreeMap, BTreeSet};
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

/// What an earlier run told.
#[derive(Debug, Default)]
pub(crate) struct Earlier {
    /// What it settled.
    pub(crate) settled: Settled,
    /// The namespaces it stood in, where it tells.
    pub(crate) homes: BTreeSet<NetNs>,
}

impl Earlier {
    /// The namespace it stood in, where that is not `own`.
    pub(crate) fn elsewhere(&self, own: Option<NetNs>) -> Option<NetNs> {
        let is_here = own.is_none_or(|own| self.homes.contains(&own));
        self.homes.first().copied().filter(|_| !is_here)
    }
}

/// Reads the JSON of an earlier run, whole or cut short, or of several in a row; none where it
/// does not begin as an answer of ours. Ports that name no namespace were asked from where the
/// run stood; where that is not told either, from `own`. A line that is no record, as where the
/// writing was cut off, is left out.
pub(crate) fn settled(bytes: &[u8], own: Option<NetNs>) -> Option<Earlier> {
    let mut records = bytes
        .split(|byte| *byte == b'\n')
        .map(|line| serde_json::from_slice::<Record>(line).ok());
    let mut stood = match records.next().flatten() {
        Some(Record::Begin(begin)) if begin.tool == "rnmap" => begin.netns,
        _ => return None,
    };
    let mut settled = Settled::new();
    let mut homes: BTreeSet<NetNs> = stood.into_iter().collect();
    for record in records.flatten() {
        let home = stood.or(own);
        let (key, state, reason, ports) = match record {
            Record::Begin(begin) => {
                stood = begin.netns;
                homes.extend(stood);
                continue;
            }
            Record::Probe(probe) => (
                (
                    probe.netns.or(home),
                    probe.technique,
                    probe.proto,
                    probe.addr,
                ),
                probe.state,
                probe.reason,
                PortSet::of([probe.port]),
            ),
            Record::Tally(tally) => {
                let listed = tally.ports.as_deref().map(ports::parse);
                let Some(Ok(listed)) = listed else { continue };
                let key = (
                    tally.netns.or(home),
                    tally.technique,
                    tally.proto,
                    tally.addr,
                );
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
    Some(Earlier { settled, homes })
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
        // Another run went on behind it.
        cut.extend(b"\n{\"type\":\"probe\",\"technique\":\"connect\",\"proto\":\"tcp\",\"addr\":\"::1\",\"port\":4,\"state\":\"open\",\"reason\":\"syn-ack\"}");
        let settled = settled(&cut, None).unwrap().settled;
        let key = (None, Technique::Connect, Proto::Tcp, "::1".parse().unwrap());
        let ports: Vec<u16> = settled[&key].keys().copied().collect();
        assert_eq!(ports, [1, 2, 3, 4, 22]);
        assert_eq!(settled[&key][&22].state, PortState::Open);
    }

    #[test]
    fn what_another_namespace_said_is_its_own() {
        let probe = |netns: &str, state: &str| {
            format!(
                r#"{{"type":"probe","technique":"connect","proto":"tcp",{netns}"addr":"127.0.0.1","port":22,"state":"{state}","reason":"syn-ack"}}"#
            )
        };
        let read = |stood: &str, own| {
            let text = [
                format!(r#"{{"type":"begin","schema":1,"tool":"rnmap",{stood}"version":"0"}}"#),
                probe("", "open"),
                probe(r#""netns":7,"#, "closed"),
            ];
            let earlier = settled(text.join("\n").as_bytes(), own).unwrap();
            let told: Vec<_> = earlier
                .settled
                .iter()
                .map(|((netns, ..), answers)| (*netns, answers[&22].state))
                .collect();
            (told, earlier.elsewhere(own))
        };
        let (open, closed) = (PortState::Open, PortState::Closed);
        let seven = (Some(NetNs(7)), closed);
        assert_eq!(read("", None), (vec![(None, open), seven], None));
        // Of a file that does not tell where it was made it is taken that it was here.
        let here = vec![(Some(NetNs(3)), open), seven];
        assert_eq!(read("", Some(NetNs(3))), (here.clone(), None));
        let three = r#""netns":3,"#;
        assert_eq!(read(three, Some(NetNs(3))), (here.clone(), None));
        assert_eq!(read(three, Some(NetNs(7))), (here, Some(NetNs(3))));
    }
}
