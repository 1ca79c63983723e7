//! The explanation catalogue: for each pattern of testimony the causes, ranked, and the one
//! thing to do next. A cause that something seen rules out is not printed.

use crate::verdict::Verdict;
use serde::{Serialize, Serializer};
use std::fmt;

/// What each witness says of a port, a letter each: text tables, netlink, owner walk, bind
/// probe, local connect, remote scan. `Y` yes, `n` no, `u` in use, `f` free, `.` not asked or
/// blind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vector {
    /// Text tables.
    pub text: char,
    /// sock_diag.
    pub netlink: char,
    /// Owner walk.
    pub owner: char,
    /// Bind probe.
    pub bind: char,
    /// Local connect.
    pub local: char,
    /// Remote scan.
    pub remote: char,
}

impl Vector {
    /// Nobody was asked.
    pub const BLIND: Vector = Vector {
        text: '.',
        netlink: '.',
        owner: '.',
        bind: '.',
        local: '.',
        remote: '.',
    };

    fn letters(self) -> [char; 6] {
        [
            self.text,
            self.netlink,
            self.owner,
            self.bind,
            self.local,
            self.remote,
        ]
    }

    /// Whether nothing in it speaks against a pattern.
    fn fits(self, pattern: &str) -> bool {
        self.letters()
            .into_iter()
            .zip(pattern.chars())
            .all(|(is, wanted)| is == wanted || is == '.' || wanted == '.')
    }
}

impl fmt::Display for Vector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.letters().iter().collect::<String>())
    }
}

impl Serialize for Vector {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// Something seen that rules causes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Clue {
    /// The walk was refused nothing.
    AllReadable,
    /// We run in the machine's first pid namespace.
    FirstPidns,
    /// Threads' own tables and io_uring files were looked at.
    WalkedDeep,
    /// No descriptors wait in messages.
    NothingInFlight,
    /// The kernel tells of bound sockets, and tells of none here.
    BoundTold,
    /// Tables and probes were asked in one namespace.
    OneNetns,
    /// The difference outlived three sandwich rounds.
    Confirmed,
    /// It is TCP.
    Tcp,
    /// sock_diag answers for other sockets of this table.
    DiagWorks,
    /// The listener's queue has room.
    QueueHasRoom,
    /// It is bound to no device.
    NoDevice,
    /// It was asked on the address it is bound to.
    AskedOnItsAddress,
}

/// A cause, and the clue that rules it out.
type Cause = (&'static str, Option<Clue>);

/// One pattern of the catalogue.
struct Pattern {
    /// Its number in the catalogue.
    code: &'static str,
    /// The verdicts it explains; any, where empty.
    verdicts: &'static [Verdict],
    /// The letters it needs.
    vector: &'static str,
    /// Causes, the likeliest first.
    causes: &'static [Cause],
    /// The next step; `{proto}`, `{addr}`, `{port}`, `{pid}` and `{inode}` are filled in.
    next: &'static str,
}

/// What the catalogue says of one port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The pattern's number.
    pub pattern: &'static str,
    /// Causes not ruled out, the likeliest first.
    pub causes: Vec<&'static str>,
    /// The next step, with the port's own numbers still to be filled in.
    pub next: &'static str,
}

/// Looks a port up in the catalogue.
#[must_use]
pub fn explain(verdict: Verdict, vector: Vector, clues: &[Clue]) -> Option<Explanation> {
    let pattern = CATALOGUE.iter().find(|pattern| {
        (pattern.verdicts.is_empty() || pattern.verdicts.contains(&verdict))
            && vector.fits(pattern.vector)
    })?;
    let causes = pattern
        .causes
        .iter()
        .filter(|(_, unless)| unless.is_none_or(|clue| !clues.contains(&clue)))
        .map(|(cause, _)| *cause)
        .collect();
    Some(Explanation {
        pattern: pattern.code,
        causes,
        next: pattern.next,
    })
}

use Clue::{
    AllReadable, AskedOnItsAddress, BoundTold, Confirmed, DiagWorks, FirstPidns, NoDevice,
    NothingInFlight, OneNetns, QueueHasRoom, Tcp, WalkedDeep,
};
use Verdict as V;

const NOBODY: &[Verdict] = &[
    V::OwnerUnknown,
    V::OwnerUnreadable,
    V::OwnerOutsidePidns,
    V::OwnerInFlight,
];

