//! What a scan may not do: see what is not there, leave something behind, go faster than
//! allowed, lose what it has.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test runs the program, and fails by panicking"
)]

mod lab;

use lab::{Lab, SUSPECT_V4, cannot_run, records, states};
use model::{NetNs, PortState, Record};
use socket2::Type;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A probe that meets itself looks like an open port (RFC 9293 simultaneous open). The
/// test `agree` does it fifty times.
#[test]
fn an_empty_namespace_has_no_open_port() {
    if cannot_run(&["ip"]) {
        return;
    }
    let lab = Lab::empty();
    for run in 0..6 {
        let addr = if run % 2 == 0 { "127.0.0.1" } else { "::1" };
        let found = lab.states(&lab.suspect, &format!("-sT -p- {addr}"));
        assert_eq!(found.len(), 65_535);
        assert!(
            found.values().all(|state| *state == PortState::Closed),
            "run {run}"
        );
    }
    for technique in ["-sU", "-sS"] {
        let found = lab.states(&lab.suspect, &format!("{technique} -p- 127.0.0.1"));
        assert_eq!(found.len(), 65_535);
        assert!(
            found.values().all(|state| *state == PortState::Closed),
            "{technique}"
        );
    }
}

/// Only the four tables of this namespace, and every socket in them.
#[test]
fn a_bind_probe_finds_what_is_held() {
    if cannot_run(&["ip"]) {
        return;
    }
    let mut lab = Lab::empty();
    lab.hold(Type::STREAM, "127.0.0.1:4444");
    lab.hold(Type::DGRAM, "[::1]:5353");
    let out = lab.rnmap(&lab.suspect, "--bind-probe -p- --json");
    assert_eq!(out.status.code(), Some(0));
    let mut taken = Vec::new();
    let mut end = None;
    for record in records(&out.stdout) {
        match record {
            Record::Probe(probe) => {
                taken.push((probe.proto.name(), probe.addr.to_string(), probe.port))
            }
            Record::End(last) => end = Some(last),
            _ => {}
        }
    }
    let wanted = [
        ("tcp", "0.0.0.0".to_owned(), 4444),
        ("udp", "::".to_owned(), 5353),
    ];
    assert_eq!(taken, wanted);
    let coverage = end.unwrap().coverage;
    assert_eq!(coverage.ports.as_deref(), Some("1-65535"));
    assert_eq!((coverage.looked.len(), coverage.addrs.len()), (4, 2));
}

/// After a connect scan nothing is connected, on neither side, and nothing waits.
#[test]
fn a_scan_leaves_no_connection() {
    if cannot_run(&["ip", "nft", "ss"]) {
        return;
    }
    let mut lab = Lab::joined();
    lab.furnish();
    let found = lab.states(&lab.trusted, &format!("-sT -Pn -p 1-65535 {SUSPECT_V4}"));
    assert_eq!(
        found
            .values()
            .filter(|state| **state == PortState::Open)
            .count(),
        5
    );
    for netns in [&lab.suspect, &lab.trusted] {
        let left = lab.run(netns, &["ss", "-Htan", "state", "connected"]);
        assert_eq!(str::from_utf8(&left.stdout).unwrap(), "");
    }
}

/// One thread, and few descriptors, find the same.
#[test]
fn little_room_changes_no_answer() {
    if cannot_run(&["ip", "nft", "prlimit"]) {
        return;
    }
    let mut lab = Lab::joined();
    lab.furnish();
    let ask = format!("-Pn -sT -p 1-2000,8000-8100 --json {SUSPECT_V4}");
    let wide = lab.rnmap(&lab.trusted, &ask);
    let mut words = vec![
        "prlimit",
        "--nofile=80:80",
        env!("CARGO_BIN_EXE_rnmap"),
        "--threads",
        "1",
    ];
    words.extend(ask.split(' '));
    let narrow = lab.run(&lab.trusted, &words);
    assert_eq!(states(&wide.stdout), states(&narrow.stdout));
    let mut words = vec!["prlimit", "--nofile=20:20", env!("CARGO_BIN_EXE_rnmap")];
    words.extend(ask.split(' '));
    let tight = lab.run(&lab.trusted, &words);
    assert_eq!(states(&wide.stdout), states(&tight.stdout));
}

