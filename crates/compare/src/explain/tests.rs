//! Every pattern found, and every verdict told.

use super::linux::CATALOGUE;
use super::*;
use crate::explain::Clue::*;
use crate::verdict::Verdict as V;

fn vector(letters: &str) -> Vector {
    let at = |at| letters.chars().nth(at).unwrap();
    Vector {
        text: at(0),
        netlink: at(1),
        owner: at(2),
        bind: at(3),
        local: at(4),
        remote: at(5),
        ..Vector::BLIND
    }
}

#[track_caller]
fn check(verdict: Verdict, letters: &str, clues: &[Clue], pattern: &str, causes: usize) {
    let found = explain(System::Linux, verdict, vector(letters), clues).unwrap();
    assert_eq!(found.pattern, pattern, "{found:?}");
    assert_eq!(found.causes.len(), causes, "{found:?}");
}

#[test]
fn each_port_finds_its_pattern() {
    check(V::Agree, "YYYuY.", &[], "P1", 2);
    check(V::OwnerUnknown, "YYnuY.", &[], "P5", 8);
    check(V::HiddenFromProcfs, "nYYuY.", &[Tcp], "P11", 2);
    check(
        V::HiddenFromTables,
        "nn.uY.",
        &[OneNetns, Confirmed],
        "P10",
        1,
    );
    check(
        V::HiddenFromTables,
        "nn.un.",
        &[BoundTold, OneNetns],
        "P9",
        2,
    );
    check(V::Steered, "nn.fY.", &[], "P8", 2);
}

#[test]
fn what_is_ruled_out_is_not_said() {
    let clues = [AllReadable, FirstPidns, WalkedDeep, NothingInFlight];
    check(V::OwnerUnknown, "YYnuY.", &clues, "P5", 4);
    check(
        V::SilentListener,
        "YYYun.",
        &[NoDevice, AskedOnItsAddress],
        "P4",
        4,
    );
}

#[test]
fn each_port_of_solaris_finds_its_pattern() {
    let check = |verdict, letters: &str, clues: &[Clue], pattern: &str, next: &str| {
        let found = explain(System::Solaris114, verdict, vector(letters), clues).unwrap();
        assert_eq!((found.pattern, found.next.as_str()), (pattern, next));
    };
    let memory = "echo '::netstat' | mdb -k";
    let digest = "digest -a sha256 /proc/{pid}/object/a.out";
    check(V::Agree, "Y.YuY.", &[Named], "Z2", digest);
    check(V::OwnerUnknown, "Y.nuY.", &[], "Z9", memory);
    check(
        V::OwnerUnknown,
        "Y.nuY.",
        &[Made],
        "Z8",
        "pargs -l {creator}",
    );
    check(V::HiddenFromTables, "n..uY.", &[], "Z13", memory);
    check(V::HiddenFromTables, "n..un.", &[], "Z14", memory);
    check(V::SilentListener, "Y.Yfn.", &[], "Z5", memory);
    check(V::Steered, "n..fY.", &[], "Z16", "pfctl -s rules");
    check(
        V::Limited,
        "Y..uY.",
        &[Perhaps, NoInodes],
        "Z20",
        "netstat -anu",
    );
    check(
        V::Limited,
        "Y..uY.",
        &[NoInodes, Made],
        "Z22",
        "pfiles {creator}",
    );
    check(V::Limited, "Y..uY.", &[], "Z24", "ppriv $$");
}

/// Both tables, with the kinds of system that read them.
const TABLES: [(&[Pattern], &[System]); 2] = [
    (CATALOGUE, &[System::Linux]),
    (
        solaris::CATALOGUE,
        &[
            System::Solaris10,
            System::Solaris11,
            System::Solaris114,
            System::Illumos,
        ],
    ),
];

/// Every vector there can be.
fn vectors() -> impl Iterator<Item = Vector> {
    const LETTERS: [&str; 7] = ["Yn.", "Yn.", "Yn.", "uf.", "Yn.", "Ynf.", "Y."];
    let count: usize = LETTERS.iter().map(|letters| letters.len()).product();
    (0..count).map(|number| {
        let mut left = number;
        let [text, netlink, owner, bind, local, remote, copies] = LETTERS.map(|letters| {
            let at = left % letters.len();
            left /= letters.len();
            letters.chars().nth(at).unwrap()
        });
        Vector {
            text,
            netlink,
            owner,
            bind,
            local,
            remote,
            copies,
            private: '.',
        }
    })
}

