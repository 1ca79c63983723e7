//! The stage with something of everything, for questions put to two programs.

use crate::{Exe, Made, Spec, Stage};

/// Sockets of every family, type and state the kernels we test on can have without modules.
const SOCKETS: &[&str] = &[
    "tcp 0.0.0.0:4444",
    "tcp [::]:4445",
    "tcp [::1]:4446 v6only",
    "tcp 0.0.0.0:4600 reuseport",
    "tcp 0.0.0.0:4600 reuseport",
    "tcp 127.0.0.1:3100 device=lo",
    "shared 127.0.0.1:5308 2",
    "pair 127.0.0.1:5201 from=5202",
    "pair [::1]:5203 from=5204",
    "timewait 127.0.0.1:5301 from=5401",
    "halfopen 127.0.0.1:5302 from=5402",
    "backlog 127.0.0.1:5303 2",
    "orphan 127.0.0.1:5304 from=5404",
    "full 127.0.0.1:5305",
    "mptcp 127.0.0.1:5309",
    "bound 127.0.0.1:9999",
    "unbound",
    "udp 0.0.0.0:5353",
    "udp [::]:5354",
    "udppair 127.0.0.1:5355 127.0.0.1:5356",
    "udplite 127.0.0.1:5357",
    "raw 1",
    "raw 58 six",
    "packet raw",
    "packet dgram",
    "unix stream /run/stream.sock",
    "unix dgram /run/dgram.sock",
    "unix seqpacket @abstract",
    "unix stream /run/gone.sock gone",
    "unixpair stream",
    "unixpair dgram",
    "unixserver stream /run/server.sock",
];

/// Sockets whose owner the classical tools do not find.
const ELUSIVE: &[&str] = &[
    "thread 127.0.0.1:5101",
    "zombieleader 127.0.0.1:5102",
    "uring reg 127.0.0.1:6666",
    "inflight 127.0.0.1:8888",
    "otherns 127.0.0.1:5310",
    "ring",
];

/// Open files of every kind with a name.
const FILES: &[&str] = &[
    "read:/run/read",
    "write:/run/write",
    "update:/run/update",
    "append:/run/append",
    "deleted:/run/deleted",
    "directory:/run/directory",
    "device:/dev/zero",
    "fifo:/run/fifo",
    "path:/run/read",
    "link:/run/link",
    "locked:/run/locked",
    "shared:/run/shared",
    "mapped:/run/mapped",
    "unmapped:/run/unmapped",
    "cwd:/run/cwd",
    "root:/run/root",
];

/// Open files of every kind without.
const NAMELESS: &[&str] = &[
    "eventfd",
    "epoll",
    "timerfd",
    "signalfd",
    "inotify",
    "fanotify",
    "pidfd",
    "memfd",
    "netnsfd",
    "uring",
    "bpfmap",
    "bpfprogram",
    "userfaultfd",
    "perf",
    "queue",
    "pipe",
    "terminal",
    "netlink",
    "vsock",
    "alg",
    "xdp",
];

/// A stage that has something of everything.
pub struct Crowd {
    /// The stage.
    pub stage: Stage,
    /// What was made, in order.
    pub made: Vec<Made>,
    /// What this kernel does not have, and why.
    pub missing: Vec<String>,
}

impl Crowd {
    /// Makes it.
    ///
    /// # Panics
    /// What every kernel has cannot be made.
    #[must_use]
    pub fn new() -> Crowd {
        let mut crowd = Crowd::of(SOCKETS);
        for words in ELUSIVE {
            crowd.add(&Spec::of(words));
        }
        for kind in FILES.iter().chain(NAMELESS) {
            crowd.add(&Spec::of(&format!("kinds {kind}")));
        }
        let odd = Spec::of("tcp 127.0.0.1:4502").comm(b"ev\x1b[1m\nx");
        crowd.add(&odd.argv0(b"[kworker/u8:3]"));
        crowd.add(&Spec::of("tcp 127.0.0.1:4503").uid(65534));
        crowd.add(&Spec::of("tcp 127.0.0.1:4504").exe(Exe::Deleted));
        crowd
    }

    /// Only sockets whose owner every tool finds.
    #[must_use]
    pub fn of_plain_sockets() -> Crowd {
        Crowd::of(SOCKETS)
    }

    fn of(words: &[&str]) -> Crowd {
        let mut crowd = Crowd {
            stage: Stage::new(),
            made: Vec::new(),
            missing: Vec::new(),
        };
        for words in words {
            let made = crowd.stage.add(*words);
            crowd.made.push(made);
        }
        crowd
    }

    fn add(&mut self, spec: &Spec) {
        match self.stage.try_add(spec) {
            Ok(made) => self.made.push(made),
            Err(why) => self
                .missing
                .push(format!("{}: {why}", spec.words.join(" "))),
        }
    }
}

impl Default for Crowd {
    fn default() -> Crowd {
        Crowd::new()
    }
}
