//! Where our programs answer otherwise than the originals, on purpose.
//!
//! The comparison tests accept a difference only if it is one of these, and each of these
//! must be met by them: a row here is never an excuse kept in store. `docs/COMPATIBILITY.md`
//! has the same rows.

use std::collections::BTreeSet;

/// One intended difference.
#[derive(Clone, Copy, Debug)]
pub struct Difference {
    /// The program of ours.
    pub program: &'static str,
    /// What differs, in a few words; its name in tests and in the manual.
    pub name: &'static str,
    /// What the original says.
    pub original: &'static str,
    /// What ours says.
    pub ours: &'static str,
    /// Why.
    pub reason: &'static str,
}

/// How a pair of lines, or a line of one side alone, is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// Both lines tell the same thing, apart from this difference.
    Both(&'static str),
    /// Only the original has this line.
    Theirs(&'static str),
    /// Only ours has this line.
    Ours(&'static str),
    /// No difference we know.
    Wrong,
}

/// Compares two texts line by line. What differs is put to `judge`, with the lines at hand
/// (`None` past the end); the names of the differences met are added to `met`.
///
/// # Errors
/// The first pair of lines that differ in a way nobody intended.
pub fn lines(
    theirs: &str,
    ours: &str,
    met: &mut BTreeSet<&'static str>,
    judge: impl Fn(Option<&str>, Option<&str>) -> Judged,
) -> Result<(), String> {
    let mut theirs = theirs.lines().peekable();
    let mut ours = ours.lines().peekable();
    loop {
        let (their, our) = (theirs.peek().copied(), ours.peek().copied());
        let judged = match (their, our) {
            (None, None) => return Ok(()),
            (Some(their), Some(our)) if their == our => None,
            _ => Some(judge(their, our)),
        };
        if let Some(Judged::Both(name) | Judged::Theirs(name) | Judged::Ours(name)) = judged {
            met.insert(name);
        }
        match judged {
            None | Some(Judged::Both(_)) => {
                theirs.next();
                ours.next();
            }
            Some(Judged::Theirs(_)) => {
                theirs.next();
            }
            Some(Judged::Ours(_)) => {
                ours.next();
            }
            Some(Judged::Wrong) => {
                return Err(format!("theirs: {their:?}\n  ours: {our:?}"));
            }
        }
    }
}

/// That the differences met are those told of a program, no more and no fewer.
///
/// # Panics
/// They are not.
#[track_caller]
pub fn all_met(program: &str, met: &BTreeSet<&'static str>) {
    let told: BTreeSet<&str> = DIFFERENCES
        .iter()
        .filter(|difference| difference.program == program)
        .map(|difference| difference.name)
        .collect();
    assert_eq!(met, &told, "differences met, and those told of {program}");
}

/// All of them.
pub const DIFFERENCES: &[Difference] = &[
    Difference {
        program: "rnetstat",
        name: "all owners",
        original: "one process of those that share a socket",
        ours: "every one: `11/stage,12/stage`",
        reason: "the other owner may be the one that matters",
    },
    Difference {
        program: "rnetstat",
        name: "elusive owners",
        original: "`-` where a thread's own table, an io_uring or an unread message holds the socket",
        ours: "`36/stage[thread:37]`, `40/stage[io_uring]`, `41/stage[in_flight]`",
        reason: "an open port without an owner is what an investigator asks about",
    },
    Difference {
        program: "rnetstat",
        name: "bound sockets",
        original: "no row for a TCP socket that holds a port and does not listen",
        ours: "a row with `-a`, state `BOUND`, from sock_diag (Linux 6.8 and later)",
        reason: "the port is taken, and other tools call it hidden",
    },
    Difference {
        program: "rlsof",
        name: "length of the accept queue",
        original: "`QS=0` of a listener",
        ours: "how many may wait to be accepted, as sock_diag and ss tell it",
        reason: "a full queue is one way for a listener to be silent",
    },
    Difference {
        program: "rlsof",
        name: "connected UDP",
        original: "no state",
        ours: "`(ESTABLISHED)`, as lsof 4.99",
        reason: "a connected socket hears only its peer",
    },
    Difference {
        program: "rlsof",
        name: "addresses in the kernel",
        original: "the kernel's address of a unix socket as its DEVICE",
        ours: "nothing",
        reason: "the address is hashed and names nothing; the inode does",
    },
    Difference {
        program: "rlsof",
        name: "O_PATH",
        original: "`u` as the access of a descriptor opened with O_PATH",
        ours: "none",
        reason: "such a descriptor can neither read nor write",
    },
    Difference {
        program: "rlsof",
        name: "escapes",
        original: "`^[`",
        ours: "`\\x1b`, as all five programs do",
        reason: "one way of writing a byte in the whole kit",
    },
    Difference {
        program: "rlsof",
        name: "bound sockets",
        original: "`sock … protocol: TCP` for a TCP socket that holds a port and does not listen",
        ours: "its address and `(BOUND)`",
        reason: "the port is taken, and other tools call it hidden",
    },
    Difference {
        program: "rlsof",
        name: "other namespaces",
        original: "`sock … protocol: TCP` for a socket of another network namespace, and no row under `-i`",
        ours: "its address and `netns=N`, under `-i` too unless `--own-netns`",
        reason: "a container's port is a port",
    },
    Difference {
        program: "rlsof",
        name: "mapped rings",
        original: "a mapped file `socket:[…]`",
        ours: "the packet socket it is",
        reason: "a sniffer without a descriptor is still a sniffer",
    },
    Difference {
        program: "rlsof",
        name: "zombie leaders",
        original: "no process",
        ours: "the process, with what cannot be read told as unknown",
        reason: "its threads may hold ports",
    },
    Difference {
        program: "rlsof",
        name: "elusive owners",
        original: "nothing for a file in an io_uring, in an unread message or, with `-K i`, in a thread's own table",
        ours: "rows with `3/2` (ring and slot), `5>` (waiting on descriptor 5) and the thread's TID",
        reason: "an open port without an owner is what an investigator asks about",
    },
    Difference {
        program: "rfuser",
        name: "exit codes",
        original: "1 for a question that cannot be asked",
        ours: "2; 1 says that nobody uses it, 3 that not everybody could be asked",
        reason: "a script must be able to tell \"nobody\" from \"could not look\"",
    },
    Difference {
        program: "rfuser",
        name: "elusive owners",
        original: "nobody, where a thread's own table or an io_uring holds the socket",
        ours: "the process",
        reason: "an open port without an owner is what an investigator asks about",
    },
    Difference {
        program: "rfuser",
        name: "other namespaces",
        original: "nobody, where the port is in another network namespace",
        ours: "the process, with `netns=N` behind it under `-v`; under `-k` only our own namespace is meant",
        reason: "a container's port is a port",
    },
    Difference {
        program: "rfuser",
        name: "removed sockets",
        original: "not on any file system under `-m`, where the name of a bound unix socket was removed",
        ours: "on the file system its name was on",
        reason: "a removed name is what somebody would rather not have found",
    },
    Difference {
        program: "rfuser",
        name: "sockets in flight",
        original: "nobody and exit code 1, where the socket waits in an unread message",
        ours: "`?` and the pid of who has messages waiting, on standard error, and exit code 0",
        reason: "the port is taken, and the kernel does not tell which descriptors wait",
    },
    Difference {
        program: "rfuser",
        name: "escapes",
        original: "control bytes of a name in octal: `\\033`",
        ours: "in hexadecimal, `\\x1b`, as all five programs do",
        reason: "one way of writing a byte in the whole kit",
    },
];
