//! Which ports get a line of their own, and how the rest is summed up.

use model::PortState;
use scan::{Answer, PortSet, Reason, Report};
use std::collections::BTreeMap;

/// Ports in one state that are not worth a line each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sum {
    /// The state they share.
    pub(crate) state: PortState,
    /// Which, by what said so; most first.
    pub(crate) reasons: Vec<(Reason, PortSet)>,
}

impl Sum {
    /// How many ports.
    pub(crate) fn count(&self) -> usize {
        self.reasons.iter().map(|(_, ports)| ports.len()).sum()
    }
}

/// More ports than this in one uninteresting state are summed up, as nmap does.
pub(crate) const LISTED_MAX: usize = 25;

/// Splits a report into ports to be listed and sums of the rest, largest first. `is_summed`
/// is asked for each state with the number of ports in it.
pub(crate) fn sift(
    report: &Report,
    is_summed: impl Fn(PortState, usize) -> bool,
) -> (Vec<(u16, Answer)>, Vec<Sum>) {
    // All ports of a host are many, and none is copied that is not listed.
    let answers = &report.answers;
    let mut groups: BTreeMap<(PortState, Reason), usize> = BTreeMap::new();
    for (_, answer) in answers {
        *groups.entry((answer.state, answer.reason)).or_default() += 1;
    }
    let count = |state: PortState| -> usize {
        let of_state = groups.iter().filter(|(group, _)| group.0 == state);
        of_state.map(|(_, count)| count).sum()
    };
    let states = groups.keys().map(|group| group.0);
    let summed: Vec<PortState> = states
        .filter(|&state| is_summed(state, count(state)))
        .collect();
    let is_listed = |answer: &Answer| !summed.contains(&answer.state);
    let listed = answers.iter().filter(|(_, answer)| is_listed(answer));
    let listed = listed.copied().collect();
    let mut sums: BTreeMap<PortState, Sum> = BTreeMap::new();
    for &(state, reason) in groups.keys().filter(|group| summed.contains(&group.0)) {
        let of_group = |answer: &Answer| answer.state == state && answer.reason == reason;
        let all = answers.iter().filter(|(_, answer)| of_group(answer));
        let ports = PortSet::of(all.map(|&(port, _)| port));
        let sum = sums.entry(state).or_insert(Sum {
            state,
            reasons: Vec::new(),
        });
        sum.reasons.push((reason, ports));
    }
    let mut sums: Vec<Sum> = sums.into_values().collect();
    for sum in &mut sums {
        sum.reasons
            .sort_by_key(|(_, ports)| std::cmp::Reverse(ports.len()));
    }
    sums.sort_by_key(|sum| std::cmp::Reverse(sum.count()));
    (listed, sums)
}

/// The rule of the text formats: what answers is listed, the rest where it is not much.
pub(crate) fn for_reader(only_open: bool, everything: bool) -> impl Fn(PortState, usize) -> bool {
    move |state, count| match state {
        PortState::Open | PortState::InUse => false,
        PortState::OpenFiltered if only_open => false,
        PortState::Closed | PortState::Filtered | PortState::OpenFiltered | PortState::Free => {
            only_open || (count > LISTED_MAX && !everything)
        }
    }
}

/// The rule of `--json`: closed and free are summed up, the rest only where it is more than
/// a reader can want. Sums name their ports, so nothing is lost.
pub(crate) fn for_programs(state: PortState, count: usize) -> bool {
    match state {
        PortState::Open | PortState::InUse => false,
        PortState::Closed | PortState::Free => true,
        PortState::Filtered | PortState::OpenFiltered => count > 1_000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Proto, Technique};
    use std::collections::BTreeMap;

    fn report(answers: &[(u16, PortState, Reason)]) -> Report {
        Report {
            technique: Technique::Connect,
            proto: Proto::Tcp,
            addr: "127.0.0.1".parse().unwrap(),
            answers: answers
                .iter()
                .map(|&(port, state, reason)| (port, Answer::new(state, reason)))
                .collect(),
            missed: PortSet::default(),
            rtt: None,
            took: std::time::Duration::ZERO,
            lost: false,
            refused: BTreeMap::new(),
        }
    }

    #[test]
    fn many_closed_ports_are_summed_and_few_are_not() {
        let closed = |count: u16| -> Vec<_> {
            let mut all: Vec<_> = (1..=count)
                .map(|port| (port, PortState::Closed, Reason::ConnRefused))
                .collect();
            all.push((9_000, PortState::Open, Reason::SynAck));
            all
        };
        let (listed, sums) = sift(&report(&closed(25)), for_reader(false, false));
        assert_eq!((listed.len(), sums.len()), (26, 0));
        let (listed, sums) = sift(&report(&closed(26)), for_reader(false, false));
        assert_eq!((listed.len(), sums.len()), (1, 1));
        assert_eq!(sums[0].count(), 26);
        let (listed, sums) = sift(&report(&closed(3)), for_reader(true, false));
        assert_eq!((listed.len(), sums[0].count()), (1, 3));
        let (listed, sums) = sift(&report(&closed(1)), for_programs);
        assert_eq!((listed.len(), sums[0].count()), (1, 1));
    }

    #[test]
    fn reasons_are_kept_apart() {
        let mut answers = vec![(1, PortState::Filtered, Reason::HostUnreach)];
        answers.extend((2..40).map(|port| (port, PortState::Filtered, Reason::NoResponse)));
        let (_, sums) = sift(&report(&answers), for_reader(false, false));
        let reasons: Vec<Reason> = sums[0].reasons.iter().map(|(reason, _)| *reason).collect();
        assert_eq!(reasons, [Reason::NoResponse, Reason::HostUnreach]);
    }
}