/// The catalogue, the more particular patterns first.
#[rustfmt::skip]
const CATALOGUE: &[Pattern] = &[
    Pattern { code: "P2", verdicts: &[V::FilteredRemote], vector: "YYYuYf",
        causes: &[
            ("a firewall or the network drops it on the way", None),
            ("it is bound to a device, or the answer leaves by another one", Some(NoDevice)),
            ("the scanner's own side filters", None),
        ],
        next: "nft list ruleset" },
    Pattern { code: "P3", verdicts: &[V::FilteredRemote], vector: "YYYuYn",
        causes: &[
            ("it listens on another address than the one scanned", None),
            ("a firewall rule rejects with a reset", None),
            ("address translation in front: the scan met another machine", None),
        ],
        next: "nft list ruleset" },
    Pattern { code: "P4", verdicts: &[V::SilentListener], vector: "...un.",
        causes: &[
            ("it was asked on another address than its own", Some(AskedOnItsAddress)),
            ("it is bound to a device that local traffic does not come by", Some(NoDevice)),
            ("its accept queue is full: the program does not accept", Some(QueueHasRoom)),
            ("a packet filter of the host drops what comes from itself", None),
            ("a socket filter or a minimum TTL on the listener keeps strangers out", None),
        ],
        next: "ss -tlnm 'sport = :{port}'; rlsof -nP -i {proto}:{port}" },
    Pattern { code: "P5", verdicts: NOBODY, vector: "..n...",
        causes: &[
            ("its holder is a process whose descriptors we were refused", Some(AllReadable)),
            ("the kernel itself holds it (tunnel, NFS, WireGuard)", None),
            ("its holder is outside the pid namespace we run in", Some(FirstPidns)),
            ("a thread with a descriptor table of its own, or an io_uring, holds it", Some(WalkedDeep)),
            ("an io_uring that has no descriptor itself holds it", None),
            ("it waits in a message nobody has received", Some(NothingInFlight)),
            ("the holder's directory in /proc is covered by a mount", None),
            ("the holder is not listed in /proc", None),
        ],
        next: "rlsof --sockets --json | grep '\"inode\":{inode}'; grep ' /proc/[0-9]' /proc/self/mountinfo" },
    Pattern { code: "P5", verdicts: &[V::KernelSocket], vector: "......",
        causes: &[("the kernel itself holds it, as the evidence says", None)],
        next: "ip -d link; cat /proc/fs/nfsd/portlist" },
    Pattern { code: "P7", verdicts: &[V::RemoteOnly], vector: "nn.fnY",
        causes: &[
            ("address translation leads it elsewhere (NAT, a published container port)", None),
            ("another machine answers on that address: load balancer, proxy, container", None),
            ("a transparent proxy takes it", None),
            ("a socket in another network namespace with an interface of its own", None),
            ("a program in the kernel answers (XDP, BPF), or a magic packet opened it", None),
        ],
        next: "nft list ruleset; repeat the scan while capturing on this host" },
    Pattern { code: "P24", verdicts: &[V::RemoteOnly], vector: "...fn.",
        causes: &[
            ("it opens after a knock, or for some sources only", None),
            ("the scanner met another machine", None),
        ],
        next: "repeat the scan from two sources while capturing on this host" },
    Pattern { code: "P8", verdicts: &[V::Steered], vector: "nn..Y.",
        causes: &[
            ("a BPF sk_lookup program hands it to another socket", None),
            ("a NAT rule on the output path leads it elsewhere", None),
        ],
        next: "bpftool net; nft list ruleset; iptables-legacy-save" },
    Pattern { code: "P7", verdicts: &[V::Steered], vector: "......",
        causes: &[("a rule or a program leads it elsewhere, as the evidence says", None)],
        next: "nft list ruleset; bpftool net" },
    Pattern { code: "P9", verdicts: &[V::BoundNotListening], vector: "......",
        causes: &[("a socket keeps the number without listening", None)],
        next: "rlsof -nP -p {pid}" },
    Pattern { code: "P9", verdicts: &[V::HiddenFromTables, V::Limited], vector: "nn.un.",
        causes: &[
            ("a socket keeps the number without listening, which this kernel does not tell", Some(BoundTold)),
            ("a connection that came or went keeps it", Some(Confirmed)),
            ("tables and probes were asked in different namespaces", Some(OneNetns)),
            ("the tables are filtered in the kernel", None),
        ],
        next: "rlsof -nP | grep 'protocol: TCP'" },
    Pattern { code: "P10", verdicts: &[V::HiddenFromTables], vector: "nn.uY.",
        causes: &[
            ("tables and probes were asked in different namespaces", Some(OneNetns)),
            ("a listener that opened and closed in step with the rounds", Some(Confirmed)),
            ("the kernel filters both socket tables", None),
        ],
        next: "stop trusting this kernel: take an image of its memory; scan it from another machine (rnmap -sT -p {port})" },
    Pattern { code: "P10", verdicts: &[V::HiddenFromTables], vector: "nn....",
        causes: &[
            ("tables and probes were asked in different namespaces", Some(OneNetns)),
            ("it came and went in step with the rounds", Some(Confirmed)),
            ("the kernel filters both socket tables", None),
        ],
        next: "rnmap -sT -p {port} from another machine" },
    Pattern { code: "P11", verdicts: &[V::HiddenFromProcfs], vector: "nY....",
        causes: &[
            ("/proc/net is covered by a mount", None),
            ("the text table lost its place while it was read", Some(Tcp)),
            ("the kernel filters the text table", None),
        ],
        next: "grep -E ' /proc/(net|self/net|[0-9])' /proc/self/mountinfo" },
    Pattern { code: "P12", verdicts: &[V::HiddenFromNetlink], vector: "Yn....",
        causes: &[
            ("the diag module is missing or blocked", Some(DiagWorks)),
            ("it is of a transport that sock_diag was not asked for", Some(DiagWorks)),
            ("something filters netlink answers (a hook on recvmsg, a BPF program)", None),
        ],
        next: "rnetstat --via netlink --json -a | grep '\"port\":{port},'" },
    Pattern { code: "P13", verdicts: &[V::ProcTampered], vector: "......",
        causes: &[
            ("a container runtime or lxcfs covers files of /proc", None),
            ("a mount covers /proc/net or a process", None),
            ("the procfs of another pid namespace is mounted", None),
        ],
        next: "grep ' /proc' /proc/self/mountinfo" },
    Pattern { code: "P14", verdicts: &[V::OwnerThread, V::OwnerIoUring], vector: "......",
        causes: &[
            ("a runtime or sandbox that keeps descriptors out of the shared table", None),
            ("somebody who knows that netstat, ss and lsof look only at the leader's table", None),
        ],
        next: "rlsof -nP -p {pid}; sha256sum /proc/{pid}/exe" },
    Pattern { code: "P15", verdicts: &[V::NoProcessByNature], vector: "......",
        causes: &[("connections at their end or beginning: no process has them", None)],
        next: "rnetstat -ano" },
    Pattern { code: "P18", verdicts: &[V::CounterMismatch], vector: "......",
        causes: &[
            ("connections came or went between two readings", Some(Confirmed)),
            ("a connection or socket that no table lists", None),
        ],
        next: "cat /proc/net/sockstat; conntrack -L; capture on each interface" },
    Pattern { code: "P20", verdicts: &[V::OtherNetns], vector: "......",
        causes: &[("a container, or a namespace made by hand", None)],
        next: "lsns -t net" },
    Pattern { code: "P21", verdicts: &[V::Sniffer], vector: "......",
        causes: &[
            ("DHCP, LLDP, ping, a VPN or a capture tool", None),
            ("a program that waits for a magic packet", None),
        ],
        next: "rlsof -nP -p {pid}; sha256sum /proc/{pid}/exe" },
    Pattern { code: "P19", verdicts: &[V::HiddenProcess], vector: "......",
        causes: &[
            ("/proc is mounted with hidepid", Some(AllReadable)),
            ("the number is still used as a group or session", None),
            ("the kernel does not list the process", None),
        ],
        next: "grep ' /proc ' /proc/self/mountinfo" },
    Pattern { code: "P25", verdicts: &[V::Limited], vector: "......",
        causes: &[("we could not look everywhere: see the evidence and the gaps", None)],
        next: "run it as root in the machine's first namespaces" },
    Pattern { code: "P1", verdicts: &[V::Agree], vector: "......",
        causes: &[
            ("normal", None),
            ("or a back door inside the program itself: agreement is not innocence", None),
        ],
        next: "sha256sum /proc/{pid}/exe, and compare with the package" },
];

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(letters: &str) -> Vector {
        let at = |at| letters.chars().nth(at).unwrap();
        Vector {
            text: at(0),
            netlink: at(1),
            owner: at(2),
            bind: at(3),
            local: at(4),
            remote: at(5),
        }
    }

    #[track_caller]
    fn check(verdict: Verdict, letters: &str, clues: &[Clue], pattern: &str, causes: usize) {
        let found = explain(verdict, vector(letters), clues).unwrap();
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
            3,
        );
    }

    #[test]
    fn every_verdict_that_is_reported_has_a_pattern() {
        for verdict in Verdict::all().filter(|verdict| *verdict != V::Transient) {
            assert!(explain(verdict, Vector::BLIND, &[]).is_some(), "{verdict}");
        }
    }

    #[test]
    fn no_cause_names_a_culprit() {
        for pattern in CATALOGUE {
            assert_eq!(pattern.vector.len(), 6, "{}", pattern.code);
            assert!(!pattern.causes.is_empty());
            for (cause, _) in pattern.causes {
                assert!(!cause.contains("rootkit"), "{cause}");
            }
        }
    }
}
