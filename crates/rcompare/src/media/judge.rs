//! Holds what lies on a medium against its list of sums: a pure function of both.

use super::list::is_inside;
use super::walk::{Found, Thing};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Files of a medium that the list cannot sum: itself, and its signature.
const BESIDE: [&[u8]; 2] = [b"SHA256SUMS", b"SHA256SUMS.sig"];

/// What is wrong with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Wrong {
    /// It has another sum than it should.
    Changed,
    /// The list has it, the medium has not.
    Missing,
    /// The medium has it, the list has not; or it is a link that leads away.
    Extra,
    /// It could not be read to its end.
    Unread,
}

impl Wrong {
    /// The word of the table.
    pub(super) fn word(self) -> &'static str {
        match self {
            Wrong::Changed => "CHANGED",
            Wrong::Missing => "MISSING",
            Wrong::Extra => "EXTRA",
            Wrong::Unread => "UNREAD",
        }
    }
}

/// A file that is not as the list says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fault {
    /// Its name.
    pub(super) name: Vec<u8>,
    /// What is wrong.
    pub(super) wrong: Wrong,
    /// What was met instead, in words; it may quote the medium.
    pub(super) why: String,
}

/// Every fault, by name.
pub(super) fn faults(sums: &BTreeMap<&[u8], &[u8]>, seen: &Found) -> Vec<Fault> {
    let directories = above(sums);
    let things = &seen.things;
    let mut found: Vec<Fault> = things
        .iter()
        .filter_map(|(name, thing)| {
            let sum = sums.get(name.as_slice()).copied();
            let (wrong, why) = fault(sums, &directories, name, thing, sum)?;
            Some(Fault {
                name: name.clone(),
                wrong,
                why,
            })
        })
        .collect();
    let missing = sums.keys().filter(|name| !things.contains_key(**name));
    found.extend(missing.map(|name| {
        let unseen = seen.unseen.iter().any(|directory| lies_in(name, directory));
        let (wrong, why) = if unseen {
            (Wrong::Unread, "its directory could not be read")
        } else {
            (Wrong::Missing, "the list has it, the medium has not")
        };
        Fault {
            name: name.to_vec(),
            wrong,
            why: why.to_owned(),
        }
    }));
    found.sort();
    found
}

fn fault(
    sums: &BTreeMap<&[u8], &[u8]>,
    directories: &BTreeSet<&[u8]>,
    name: &[u8],
    thing: &Thing,
    sum: Option<&[u8]>,
) -> Option<(Wrong, String)> {
    match (thing, sum) {
        (_, None) if BESIDE.contains(&name) && !matches!(thing, Thing::Link(_)) => None,
        (Thing::Unread(why), Some(_)) => Some((Wrong::Unread, why.clone())),
        (Thing::File(is), Some(sum)) if is.as_bytes() == sum => None,
        (Thing::File(is), Some(_)) => Some((Wrong::Changed, format!("its SHA-256 is {is}"))),
        (Thing::File(_) | Thing::Unread(_), None) => {
            Some((Wrong::Extra, "the list has it not".to_owned()))
        }
        (Thing::Link(_), Some(_)) => Some((Wrong::Changed, "it is a link".to_owned())),
        (Thing::Link(target), None) => {
            let reached = reached(name, target);
            let good = reached.is_some_and(|to| {
                sums.contains_key(to.as_slice()) || directories.contains(to.as_slice())
            });
            let told = render::safe::escaped(target);
            (!good).then(|| {
                (
                    Wrong::Extra,
                    format!("a link to no file of the list: {told}"),
                )
            })
        }
    }
}

/// Whether a name is below a directory; all are below the top, whose name is empty.
fn lies_in(name: &[u8], directory: &[u8]) -> bool {
    let rest = name.strip_prefix(directory);
    rest.is_some_and(|rest| directory.is_empty() || rest.starts_with(b"/"))
}

