//! How it asks: from where, with how little, from inside other namespaces.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test runs the program, and fails by panicking"
)]

mod lab;

use lab::{Lab, SUSPECT_V4, SUSPECT_V6, cannot_run, records, states};
use model::{PortState, Record};
use socket2::Type;

/// Every technique leaves from the address, port and device asked for, and finds the same.
#[test]
fn probes_leave_from_where_they_are_told_to() {
    if cannot_run(&["ip", "nft"]) {
        return;
    }
    let mut lab = Lab::joined();
    lab.furnish();
    let add = ["ip", "addr", "add", "10.77.0.9/24", "dev", "c0"];
    assert!(lab.run(&lab.trusted, &add).status.success());
    let rules = "add table inet seen
        add chain inet seen in { type filter hook input priority -300; }
        add rule inet seen in ip saddr 10.77.0.9 tcp sport 777 counter
        add rule inet seen in ip saddr 10.77.0.9 udp sport 777 counter
        add rule inet seen in meta l4proto { tcp, udp } ip saddr 10.77.0.0/24 th sport != 777 counter";
    assert!(lab.run(&lab.suspect, &["nft", rules]).status.success());
    let counts = || {
        let out = lab.run(&lab.suspect, &["nft", "list", "table", "inet", "seen"]);
        let text = String::from_utf8(out.stdout).unwrap();
        let packets = text.split("counter packets ").skip(1);
        packets
            .map(|rest| rest.split(' ').next().unwrap().parse().unwrap())
            .collect::<Vec<u32>>()
    };
    for technique in ["-sT", "-sS", "-sU"] {
        let before = counts();
        let ask = format!("{technique} -Pn -p 20-130 -e c0 -S 10.77.0.9 -g 777 {SUSPECT_V4}");
        let found = lab.states(&lab.trusted, &ask);
        assert_eq!(found.len(), 111);
        for (port, state) in found {
            assert_eq!(
                state,
                lab::truth(technique, SUSPECT_V4, port),
                "{technique} {port}"
            );
        }
        let after = counts();
        let which = usize::from(technique == "-sU");
        assert!(
            after[which] >= before[which] + 111,
            "{technique}: {after:?}"
        );
        assert_eq!(after[2], 0, "{technique}");
    }
}

/// What cannot be sent from is said at once.
#[test]
fn an_origin_that_is_not_ours_is_refused() {
    if cannot_run(&["ip"]) {
        return;
    }
    let lab = Lab::empty();
    for words in [
        "-S 192.0.2.1",
        "-S ::1",
        "-e no-such",
        "-g 0",
        "-e lo --netns all",
    ] {
        let out = lab.rnmap(&lab.suspect, &format!("-sT -p 22 127.0.0.1 {words}"));
        assert_eq!(
            (out.status.code(), out.stdout.len()),
            (Some(2), 0),
            "{words}"
        );
        let lines = out.stderr.iter().filter(|byte| **byte == b'\n').count();
        assert_eq!(lines, 1, "{words}");
    }
}

/// A link-local address is reached through the device that is named, by every technique.
#[test]
fn a_link_local_address_is_asked_through_its_device() {
    if cannot_run(&["ip", "nft"]) {
        return;
    }
    let mut lab = Lab::joined();
    lab.furnish();
    for netns in [&lab.suspect, &lab.trusted] {
        let add = if netns == &lab.suspect {
            "fe80::77:1/64"
        } else {
            "fe80::77:2/64"
        };
        let words = ["ip", "addr", "add", add, "dev", "c0", "nodad"];
        assert!(lab.run(netns, &words).status.success());
    }
    for technique in ["-sT", "-sS", "-sU"] {
        let ask = format!("{technique} -e c0 -p 20-130,1000-1005 fe80::77:1 --json");
        let out = lab.rnmap(&lab.trusted, &ask);
        let found = states(&out.stdout);
        assert_eq!(
            (out.status.code(), found.len()),
            (Some(0), 117),
            "{technique}"
        );
        for (port, state) in found {
            let truth = lab::truth(technique, SUSPECT_V6, port);
            assert_eq!(state, truth, "{technique} {port}");
        }
    }
}