#[test]
fn a_rate_holds() {
    if cannot_run(&["ip"]) {
        return;
    }
    let lab = Lab::empty();
    for technique in ["-sT", "-sU"] {
        let from = Instant::now();
        let found = lab.states(
            &lab.suspect,
            &format!("{technique} --max-rate 200 -p 1-400 127.0.0.1"),
        );
        let took = from.elapsed();
        assert_eq!(found.len(), 400);
        // The n-th leaves no earlier than n/rate; how much later is the machine's affair.
        assert!(
            took >= Duration::from_millis(2_000),
            "{technique}: {took:?}"
        );
    }
}

/// Ctrl-C ends with a whole answer that says what is missing; `--resume` asks for just that.
#[test]
fn an_interrupted_scan_is_whole_and_can_go_on() {
    if cannot_run(&["ip", "xmllint"]) {
        return;
    }
    let mut lab = Lab::empty();
    lab.hold(Type::STREAM, "127.0.0.1:30");
    let (file, xml) = (
        format!("/tmp/{}.json", lab.suspect),
        format!("/tmp/{}.xml", lab.suspect),
    );
    let mut child = Command::new("ip")
        .args(["netns", "exec", &lab.suspect, env!("CARGO_BIN_EXE_rnmap")])
        .args("-sT -v --max-rate 100 -p 1-1500 127.0.0.1".split(' '))
        .args(["-oJ", &file, "-oX", &xml])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
    // From here on the rate leaves it more than ten seconds.
    assert!(said.any(|line| line.unwrap().starts_with("Discovered open port 30/tcp")));
    nix::sys::signal::kill(
        nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap()),
        nix::sys::signal::Signal::SIGINT,
    )
    .unwrap();
    let rest: Vec<String> = said.map(Result::unwrap).collect();
    assert_eq!(child.wait().unwrap().code(), Some(3));
    assert!(rest.iter().any(|line| line.contains("rnmap interrupted: ")));
    let json = std::fs::read(&file).unwrap();
    let first = states(&json);
    assert!(first.len() >= 30 && first.len() < 1_500, "{}", first.len());
    assert_eq!(first.get(&30), Some(&PortState::Open));
    let gaps = records(&json)
        .into_iter()
        .filter(|record| matches!(record, Record::Gap(_)));
    assert_eq!(gaps.count(), 2);
    let checked = lab.run(&lab.suspect, &lab::validates(&xml));
    let text = std::fs::read_to_string(&xml).unwrap();
    assert!(
        checked.status.success() && text.contains("exit=\"error\""),
        "{text}"
    );

    // What was settled is not asked again, what was not is: both have changed meanwhile.
    lab.hold(Type::STREAM, "127.0.0.1:20");
    lab.hold(Type::STREAM, "127.0.0.1:1500");
    let ask = "-sT -p 1-1500 --json 127.0.0.1 --resume";
    let rest = lab.rnmap(&lab.suspect, &format!("{ask} {file}"));
    std::fs::remove_file(&file).unwrap();
    std::fs::remove_file(&xml).unwrap();
    assert_eq!(rest.status.code(), Some(0));
    let all = states(&rest.stdout);
    let open: Vec<u16> = all
        .iter()
        .filter(|(_, state)| **state == PortState::Open)
        .map(|(port, _)| *port)
        .collect();
    assert_eq!((all.len(), open), (1_500, vec![30, 1_500]));
}

