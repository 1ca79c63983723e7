//! The explanation catalogue: for each pattern of testimony the causes, ranked, and the one
//! thing to do next. A cause that something seen rules out is not printed.

use crate::verdict::Verdict;
use serde::{Serialize, Serializer};
use std::fmt;

/// What each witness says of a port, a letter each: text tables, netlink, owner walk, bind
/// probe, local connect, remote scan; then the private procfs, and the walk over copies of
/// descriptors. `Y` yes, `n` no, `u` in use, `f` free, `.` not asked or blind.
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
    /// Text tables through a procfs of our own.
    pub private: char,
    /// Owner walk without procfs.
    pub copies: char,
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
        private: '.',
        copies: '.',
    };

    fn letters(self) -> [char; 8] {
        [
            self.text,
            self.netlink,
            self.owner,
            self.bind,
            self.local,
            self.remote,
            self.private,
            self.copies,
        ]
    }

    /// Whether nothing in it speaks against a pattern, which may name the first letters only.
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
    /// No filter and no minimum TTL is on the socket itself.
    NoSocketFilter,
    /// The walk over copies of descriptors found every process it could, and was refused none.
    CopiesWalked,
    /// Every socket the kernel counts is in some descriptor table.
    AllCounted,
    /// The kernel counts more sockets than are in descriptor tables.
    Uncounted,
    /// The text tables show it through a procfs that nothing can be mounted over.
    PrivateShows,
    /// They do not show it there either.
    PrivateAgrees,
    /// It is about a port, not about the host.
    Port,
    /// The kernel counts more than the tables list.
    RowsMissing,
    /// The tables list more than the kernel counts.
    RowsTooMany,
    /// One IPv6 socket serves both families.
    DualStack,
    /// A scan from elsewhere got no answer that says anything.
    Unanswered,
}

/// A cause, and the clues of which any rules it out.
type Cause = (&'static str, &'static [Clue]);

/// One pattern of the catalogue.
struct Pattern {
    /// Its number in the catalogue.
    code: &'static str,
    /// The verdicts it explains; any, where empty.
    verdicts: &'static [Verdict],
    /// The letters it needs.
    vector: &'static str,
    /// Clues it needs.
    needs: &'static [Clue],
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
            && pattern.needs.iter().all(|clue| clues.contains(clue))
    })?;
    let causes = pattern
        .causes
        .iter()
        .filter(|(_, unless)| !unless.iter().any(|clue| clues.contains(clue)))
        .map(|(cause, _)| *cause)
        .collect();
    Some(Explanation {
        pattern: pattern.code,
        causes,
        next: pattern.next,
    })
}

