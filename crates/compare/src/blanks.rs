//! What could not be looked at, and whether an "all agree" is weaker for it.

use crate::report::Blank;
use crate::snapshot::{Snapshot, View};
use model::{Family, Gap, Proto, Source, State};
use std::collections::BTreeMap;

/// The tables open ports stand in.
const TABLES: [(Family, Proto); 4] = [
    (Family::Inet, Proto::Tcp),
    (Family::Inet6, Proto::Tcp),
    (Family::Inet, Proto::Udp),
    (Family::Inet6, Proto::Udp),
];

/// Gaps, each once, and which of them nothing made up for.
#[must_use]
pub(crate) fn blanks(snapshot: &Snapshot) -> Vec<Blank> {
    let mut all: BTreeMap<(Option<Source>, &Gap), (usize, bool)> = BTreeMap::new();
    for gap in &snapshot.facts.gaps {
        all.insert((None, gap), (1, true));
    }
    let light = snapshot.facts.steering_gaps.iter();
    all.extend(light.map(|gap| ((None, gap), (1, false))));
    let listings = snapshot.listings.iter().flat_map(|it| &it.gaps);
    let listings = listings.chain(&snapshot.tool_gaps);
    all.extend(listings.map(|gap| ((None, gap), (1, false))));
    let hidepid = hidepid(snapshot);
    all.extend(hidepid.iter().map(|gap| ((None, gap), (1, true))));
    for view in &snapshot.views {
        let weighs = !view.gaps.is_empty() && weighs(snapshot, view);
        for gap in &view.gaps {
            let blank = all.entry((Some(view.source), gap)).or_default();
            blank.0 += 1;
            blank.1 |= weighs;
        }
    }
    all.into_iter()
        .map(|((source, gap), (views, weighs))| Blank {
            source,
            gap: gap.clone(),
            views,
            weighs,
        })
        .collect()
}

/// Processes of others that are not listed because the mount says so and we lack the right.
fn hidepid(snapshot: &Snapshot) -> Option<Gap> {
    let option = snapshot.facts.identity.as_ref()?.hidepid.as_ref()?;
    let lacks = snapshot.facts.hides_others();
    let reason = format!(
        "hidepid={}: processes of other users are not listed to us",
        option.as_bytes().escape_ascii()
    );
    lacks.then(|| Gap::new("/proc", reason))
}

/// Whether the gaps of a view leave something unlooked at. A table that the same source read
/// to its end in another pass of the round was looked at. Places a walk was refused bear on
/// sockets without an owner, and these say so themselves.
fn weighs(snapshot: &Snapshot, view: &View) -> bool {
    let extra = view.side().is_some_and(|side| !side.is_judged())
        || matches!(view.source, Source::Pidfd | Source::Programs);
    // These bear witness beside those that must look; without them less is known, not nothing.
    if extra {
        return false;
    }
    if view.side().is_some() {
        return TABLES.iter().any(|&(family, proto)| {
            let covers = |view: &View| view.covers(family, proto, State::Listen);
            let expected = (family, proto) == TABLES[0] || snapshot.views.iter().any(covers);
            let mut passes = snapshot.round(view.round);
            expected && !passes.any(|(_, pass)| pass.source == view.source && covers(pass))
        });
    }
    // Each of these asks other addresses, or is another file.
    if matches!(view.source, Source::Connect | Source::Remote) {
        return true;
    }
    let mut passes = snapshot.round(view.round);
    !view.walked() && !passes.any(|(_, pass)| pass.source == view.source && pass.gaps.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Coverage, Looked};

    fn looked(tables: &[(Family, Proto)]) -> Coverage {
        Coverage {
            looked: tables
                .iter()
                .map(|&(family, proto)| Looked {
                    family,
                    proto: Some(proto),
                    bound: false,
                })
                .collect(),
            ..Coverage::default()
        }
    }

    /// Source, tables read to the end, whether it met a gap.
    type Told = (Source, &'static [(Family, Proto)], bool);

    #[track_caller]
    fn check(views: &[Told], expected: bool) {
        let mut snapshot = Snapshot::default();
        for (source, tables, gap) in views {
            let view = snapshot.begin(*source, 1).unwrap();
            if *gap {
                snapshot.gap(view, Gap::new("somewhere", "out of reach"));
            }
            snapshot.end(view, looked(tables));
        }
        let blanks = blanks(&snapshot);
        assert_eq!(blanks.iter().any(|blank| blank.weighs), expected);
        assert!(!blanks.is_empty());
    }

    const FOUR: &[(Family, Proto)] = &[(Family::Inet, Proto::Tcp), (Family::Inet, Proto::Udp)];

    #[test]
    fn a_table_nobody_needs_does_not_weigh() {
        check(&[(Source::Netlink, FOUR, true)], false);
        check(&[(Source::Netlink, &TABLES, true)], false);
    }

    #[test]
    fn a_table_read_in_another_pass_does_not_weigh() {
        check(
            &[(Source::Netlink, &[], true), (Source::Netlink, FOUR, false)],
            false,
        );
    }

    #[test]
    fn a_table_not_read_weighs() {
        check(&[(Source::Netlink, &[], true)], true);
        check(
            &[
                (Source::Netlink, FOUR, true),
                (Source::Procfs, &TABLES, false),
            ],
            true,
        );
    }

    #[test]
    fn a_probe_not_made_weighs() {
        check(&[(Source::Bind, &[], true)], true);
        check(
            &[(Source::Bind, &[], true), (Source::Bind, &[], false)],
            false,
        );
        check(&[(Source::Walk, &[], true)], true);
        // Other addresses, and another file, are other questions.
        for source in [Source::Connect, Source::Remote] {
            check(&[(source, &[], true), (source, &[], false)], true);
        }
    }
}