/// Hundreds of addresses of this machine, and few descriptors to begin with.
#[test]
fn many_addresses_need_no_more_descriptors_than_there_are() {
    if cannot_run(&["ip", "prlimit"]) {
        return;
    }
    let mut lab = Lab::empty();
    let add =
        "for i in $(seq 300); do echo addr add 10.9.$((i / 250)).$((i % 250 + 1))/32 dev lo; done
        | ip -batch -";
    let add = ["sh", "-ec", &add.replace('\n', " ")];
    assert!(lab.run(&lab.suspect, &add).status.success());
    lab.hold(Type::STREAM, "10.9.0.7:25");
    lab.hold(Type::DGRAM, "10.9.1.7:53");
    for (technique, limit) in [("-sT", "256:4096"), ("-sU", "256:4096"), ("-sU", "200:200")] {
        let limit = format!("--nofile={limit}");
        let mut words = vec!["prlimit", &limit, env!("CARGO_BIN_EXE_rnmap"), technique];
        words.extend("--local -p 20-60 --json".split(' '));
        let out = lab.run(&lab.suspect, &words);
        assert_eq!(out.status.code(), Some(0), "{technique} {limit}");
        let (mut open, mut closed) = (Vec::new(), 0);
        for record in records(&out.stdout) {
            match record {
                Record::Probe(probe) => open.push((probe.addr.to_string(), probe.port)),
                Record::Tally(tally) => closed += tally.count,
                _ => {}
            }
        }
        let held = if technique == "-sU" {
            ("10.9.1.7", 53)
        } else {
            ("10.9.0.7", 25)
        };
        assert_eq!(open, [(held.0.to_owned(), held.1)], "{technique} {limit}");
        // 127.0.0.1 and ::1 are asked too.
        assert_eq!(closed, 302 * 41 - 1, "{technique} {limit}");
    }
}

/// nmap shows the hops left in either family.
#[test]
fn half_open_answers_show_their_hops() {
    if cannot_run(&["ip", "nft"]) {
        return;
    }
    let mut lab = Lab::joined();
    lab.furnish();
    for addr in [SUSPECT_V4, SUSPECT_V6] {
        let ask = format!("-sS -Pn --reason -p 22-23,1040 {addr}");
        let out = lab.rnmap(&lab.trusted, &ask);
        let said = String::from_utf8(out.stdout).unwrap();
        for line in [
            "22/tcp   open     ssh     syn-ack ttl 64\n",
            "23/tcp   closed   telnet  reset ttl 64\n",
            "admin-prohibited ttl 64\n",
        ] {
            assert!(said.contains(line), "{line}{said}");
        }
    }
}