/// The file that is gone on with may be the output too: killed at any moment it holds what was
/// learned before, and at the end one whole answer with each port once.
#[test]
fn a_run_that_is_killed_takes_no_earlier_one_along() {
    if cannot_run(&["ip"]) {
        return;
    }
    let mut lab = Lab::empty();
    lab.hold(Type::STREAM, "127.0.0.1:30");
    lab.hold(Type::STREAM, "127.0.0.1:60");
    let dir = format!("/tmp/{}", lab.suspect);
    std::fs::create_dir(&dir).unwrap();
    let file = format!("{dir}/scan.json");
    let first = lab.rnmap(&lab.suspect, &format!("-sT -p 1-50 127.0.0.1 -oJ {file}"));
    assert_eq!(first.status.code(), Some(0));
    let resumed = format!("127.0.0.1 --resume {file} -oJ {file}");
    // Another namespace's ports are others, and its file is not written over.
    let other = lab.rnmap(&lab.trusted, &format!("-sT -p 1-50 {resumed}"));
    assert_eq!((other.status.code(), other.stdout.len()), (Some(2), 0));
    let xml = lab.rnmap(&lab.suspect, &format!("-sT -p 1-50 {resumed} -oX {file}"));
    assert_eq!((xml.status.code(), xml.stdout.len()), (Some(2), 0));
    let mut child = Command::new("ip")
        .args(["netns", "exec", &lab.suspect, env!("CARGO_BIN_EXE_rnmap")])
        .args("-sT -v --max-rate 100 -p 1-1500".split(' '))
        .args(resumed.split(' '))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(said.any(|line| line.unwrap().starts_with("Discovered open port 60/tcp")));
    child.kill().unwrap();
    child.wait().unwrap();
    let left = std::fs::read_to_string(&file).unwrap();
    assert!(
        left.contains("\"ports\":\"1-29,31-50\"") && left.contains("\"port\":30,"),
        "{left}"
    );

    let last = lab.rnmap(&lab.suspect, &format!("-sT -p 1-1500 {resumed}"));
    assert_eq!(last.status.code(), Some(0));
    let json = std::fs::read(&file).unwrap();
    let names: Vec<_> = std::fs::read_dir(&dir).unwrap().collect();
    assert_eq!(names.len(), 1, "{names:?}");
    std::fs::remove_dir_all(&dir).unwrap();
    let count = |record: &Record| match record {
        Record::Probe(_) => 1,
        Record::Tally(tally) => tally.count,
        _ => 0,
    };
    assert_eq!(records(&json).iter().map(count).sum::<u32>(), 1_500);
    let all = states(&json);
    let open = all.iter().filter(|(_, state)| **state == PortState::Open);
    let open: Vec<u16> = open.map(|(port, _)| *port).collect();
    assert_eq!((all.len(), open), (1_500, vec![30, 60]));
}

/// From inside another namespace, without leaving one's own.
#[test]
fn another_namespace_is_asked_from_inside() {
    if cannot_run(&["ip"]) {
        return;
    }
    let mut lab = Lab::empty();
    lab.hold(Type::STREAM, "127.0.0.1:4444");
    let ask = "-sT -p 4440-4450 --json 127.0.0.1 --netns";
    let open = |words: &str| {
        let out = lab.rnmap(&lab.trusted, words);
        let all = records(&out.stdout).into_iter();
        all.filter_map(|record| match record {
            Record::Probe(probe) => Some((probe.port, probe.netns.is_some())),
            _ => None,
        })
        .collect::<Vec<_>>()
    };
    assert_eq!(open(&format!("{ask} {}", lab.suspect)), [(4444, true)]);
    assert_eq!(open(&format!("{ask} {}", lab.trusted)), []);
    // What was looked at is that one, not ours; the first line tells where ours is.
    let number = |netns: &str| {
        let path = format!("/run/netns/{netns}");
        NetNs(nix::sys::stat::stat(path.as_str()).unwrap().st_ino)
    };
    let (suspect, trusted) = (number(&lab.suspect), number(&lab.trusted));
    for (words, looked) in [
        (format!("--netns {}", lab.suspect), suspect),
        (String::new(), trusted),
    ] {
        let ask = format!("-sT -p 4440-4450 --json 127.0.0.1 {words}");
        let told = records(&lab.rnmap(&lab.trusted, &ask).stdout);
        let stood = told.iter().find_map(|record| match record {
            Record::Begin(begin) => begin.netns,
            _ => None,
        });
        let covered = told.iter().find_map(|record| match record {
            Record::End(end) => end.coverage.netns,
            _ => None,
        });
        assert_eq!((stood, covered), (Some(trusted), Some(looked)), "{words}");
    }
}