/// The directories that files of the list lie in.
fn above<'l>(sums: &BTreeMap<&'l [u8], &[u8]>) -> BTreeSet<&'l [u8]> {
    let mut found = BTreeSet::new();
    for name in sums.keys() {
        let slashes = name.iter().enumerate().filter(|(_, byte)| **byte == b'/');
        found.extend(slashes.filter_map(|(at, _)| name.get(..at)));
    }
    found
}

/// The name a link leads to, without looking; none where it leaves the medium.
fn reached(link: &[u8], target: &[u8]) -> Option<Vec<u8>> {
    if target.is_empty() || target.starts_with(b"/") {
        return None;
    }
    let mut way: Vec<&[u8]> = link.split(|byte| *byte == b'/').collect();
    way.pop();
    for part in target.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                way.pop()?;
            }
            _ => way.push(part),
        }
    }
    let to = way.join(&b'/');
    is_inside(&to).then_some(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn things(of: &[(&str, Thing)]) -> Found {
        let thing = |(name, thing): &(&str, Thing)| (name.as_bytes().to_vec(), thing.clone());
        Found {
            things: of.iter().map(thing).collect(),
            ..Found::default()
        }
    }

    fn file(sum: &str) -> Thing {
        Thing::File(sum.to_owned())
    }

    fn link(target: &str) -> Thing {
        Thing::Link(target.as_bytes().to_vec())
    }

    #[track_caller]
    fn check(of: &[(&str, Thing)], expected: &[(&str, Wrong)]) {
        check_seen(&things(of), expected);
    }

    #[track_caller]
    fn check_seen(seen: &Found, expected: &[(&str, Wrong)]) {
        let sums: BTreeMap<&[u8], &[u8]> = [(&b"bin/a"[..], &b"1"[..]), (b"b", b"2")].into();
        let found = faults(&sums, seen);
        let found: Vec<(&str, Wrong)> = found
            .iter()
            .map(|fault| (std::str::from_utf8(&fault.name).unwrap(), fault.wrong))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_whole_medium_has_no_fault() {
        let list = ("SHA256SUMS", file("9"));
        check(&[("bin/a", file("1")), ("b", file("2")), list.clone()], &[]);
        let links = [
            ("compat/a", link("../bin/a")),
            ("compat/d", link("./../bin")),
        ];
        let all = [&[("bin/a", file("1")), ("b", file("2"))][..], &links].concat();
        check(&all, &[]);
    }

    #[test]
    fn what_is_not_as_the_list_says_is_named() {
        check(
            &[("bin/a", file("7"))],
            &[("b", Wrong::Missing), ("bin/a", Wrong::Changed)],
        );
        let more = ("more", file("1"));
        let lost = ("b", Thing::Unread("I/O error".to_owned()));
        check(
            &[("bin/a", file("1")), lost, more],
            &[("b", Wrong::Unread), ("more", Wrong::Extra)],
        );
        check(
            &[("bin/a", link("../b")), ("b", file("2"))],
            &[("bin/a", Wrong::Changed)],
        );
    }

    #[test]
    fn what_an_unread_directory_holds_is_not_called_missing() {
        let seen = |unseen: &str| Found {
            unseen: vec![unseen.as_bytes().to_vec()],
            ..things(&[("b", file("2"))])
        };
        check_seen(&seen("bin"), &[("bin/a", Wrong::Unread)]);
        check_seen(&seen(""), &[("bin/a", Wrong::Unread)]);
        check_seen(&seen("bi"), &[("bin/a", Wrong::Missing)]);
    }

    #[test]
    fn a_link_may_lead_only_to_what_has_a_sum() {
        for target in ["/bin/sh", "../../b", "../c", "", "..", "../compat"] {
            let all = [
                ("bin/a", file("1")),
                ("b", file("2")),
                ("compat/x", link(target)),
            ];
            check(&all, &[("compat/x", Wrong::Extra)]);
        }
        check(
            &[
                ("bin/a", file("1")),
                ("b", file("2")),
                ("SHA256SUMS", link("b")),
                ("SHA256SUMS.sig", link("/x")),
            ],
            &[("SHA256SUMS.sig", Wrong::Extra)],
        );
    }
}
