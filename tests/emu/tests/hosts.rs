//! The reader on synthetic hosts of every release: what it must find, the same by system
//! calls under the stand-in, and the same again from the recording made there.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "programs are built and run here, and what is skipped is told"
)]

mod common;

use emu::Release;
use model::ask::{FilesAsk, SocketAsk, States, WalkAsk};
use model::{Family, Proto, Socket, Source, State};
use solaris::Held;
use std::path::Path;
use std::process::Command;
use sysroot::Sysroot;

const ASK: [&str; 4] = ["-p", "emu", "--bin", "ask"];

fn host(release: Release) -> tempfile::TempDir {
    let host = tempfile::tempdir().expect("a scratch directory");
    emu::write(host.path(), release).expect("it is written");
    host
}

fn inet(root: &Sysroot) -> Vec<Socket> {
    let ask = SocketAsk {
        tables: vec![
            (Family::Inet, Some(Proto::Tcp)),
            (Family::Inet, Some(Proto::Udp)),
        ],
        states: States::ALL,
        port: None,
    };
    let mut sockets = Vec::new();
    solaris::sockets(root, Source::Mib2, &ask, &mut |socket| sockets.push(socket));
    sockets
}

/// Port, state and owners of every IP socket, a line each.
fn summary(root: &Sysroot) -> Vec<String> {
    let sockets = inet(root);
    let (finds, _, told) = solaris::finds(root);
    assert!(told.gaps.is_empty(), "{:?}", told.gaps);
    let pids = |owners: &[model::Owner]| {
        let pids: Vec<String> = owners.iter().map(|o| o.id.pid.to_string()).collect();
        pids.join(",")
    };
    let line = |(socket, held): (&Socket, Held)| {
        let inet = socket.kind.inet().expect("an IP socket");
        let held = match held {
            Held::By(owners) if owners.is_empty() => "nobody".to_owned(),
            Held::By(owners) => pids(&owners),
            Held::Perhaps(owners) => format!("perhaps {}", pids(&owners)),
            Held::MadeBy(pid) => format!("made by {pid}"),
            Held::Unknown => "unknown".to_owned(),
        };
        format!("{} {} {} {held}", inet.proto, inet.port, inet.state)
    };
    let owners = solaris::owners(&sockets, &finds);
    sockets.iter().zip(owners).map(line).collect()
}

#[track_caller]
fn check(release: Release, expected: &[&str]) {
    let host = host(release);
    let root = Sysroot::at(host.path()).expect("a recorded tree");
    assert!(solaris::is_recording(&root));
    assert_eq!(summary(&root), expected, "{release:?}");
}

/// Port 22 of TCP and port 123 of UDP share an inode; only the type tells them apart. Nobody
/// holds port 31337, and that is a fact here.
#[test]
fn owners_are_exact_where_the_kernel_tells_inodes() {
    for release in [Release::Illumos, Release::SmartOs] {
        check(
            release,
            &[
                "tcp 22 LISTEN 502",
                "tcp 22 ESTABLISHED 771",
                "tcp 4444 BOUND 900",
                "tcp 31337 LISTEN nobody",
                "udp 111 CLOSE 310",
                "udp 123 CLOSE 600",
            ],
        );
    }
}

/// Two addresses name one connection, and an address that one socket has names that one. A TLI
/// endpoint has none.
#[test]
fn owners_are_matched_by_address_on_solaris_11_4() {
    check(
        Release::Solaris114,
        &[
            "tcp 22 LISTEN 502",
            "tcp 22 ESTABLISHED 771",
            "tcp 4444 BOUND 900",
            "tcp 31337 LISTEN unknown",
            "udp 111 CLOSE unknown",
            "udp 123 CLOSE 600",
        ],
    );
}

#[test]
fn the_creator_is_a_hint_and_no_owner_on_solaris_11_0() {
    check(
        Release::Solaris110,
        &[
            "tcp 22 LISTEN made by 502",
            "tcp 22 ESTABLISHED made by 502",
            "tcp 4444 BOUND made by 900",
            "tcp 31337 LISTEN unknown",
            "udp 111 CLOSE made by 310",
            "udp 123 CLOSE made by 600",
        ],
    );
}

#[test]
fn nothing_is_guessed_on_solaris_10() {
    check(
        Release::Solaris10,
        &[
            "tcp 22 LISTEN unknown",
            "tcp 22 ESTABLISHED unknown",
            "tcp 4444 BOUND unknown",
            "tcp 31337 LISTEN unknown",
            "udp 111 CLOSE unknown",
            "udp 123 CLOSE unknown",
        ],
    );
}

/// An interface that is down, or has no address yet, is none to connect to.
#[test]
fn the_addresses_of_the_host_are_those_that_are_up() {
    for release in Release::ALL {
        let host = host(release);
        let root = Sysroot::at(host.path()).expect("a recorded tree");
        let (found, gaps) = solaris::local_addrs(&root);
        assert!(gaps.is_empty(), "{release:?}: {gaps:?}");
        let found: Vec<String> = found.iter().map(|(addr, _)| addr.to_string()).collect();
        assert_eq!(
            found,
            ["127.0.0.1", "172.27.10.9", "fe80::9"],
            "{release:?}"
        );
    }
}