/// Whatever is said of whatever: a pattern, causes, and one thing to do next that is whole.
#[test]
fn nothing_is_left_without_causes_and_one_next_step() {
    let sets: [&[Clue]; 4] = [
        &[],
        &[Made, NoInodes, TooFew],
        &[
            Confirmed,
            AllReadable,
            GlobalZone,
            OneNetns,
            Uncounted,
            Port,
        ],
        &[
            RowWithoutInode,
            Perhaps,
            Named,
            DualStack,
            Unanswered,
            RowsMissing,
        ],
    ];
    let systems = TABLES.iter().flat_map(|(_, systems)| systems.iter());
    for &system in systems {
        for verdict in Verdict::all() {
            for vector in vectors() {
                for clues in sets {
                    let found = explain(system, verdict, vector, clues);
                    let found = found.unwrap_or_else(|| panic!("{system:?} {verdict} {vector}"));
                    assert!(
                        !found.causes.is_empty(),
                        "{system:?} {verdict} {vector} {found:?}"
                    );
                    assert!(!found.next.is_empty(), "{system:?} {verdict} {vector}");
                }
            }
        }
    }
}

/// A number that is to be filled in is known wherever its pattern can be met.
#[test]
fn what_is_filled_in_is_known() {
    const HELD: &[Verdict] = &[V::Agree, V::BoundNotListening, V::Sniffer, V::HiddenProcess];
    const WORDS: &[&str] = &["{proto}", "{port}", "{pid}", "{inode}", "{creator}"];
    for (table, systems) in TABLES {
        for pattern in table {
            let (code, next) = (pattern.code, pattern.next);
            let held = !pattern.verdicts.is_empty()
                && pattern
                    .verdicts
                    .iter()
                    .all(|verdict| HELD.contains(verdict));
            let named = held || pattern.needs.contains(&Named);
            assert!(!next.contains("{pid}") || named, "{code}: {next}");
            let made = pattern.needs.contains(&Made);
            assert!(!next.contains("{creator}") || made, "{code}: {next}");
            for system in systems {
                let mut left = system.commands(next);
                WORDS.iter().for_each(|word| left = left.replace(word, "1"));
                assert!(!left.contains(['{', '}', '?']), "{code}: {left}");
                // One step, not a list of them.
                assert!(
                    !left.contains(';') && !left.contains('\n'),
                    "{code}: {left}"
                );
            }
        }
    }
}

#[test]
fn the_catalogue_is_whole() {
    for (letter, last, (table, _)) in [("P", 25, TABLES[0]), ("Z", 27, TABLES[1])] {
        for number in 1..=last {
            let code = format!("{letter}{number}");
            assert!(table.iter().any(|it| it.code == code), "{code}");
        }
        assert!(table.iter().all(|it| it.code.starts_with(letter)));
    }
}

/// Words for things that only Linux has.
pub(crate) const LINUX_ONLY: &[&str] = &[
    "/proc/self",
    "/proc/net",
    "/proc/[0-9]",
    "/exe",
    "io_uring",
    " ss ",
    "netlink",
    "sock_diag",
    "nft",
    "iptables",
    "conntrack",
    "mountinfo",
    "unshare",
    "lsns",
    "bpf",
    "BPF",
    "XDP",
    "cgroup",
    "control group",
    "namespace",
    "sockstat",
    "procfs",
    "hidepid",
    "sha256sum",
    "WireGuard",
    "TTL",
    "pidfd",
    "/proc is",
];

#[test]
fn nothing_of_linux_is_said_on_solaris() {
    for pattern in solaris::CATALOGUE {
        let causes = pattern.causes.iter().map(|(cause, _)| *cause);
        for text in causes.chain([pattern.next]) {
            let padded = format!(" {text} ");
            let found = LINUX_ONLY.iter().find(|word| padded.contains(**word));
            assert_eq!(found, None, "{}: {text}", pattern.code);
        }
    }
}

/// A row of the document for each pattern: its verdicts, every cause, and the command.
#[test]
fn the_document_tells_every_pattern_of_solaris() {
    const FINDINGS: &str = include_str!("../../../../docs/FINDINGS.md");
    for pattern in solaris::CATALOGUE {
        let begin = format!("| {} |", pattern.code);
        let row = FINDINGS.lines().find(|line| line.starts_with(&begin));
        let row = row.unwrap_or_else(|| panic!("{} has no row", pattern.code));
        for verdict in pattern.verdicts {
            assert!(row.contains(verdict.name()), "{row}");
        }
        for (cause, _) in pattern.causes {
            assert!(row.contains(cause), "{cause}\n{row}");
        }
        let told = [System::Illumos, System::Solaris114, System::Solaris10].map(|system| {
            let next = system.commands(pattern.next).replace('|', "\\|");
            let next = next.replace("{port}", "PORT").replace("{pid}", "PID");
            next.replace("{creator}", "PID")
        });
        // Words of ours that are no command stand outside the quotes.
        let bare = row.replace('`', "").replace("with --rounds", "--rounds");
        for next in told {
            assert!(bare.contains(&next), "{next}\n{row}");
        }
    }
}

#[test]
fn no_cause_names_a_culprit() {
    for pattern in TABLES.iter().flat_map(|(table, _)| table.iter()) {
        assert!(matches!(pattern.vector.len(), 6 | 8), "{}", pattern.code);
        assert!(!pattern.causes.is_empty());
        for (cause, _) in pattern.causes {
            assert!(!cause.contains("rootkit"), "{cause}");
        }
    }
}