use Clue::{
    AllCounted, AllReadable, AskedOnItsAddress, BoundTold, Confirmed, CopiesWalked, DiagWorks,
    DualStack, FirstPidns, NoDevice, NoSocketFilter, NothingInFlight, OneNetns, Port,
    PrivateAgrees, PrivateShows, QueueHasRoom, RowsMissing, RowsTooMany, Tcp, Unanswered,
    Uncounted, WalkedDeep,
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
    Pattern { code: "P2", verdicts: &[V::FilteredRemote], vector: "YYYuYf", needs: &[],
        causes: &[
            ("a firewall or the network drops it on the way", &[]),
            ("it is bound to a device, or the answer leaves by another one", &[NoDevice]),
            ("the scanner's own side filters", &[]),
        ],
        next: "nft list ruleset" },
    Pattern { code: "P3", verdicts: &[V::FilteredRemote], vector: "YYYuYn", needs: &[],
        causes: &[
            ("it listens on another address than the one scanned", &[]),
            ("a firewall rule rejects with a reset", &[]),
            ("address translation in front: the scan met another machine", &[]),
        ],
        next: "nft list ruleset" },
    Pattern { code: "P4", verdicts: &[V::SilentListener], vector: "...un.", needs: &[],
        causes: &[
            ("it was asked on another address than its own", &[AskedOnItsAddress]),
            ("it is bound to a device that local traffic does not come by", &[NoDevice]),
            ("its accept queue is full: the program does not accept", &[QueueHasRoom]),
            ("a socket filter or a minimum TTL on the listener keeps strangers out", &[NoSocketFilter]),
            ("a packet filter of the host drops what comes from itself", &[]),
            ("a BPF program of a control group refuses connections made here", &[]),
        ],
        next: "ss -tlnm 'sport = :{port}'; rlsof -nP -i {proto}:{port}" },
    Pattern { code: "P19", verdicts: &[V::OwnerUnknown], vector: "..n...", needs: &[Uncounted],
        causes: &[
            ("an io_uring that has no descriptor itself holds it", &[]),
            ("it waits in a message nobody has received", &[NothingInFlight]),
            ("a thread with a descriptor table of its own, or an io_uring, holds it", &[WalkedDeep]),
            ("it is held by a process that no way of asking finds", &[]),
        ],
        next: "grep -l 'io_uring' /proc/[0-9]*/maps; ps -eLo pid,comm | grep iou-sqp; ss -tlnpe 'sport = :{port}'" },
    Pattern { code: "P5", verdicts: NOBODY, vector: "..n...", needs: &[],
        causes: &[
            ("its holder is a process whose descriptors we were refused", &[AllReadable]),
            ("the kernel itself holds it (tunnel, NFS, WireGuard)", &[]),
            ("its holder is outside the pid namespace we run in", &[FirstPidns]),
            ("a thread with a descriptor table of its own, or an io_uring, holds it", &[WalkedDeep, AllCounted]),
            ("an io_uring that has no descriptor itself holds it", &[AllCounted]),
            ("it waits in a message nobody has received", &[NothingInFlight, AllCounted]),
            ("the holder's directory in /proc is covered by a mount", &[CopiesWalked, AllCounted]),
            ("the holder is not listed in /proc", &[CopiesWalked, AllCounted]),
        ],
        next: "rlsof --sockets --json | grep '\"inode\":{inode}'; grep ' /proc/[0-9]' /proc/self/mountinfo" },
    Pattern { code: "P5", verdicts: &[V::KernelSocket], vector: "......", needs: &[],
        causes: &[("the kernel itself holds it, as the evidence says", &[])],
        next: "ip -d link; cat /proc/fs/nfsd/portlist" },
    Pattern { code: "P5", verdicts: &[V::HiddenProcess], vector: "..n....Y", needs: &[Port],
        causes: &[
            ("the holder's directory in /proc is covered by a mount", &[]),
            ("the holder is not listed in /proc", &[]),
        ],
        next: "grep ' /proc/[0-9]' /proc/self/mountinfo; rlsof --json --sockets --via pidfd | grep '\"pid\":{pid},'" },
    Pattern { code: "P7", verdicts: &[V::RemoteOnly], vector: "nn.fnY", needs: &[],
        causes: &[
            ("address translation leads it elsewhere (NAT, a published container port)", &[]),
            ("another machine answers on that address: load balancer, proxy, container", &[]),
            ("a transparent proxy takes it", &[]),
            ("a socket in another network namespace with an interface of its own", &[]),
            ("a program in the kernel answers (XDP, BPF), or a magic packet opened it", &[]),
        ],
        next: "nft list ruleset; repeat the scan while capturing on this host" },
    Pattern { code: "P24", verdicts: &[V::RemoteOnly], vector: "...fn.", needs: &[],
        causes: &[
            ("it opens after a knock, or for some sources only", &[]),
            ("the scanner met another machine", &[]),
        ],
        next: "repeat the scan from two sources while capturing on this host" },
    Pattern { code: "P8", verdicts: &[V::Steered], vector: "nn..Y.", needs: &[],
        causes: &[
            ("a BPF sk_lookup program hands it to another socket", &[]),
            ("a NAT rule on the output path leads it elsewhere", &[]),
        ],
        next: "bpftool net; nft list ruleset; iptables-legacy-save" },
    Pattern { code: "P7", verdicts: &[V::Steered], vector: "......", needs: &[],
        causes: &[("a rule or a program leads it elsewhere, as the evidence says", &[])],
        next: "nft list ruleset; bpftool net" },
    Pattern { code: "P9", verdicts: &[V::BoundNotListening], vector: "......", needs: &[],
        causes: &[("a socket keeps the number without listening", &[])],
        next: "rlsof -nP -p {pid}" },
    Pattern { code: "P9", verdicts: &[V::HiddenFromTables, V::Limited], vector: "nn.un.", needs: &[],
        causes: &[
            ("a socket keeps the number without listening, which this kernel does not tell", &[BoundTold]),
            ("a connection that came or went keeps it", &[Confirmed]),
            ("tables and probes were asked in different namespaces", &[OneNetns]),
            ("the tables are filtered in the kernel", &[]),
        ],
        next: "rlsof -nP | grep 'protocol: TCP'" },
    Pattern { code: "P10", verdicts: &[V::HiddenFromTables], vector: "nn.uY.", needs: &[],
        causes: &[
            ("tables and probes were asked in different namespaces", &[OneNetns]),
            ("a listener that opened and closed in step with the rounds", &[Confirmed]),
            ("the kernel filters both socket tables", &[]),
        ],
        next: "stop trusting this kernel: take an image of its memory; scan it from another machine (rnmap -sT -p {port})" },
    Pattern { code: "P10", verdicts: &[V::HiddenFromTables], vector: "nn....", needs: &[],
        causes: &[
            ("tables and probes were asked in different namespaces", &[OneNetns]),
            ("it came and went in step with the rounds", &[Confirmed]),
            ("the kernel filters both socket tables", &[]),
        ],
        next: "rnmap -sT -p {port} from another machine" },
    Pattern { code: "P11", verdicts: &[V::HiddenFromProcfs], vector: "nY....", needs: &[],
        causes: &[
            ("/proc/net is covered by a mount", &[PrivateAgrees]),
            ("the text table lost its place while it was read", &[Tcp]),
            ("the kernel filters the text table", &[PrivateShows]),
        ],
        next: "grep -E ' /proc/(net|self/net|[0-9])' /proc/self/mountinfo" },
    Pattern { code: "P12", verdicts: &[V::HiddenFromNetlink], vector: "Yn....", needs: &[],
        causes: &[
            ("the diag module is missing or blocked", &[DiagWorks]),
            ("it is of a transport that sock_diag was not asked for", &[DiagWorks]),
            ("something filters netlink answers (a hook on recvmsg, a BPF program)", &[]),
        ],
        next: "rnetstat --via netlink --json -a | grep '\"port\":{port},'" },
    Pattern { code: "P13", verdicts: &[V::ProcTampered], vector: "......", needs: &[],
        causes: &[
            ("a container runtime or lxcfs covers files of /proc", &[]),
            ("a mount covers /proc/net or a process", &[]),
            ("the procfs of another pid namespace is mounted", &[]),
        ],
        next: "grep ' /proc' /proc/self/mountinfo" },
    Pattern { code: "P14", verdicts: &[V::OwnerThread, V::OwnerIoUring], vector: "......", needs: &[],
        causes: &[
            ("a runtime or sandbox that keeps descriptors out of the shared table", &[]),
            ("somebody who knows that netstat, ss and lsof look only at the leader's table", &[]),
        ],
        next: "rlsof -nP -p {pid}; sha256sum /proc/{pid}/exe" },
    Pattern { code: "P15", verdicts: &[V::NoProcessByNature], vector: "......", needs: &[],
        causes: &[("connections at their end or beginning: no process has them", &[])],
        next: "rnetstat -ano" },
    Pattern { code: "P16", verdicts: &[V::CounterMismatch], vector: "......", needs: &[RowsMissing],
        causes: &[
            ("sockets came or went between two readings", &[Confirmed]),
            ("a socket that no table lists", &[]),
        ],
        next: "cat /proc/net/sockstat /proc/net/sockstat6; rnmap -sT -p- from another machine" },
    Pattern { code: "P17", verdicts: &[V::CounterMismatch], vector: "......", needs: &[RowsTooMany],
        causes: &[
            ("the table tells a socket twice, or one of a kind that is not counted", &[]),
            ("somebody added rows to the table", &[]),
        ],
        next: "cat /proc/net/sockstat /proc/net/sockstat6; rnetstat --via netlink -an" },
    Pattern { code: "P18", verdicts: &[V::CounterMismatch], vector: "......", needs: &[],
        causes: &[
            ("connections came or went between two readings", &[Confirmed]),
            ("a connection or socket that no table lists", &[]),
        ],
        next: "cat /proc/net/sockstat; conntrack -L; capture on each interface" },
    Pattern { code: "P20", verdicts: &[V::OtherNetns], vector: "......", needs: &[],
        causes: &[("a container, or a namespace made by hand", &[])],
        next: "lsns -t net" },
    Pattern { code: "P21", verdicts: &[V::Sniffer], vector: "......", needs: &[],
        causes: &[
            ("DHCP, LLDP, ping, a VPN or a capture tool", &[]),
            ("a program that waits for a magic packet", &[]),
        ],
        next: "rlsof -nP -p {pid}; sha256sum /proc/{pid}/exe" },
    Pattern { code: "P19", verdicts: &[V::HiddenProcess], vector: "......", needs: &[],
        causes: &[
            ("/proc is mounted with hidepid", &[AllReadable]),
            ("the number is still used as a group or session", &[]),
            ("the kernel does not list the process", &[]),
        ],
        next: "grep ' /proc ' /proc/self/mountinfo" },
    Pattern { code: "P25", verdicts: &[V::Limited], vector: "......", needs: &[],
        causes: &[("we could not look everywhere: see the evidence and the gaps", &[])],
        next: "run it as root in the machine's first namespaces" },
    Pattern { code: "P6", verdicts: &[V::Transient], vector: "......", needs: &[],
        causes: &[
            ("it came or went while we looked", &[]),
            ("it is in another network namespace than the one we look at", &[]),
        ],
        next: "rcompare --all-netns" },
    Pattern { code: "P23", verdicts: &[V::Agree], vector: "......", needs: &[Unanswered],
        causes: &[
            ("a UDP socket that does not answer an empty datagram", &[]),
            ("a filter on the way that drops it, or its refusal", &[]),
        ],
        next: "rnmap -sU -sV -p {port} from another machine" },
    Pattern { code: "P22", verdicts: &[V::Agree], vector: "......", needs: &[DualStack],
        causes: &[
            ("one IPv6 socket that serves IPv4 too: the other table has no row for it", &[]),
            ("or a back door inside the program itself: agreement is not innocence", &[]),
        ],
        next: "sha256sum /proc/{pid}/exe, and compare with the package" },
    Pattern { code: "P1", verdicts: &[V::Agree], vector: "......", needs: &[],
        causes: &[
            ("normal", &[]),
            ("or a back door inside the program itself: agreement is not innocence", &[]),
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
            ..Vector::BLIND
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
            4,
        );
    }

    #[test]
    fn every_verdict_that_is_reported_has_a_pattern() {
        for verdict in Verdict::all().filter(|verdict| *verdict != V::Transient) {
            assert!(explain(verdict, Vector::BLIND, &[]).is_some(), "{verdict}");
        }
    }

    #[test]
    fn the_catalogue_is_whole() {
        for number in 1..=25 {
            let code = format!("P{number}");
            assert!(CATALOGUE.iter().any(|it| it.code == code), "{code}");
        }
        for verdict in Verdict::all() {
            assert!(explain(verdict, Vector::BLIND, &[]).is_some(), "{verdict}");
        }
    }

    #[test]
    fn no_cause_names_a_culprit() {
        for pattern in CATALOGUE {
            assert!(matches!(pattern.vector.len(), 6 | 8), "{}", pattern.code);
            assert!(!pattern.causes.is_empty());
            for (cause, _) in pattern.causes {
                assert!(!cause.contains("rootkit"), "{cause}");
            }
        }
    }
}