/// The UDP layout of 11.4 is not public: heads are read, the creator is not made up.
#[test]
fn an_unknown_layout_is_told() {
    let host = host(Release::Solaris114);
    let root = Sysroot::at(host.path()).expect("a recorded tree");
    let ask = SocketAsk {
        tables: vec![(Family::Inet, Some(Proto::Udp))],
        states: States::ALL,
        port: None,
    };
    let mut creators = Vec::new();
    let told = solaris::sockets(&root, Source::Mib2, &ask, &mut |socket| {
        creators.push(socket.streams.and_then(|streams| streams.creator));
    });
    assert_eq!(creators, [None, None]);
    let reasons: Vec<&str> = told.gaps.iter().map(|gap| gap.reason.as_str()).collect();
    assert_eq!(reasons, ["entries of 52 bytes: the creator is left out"]);
}

/// Programs join by inode alone, and two sockets here have the same.
#[test]
fn a_shared_inode_names_one_socket() {
    let host = host(Release::Illumos);
    let root = Sysroot::at(host.path()).expect("a recorded tree");
    let found = solaris::holdings(&root, &WalkAsk::default());
    let mut ports = Vec::new();
    for socket in inet(&root) {
        let same = |find: &&model::process::Holding| find.inode == socket.inode;
        let pids = found.holdings.iter().filter(same);
        let pids: Vec<u32> = pids.map(|find| find.owner.id.pid.0).collect();
        ports.push((socket.endpoint().map(|endpoint| endpoint.port), pids));
    }
    let expected = [
        (Some(22), vec![502]),
        (Some(22), vec![771]),
        (Some(4444), vec![900]),
        (Some(31337), vec![]),
        (Some(111), vec![310]),
        (Some(123), vec![600]),
    ];
    assert_eq!(ports, expected);
    let ask = FilesAsk {
        sockets_only: true,
        ..FilesAsk::default()
    };
    let mut inodes = Vec::new();
    solaris::files(&root, &ask, None, &mut |_, tables| {
        let files = tables.iter().flat_map(|table| &table.files);
        inodes.extend(files.filter_map(|file| file.inode));
    });
    inodes.sort_unstable();
    inodes.dedup();
    assert_eq!(
        inodes.len(),
        5,
        "four IP sockets and a unix one: {inodes:?}"
    );
}

#[test]
fn a_source_of_another_system_is_told() {
    let host = host(Release::Illumos);
    let root = Sysroot::at(host.path()).expect("a recorded tree");
    let ask = SocketAsk {
        tables: vec![(Family::Inet, Some(Proto::Tcp))],
        states: States::ALL,
        port: None,
    };
    let told = solaris::sockets(&root, Source::Netlink, &ask, &mut |_| panic!("no socket"));
    let [gap] = &told.gaps[..] else {
        panic!("one gap")
    };
    assert_eq!(gap.place, "source netlink");
    assert!(told.coverage.looked.is_empty());
}

#[test]
fn states_are_filtered_as_asked() {
    let host = host(Release::Illumos);
    let root = Sysroot::at(host.path()).expect("a recorded tree");
    let ask = SocketAsk {
        tables: vec![(Family::Inet, Some(Proto::Tcp))],
        states: States::of(&[State::Listen]),
        port: None,
    };
    let mut ports = Vec::new();
    solaris::sockets(&root, Source::Mib2, &ask, &mut |socket| {
        ports.push(socket.endpoint().map(|endpoint| endpoint.port));
    });
    assert_eq!(ports, [Some(22), Some(31337)]);
}

/// What a run printed; it must have ended well and said nothing else.
fn printed(command: &mut Command) -> String {
    let output = command.output().expect("it runs");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && stderr.is_empty(), "{stderr}");
    String::from_utf8(output.stdout).expect("text")
}

fn ask(sysroot: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ask"));
    command.arg("--sysroot").arg(sysroot);
    command
}

#[test]
fn system_calls_and_recordings_tell_the_same() {
    let Some(program) = common::solaris(&ASK, "ask") else {
        return;
    };
    let file = std::fs::read(&program).expect("it was built");
    let complaints: Vec<_> = sunrt::recipe::complaints(&file).collect();
    assert!(complaints.is_empty(), "{complaints:?}");
    for release in Release::ALL {
        let host = host(release);
        let expected = printed(&mut ask(host.path()));
        assert!(expected.contains("Listen"), "{release:?}: {expected}");
        let live = || {
            let mut emu = common::emu(release.calls());
            emu.arg("--root").arg(host.path()).arg(&program);
            emu
        };
        assert_eq!(printed(&mut live()), expected, "{release:?}");
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let record = scratch.path().join("recording");
        let recorded = printed(live().arg("--record").arg(&record));
        assert_eq!(recorded, expected, "{release:?} while recording");
        assert_eq!(printed(&mut ask(&record)), expected, "{release:?} recorded");
    }
}

/// Statistics come and go while the chain is read: asked again, and in the end given up.
#[test]
fn a_chain_that_changes_under_way_is_read_again() {
    let Some(program) = common::solaris(&ASK, "ask") else {
        return;
    };
    let host = host(Release::Illumos);
    let expected = printed(&mut ask(host.path()));
    let restless = |turns: &str| {
        let knob = host.path().join("answers/kstat-restless");
        std::fs::write(knob, turns).expect("it is written");
        let mut emu = common::emu("illumos");
        printed(emu.arg("--root").arg(host.path()).arg(&program))
    };
    assert_eq!(restless("3"), expected);
    let given_up = restless("1000000");
    assert!(given_up.contains("the chain of statistics keeps changing"));
    assert!(given_up.contains("Listen"), "the other tables stand");
}