/// Where the system makes no thread all is found all the same.
#[test]
fn no_thread_is_needed() {
    if cannot_run(&["ip", "nft", "prlimit", "setpriv"]) {
        return;
    }
    let mut lab = Lab::joined();
    lab.furnish();
    let copy = format!("/tmp/rnmap-{}", lab.trusted);
    std::fs::copy(env!("CARGO_BIN_EXE_rnmap"), &copy).unwrap();
    // A user of our own, who has one process and may have no more tasks than that.
    let uid = format!("--reuid={}", 3_000_000_000 + u64::from(std::process::id()));
    let alone = [
        "prlimit",
        "--nproc=1:1",
        "setpriv",
        &uid,
        "--regid=65534",
        "--clear-groups",
    ];
    let mut words = alone.to_vec();
    words.extend(["sh", "-c", "(exit 0) & wait"]);
    let forked = lab.run(&lab.trusted, &words);
    assert!(!forked.status.success(), "the limit holds nothing back");
    let mut words = alone.to_vec();
    words.extend([
        copy.as_str(),
        "-sT",
        "-Pn",
        "-p-",
        "--threads",
        "4",
        "--json",
        SUSPECT_V4,
    ]);
    let out = lab.run(&lab.trusted, &words);
    std::fs::remove_file(&copy).unwrap();
    assert_eq!(
        out.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    let found = states(&out.stdout);
    assert_eq!(found.len(), 65_535);
    for (port, state) in found {
        assert_eq!(state, lab::truth("-sT", SUSPECT_V4, port), "{port}");
    }
}

/// A host that our own system would not ask is not simply down.
#[test]
fn who_was_not_asked_is_not_called_down_without_a_word() {
    if cannot_run(&["ip", "nft"]) {
        return;
    }
    let lab = Lab::joined();
    let rules = "add table inet own; add chain inet own out { type filter hook output priority 0; }
        add rule inet own out ip daddr 10.77.0.1 drop";
    assert!(lab.run(&lab.trusted, &["nft", rules]).status.success());
    for (words, why) in [
        ("-sT -p 22 fe80::1", "host discovery fe80::1: "),
        (
            "-sT -p 22 10.77.0.1",
            "host discovery 10.77.0.1: Operation not permitted",
        ),
        (
            "-sn 10.77.0.1",
            "host discovery 10.77.0.1: Operation not permitted",
        ),
    ] {
        let out = lab.rnmap(&lab.trusted, &format!("--gaps {words}"));
        let (said, told) = (
            String::from_utf8(out.stdout).unwrap(),
            String::from_utf8(out.stderr).unwrap(),
        );
        assert_eq!(out.status.code(), Some(3), "{words}: {said}{told}");
        assert!(said.contains("(0 hosts up)"), "{said}");
        assert!(told.contains(why), "{words}: {told}");
    }
    // Who was asked and is silent is down, and that is all.
    let out = lab.rnmap(&lab.trusted, "-sn 10.77.0.77");
    assert_eq!(out.status.code(), Some(0));
}

/// A delay lies between any two probes of a host, also while it is asked whether it is up: two
/// echo requests and two connections.
#[test]
fn a_delay_holds_for_host_discovery() {
    if cannot_run(&["ip", "nft"]) {
        return;
    }
    let lab = Lab::joined();
    let from = std::time::Instant::now();
    let out = lab.rnmap(&lab.trusted, "-sn --scan-delay 2s 10.77.0.77");
    // How much longer is the machine's affair.
    let took = from.elapsed();
    assert!(took >= std::time::Duration::from_secs(6), "{took:?}");
    assert_eq!(out.status.code(), Some(0));
}

/// Every namespace there is, from inside each: here those of the laboratory alone, for a
/// mount and a pid namespace of its own hide all others.
#[test]
fn all_namespaces_are_asked_each_from_inside() {
    if cannot_run(&["ip", "unshare", "nsenter"]) {
        return;
    }
    let mut lab = Lab::empty();
    lab.hold(Type::STREAM, "127.0.0.1:4444");
    let script = "mkdir $1; mount -t tmpfs own $1
        touch $1/$2 $1/$3
        mount --bind /run/netns/$2 $1/$2; mount --bind /run/netns/$3 $1/$3
        mount --rbind $1 /run/netns
        exec nsenter --net=/run/netns/$3 $4 -sT -p 4440-4450 --json --netns all 127.0.0.1";
    let dir = format!("/tmp/netns-{}", lab.suspect);
    let words = [
        "unshare",
        "--mount",
        "--pid",
        "--fork",
        "--mount-proc",
        "sh",
        "-ec",
        script,
        "sh",
        &dir,
        &lab.suspect,
        &lab.trusted,
        env!("CARGO_BIN_EXE_rnmap"),
    ];
    let mut command = std::process::Command::new(words[0]);
    let out = command.args(&words[1..]).output().unwrap();
    std::fs::remove_dir(&dir).unwrap();
    assert_eq!(
        out.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    let (mut open, mut closed) = (Vec::new(), Vec::new());
    for record in records(&out.stdout) {
        match record {
            Record::Probe(probe) => open.push((probe.port, probe.state, probe.netns.is_some())),
            Record::Tally(tally) => closed.push((tally.count, tally.netns.is_some())),
            _ => {}
        }
    }
    assert_eq!(open, [(4444, PortState::Open, true)]);
    assert_eq!(closed, [(11, false), (10, true)]);
}

/// A port that says nothing is asked no longer than its host's time lasts.
#[test]
fn the_time_of_a_host_bounds_what_its_ports_are_asked() {
    if cannot_run(&["ip"]) {
        return;
    }
    let mut lab = Lab::empty();
    lab.hold(Type::STREAM, "127.0.0.1:2000");
    let ask = "-sT -sV -p 2000 127.0.0.1 --json --host-timeout";
    let out = lab.rnmap(&lab.suspect, &format!("{ask} 700ms"));
    assert_eq!((out.status.code(), states(&out.stdout).len()), (Some(3), 1));
    let gap = ("tcp 127.0.0.1".to_owned(), None);
    assert_eq!(lab::gaps(&out.stdout), [gap]);
    let out = lab.rnmap(&lab.suspect, &format!("{ask} 1h"));
    assert_eq!(out.status.code(), Some(0));
}

/// A stranger that never stops talking, or says what no terminal should hear, is quoted
/// shortly, in full only in JSON.
#[test]
fn a_talkative_peer_is_cut_short() {
    if cannot_run(&["ip"]) {
        return;
    }
    let mut lab = Lab::empty();
    lab.flood("127.0.0.1:2000");
    lab.speak("127.0.0.1:2001", b"\x1b]0;owned\x07\xff\xfe\x00");
    lab.speak("127.0.0.1:2002", b"");
    lab.hold(Type::STREAM, "127.0.0.1:2003");
    let out = lab.rnmap(&lab.suspect, "-sT -sV -p 2000-2003 --json 127.0.0.1");
    assert_eq!(out.status.code(), Some(0));
    let json = String::from_utf8(out.stdout).unwrap();
    assert_eq!(lab::states(json.as_bytes()).len(), 4);
    let line = json
        .lines()
        .find(|line| line.contains("\"port\":2000"))
        .unwrap();
    assert!(
        line.contains(&"x".repeat(256)) && !line.contains(&"x".repeat(257)),
        "{line}"
    );
    assert!(
        json.contains("\"hex\":\"1b5d303b6f776e656407fffe00\""),
        "{json}"
    );
    let out = lab.rnmap(&lab.suspect, "-sT -sV -p 2000-2003 127.0.0.1");
    assert!(!out.stdout.contains(&0x1b) && !out.stdout.contains(&7));
}
