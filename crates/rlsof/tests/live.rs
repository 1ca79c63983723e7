//! rlsof against things this test itself holds open, in namespaces of its own.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test makes files and sockets, and runs the program"
)]

#[path = "../../linux/tests/live/stage.rs"]
mod stage;

use model::file::FileRow;
use model::{FileKind, Kind, Record, Slot};
use nix::fcntl::{Flock, FlockArg};
use nix::sched::{CloneFlags, unshare};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
use stage::staged;
use std::fs::{self, File};
use std::io::{IoSlice, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Output};

/// Nobody's processes but our own: those of others come, go and hold the same ports elsewhere.
const ALONE: &[&str] = &["--pid", "--fork", "--mount-proc"];

fn rlsof(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rlsof"))
        .args(args)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn own_pid() -> String {
    std::process::id().to_string()
}

/// The files of an answer in JSON, which must be whole.
fn rows(output: &Output) -> Vec<FileRow> {
    let records: Vec<Record> = text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(matches!(records.first(), Some(Record::Begin(_))));
    let gaps = records
        .iter()
        .filter(|it| matches!(it, Record::Gap(_)))
        .count();
    match records.last() {
        Some(Record::End(end)) => {
            let all = u64::try_from(records.len() - 2).unwrap();
            assert_eq!(
                (end.rows + end.gaps, end.gaps),
                (all, u64::try_from(gaps).unwrap())
            );
        }
        other => panic!("{other:?}"),
    }
    records
        .into_iter()
        .filter_map(|record| match record {
            Record::File(row) => Some(row),
            _ => None,
        })
        .collect()
}

fn own_rows() -> Vec<FileRow> {
    rows(&rlsof(&["--json", "-p", &own_pid()]))
}

fn at(rows: &[FileRow], fd: &impl AsRawFd) -> FileRow {
    let slot = Slot::Fd(u32::try_from(fd.as_raw_fd()).unwrap());
    let mut found = rows
        .iter()
        .filter(|row| row.file.slot == slot && row.tid.is_none());
    let row = found.next().expect("a row").clone();
    assert!(found.next().is_none(), "one row only");
    row
}

fn scratch(name: &str) -> PathBuf {
    let dir = std::env::temp_dir().join(format!("rlsof-{name}-{}", std::process::id()));
    fs::create_dir_all(&dir).unwrap();
    dir
}

#[test]
fn sockets_have_their_addresses() {
    if !staged(ALONE) {
        return;
    }
    let tcp = TcpListener::bind("0.0.0.0:4444").unwrap();
    let tcp6 = TcpListener::bind("[::]:4445").unwrap();
    let udp = UdpSocket::bind("127.0.0.1:5353").unwrap();
    let client = TcpStream::connect("127.0.0.1:4444").unwrap();
    let rows = own_rows();
    for (fd, family, port) in [
        (tcp.as_raw_fd(), "inet", 4444),
        (tcp6.as_raw_fd(), "inet6", 4445),
        (udp.as_raw_fd(), "inet", 5353),
    ] {
        let socket = at(&rows, &fd).socket.expect("a table knows it");
        let (own, inet) = match &socket.kind {
            Kind::Inet(inet) => ("inet", inet),
            Kind::Inet6(inet) => ("inet6", inet),
            other => panic!("{other:?}"),
        };
        assert_eq!((own, inet.port), (family, port));
    }
    let peer = at(&rows, &client).socket.unwrap();
    assert_eq!(peer.kind.inet().unwrap().remote_port, 4444);

    let table = rlsof(&["-nP", "-a", "-p", &own_pid(), "-iTCP:4444"]);
    let table = text(&table.stdout);
    assert!(table.starts_with("COMMAND"), "{table}");
    assert!(table.contains("TCP *:4444 (LISTEN)\n"), "{table}");
    assert!(
        table.contains("->127.0.0.1:4444 (ESTABLISHED)\n"),
        "{table}"
    );
    // With its colon: a number the kernel chose may begin with these digits.
    assert!(!table.contains(":4445 "), "{table}");

    let terse = rlsof(&["-t", "-iTCP@127.0.0.1:4444", "-sTCP:ESTABLISHED"]);
    assert_eq!(text(&terse.stdout), format!("{}\n", own_pid()));
    let fields = rlsof(&["-nP", "-a", "-p", &own_pid(), "-iUDP", "-Fpn"]);
    let line = format!("p{}\nn127.0.0.1:5353\n", own_pid());
    assert_eq!(text(&fields.stdout), line);
}

#[test]
fn files_are_what_they_are() {
    if !staged(ALONE) {
        return;
    }
    let dir = scratch("files");
    let mut gone = File::create(dir.join("gone")).unwrap();
    gone.write_all(&[7; 42]).unwrap();
    fs::remove_file(dir.join("gone")).unwrap();
    let lock = Flock::lock(
        File::create(dir.join("lock")).unwrap(),
        FlockArg::LockExclusive,
    );
    let lock = lock.map_err(|(_, errno)| errno).unwrap();
    let memory = memfd_create("no name", MFdFlags::empty()).unwrap();
    let rows = own_rows();
    let row = at(&rows, &gone);
    assert_eq!(
        (row.file.kind, row.file.links),
        (FileKind::Regular, Some(0))
    );
    assert_eq!((row.file.size, row.file.offset), (Some(42), Some(42)));
    assert!(row.file.name.as_bytes().ends_with(b"gone (deleted)"));
    let row = at(&rows, &lock.as_raw_fd());
    assert_eq!(row.file.lock.unwrap().letter(), 'W');
    let row = at(&rows, &memory);
    assert!(row.file.name.as_bytes().starts_with(b"/memfd:no name"));
    for slot in [Slot::Cwd, Slot::Root, Slot::Exe, Slot::Mapped] {
        assert!(rows.iter().any(|row| row.file.slot == slot), "{slot}");
    }
    let few = rlsof(&["-a", "-p", &own_pid(), "+L1", "-Ffk"]);
    let line = format!("f{}\nk0\n", gone.as_raw_fd());
    assert!(text(&few.stdout).contains(&line), "{:?}", text(&few.stdout));
    fs::remove_dir_all(dir).unwrap();
}

#[test]
fn hostile_names_are_harmless_and_whole() {
    if !staged(ALONE) {
        return;
    }
    let dir = scratch("hostile");
    let name = b"ev\x1b[1;31m\nCOMMAND \xff\xe2\x80\xae";
    let path = dir.join(std::ffi::OsStr::from_bytes(name));
    let file = File::create(&path).unwrap();
    let table = rlsof(&["-a", "-p", &own_pid(), "+d", dir.to_str().unwrap()]);
    let lines: Vec<&str> = text(&table.stdout).lines().collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(
        lines[1].ends_with("/ev\\x1b[1;31m\\nCOMMAND \\xff\\u{202e}"),
        "{lines:?}"
    );
    let row = at(&own_rows(), &file);
    assert_eq!(row.file.name.as_bytes(), path.as_os_str().as_bytes());
    let tree = rlsof(&["-J", "-a", "-p", &own_pid(), "+d", dir.to_str().unwrap()]);
    let tree: serde_json::Value = serde_json::from_slice(&tree.stdout).unwrap();
    assert!(
        tree["processes"][0]["files"][0]["name"]["hex"].is_string(),
        "{tree}"
    );
    fs::remove_dir_all(dir).unwrap();
}

#[test]
fn a_thread_with_its_own_table_has_rows() {
    if !staged(ALONE) {
        return;
    }
    let (ready, wait) = std::sync::mpsc::channel();
    let (done, stop) = std::sync::mpsc::channel::<()>();
    let thread = std::thread::spawn(move || {
        unshare(CloneFlags::CLONE_FILES).unwrap();
        let own = TcpListener::bind("127.0.0.1:7011").unwrap();
        ready.send(nix::unistd::gettid().as_raw()).unwrap();
        let _ = stop.recv();
        drop(own);
    });
    let tid = u32::try_from(wait.recv().unwrap()).unwrap();
    let output = rlsof(&["--json", "-nP", "-iTCP:7011"]);
    done.send(()).unwrap();
    thread.join().unwrap();
    let rows = rows(&output);
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!(rows[0].tid.map(|tid| tid.0), Some(tid));
    assert_eq!(rows[0].id.pid.0, std::process::id());
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn descriptors_in_flight_are_rows_of_their_own() {
    if !staged(ALONE) {
        return;
    }
    let (left, right) = UnixStream::pair().unwrap();
    let sent = TcpListener::bind("127.0.0.1:7004").unwrap();
    let fds = [sent.as_raw_fd()];
    let message = [ControlMessage::ScmRights(&fds)];
    sendmsg::<()>(
        left.as_raw_fd(),
        &[IoSlice::new(b"x")],
        &message,
        MsgFlags::empty(),
        None,
    )
    .unwrap();
    drop(sent);
    let via = u32::try_from(right.as_raw_fd()).unwrap();
    let rows = own_rows();
    let flying: Vec<&FileRow> = rows
        .iter()
        .filter(|row| matches!(row.file.slot, Slot::InFlight(_)))
        .collect();
    assert_eq!(flying.len(), 1, "{flying:?}");
    assert_eq!(flying[0].file.slot, Slot::InFlight(via));
    let ends = rlsof(&[
        "-a",
        "-p",
        &own_pid(),
        "-d",
        &left.as_raw_fd().to_string(),
        "-E",
    ]);
    let word = format!(",{}u (CONNECTED)", right.as_raw_fd());
    assert!(text(&ends.stdout).contains(&word), "{}", text(&ends.stdout));
}

#[test]
fn a_recording_answers_the_same() {
    if !staged(ALONE) {
        return;
    }
    let dir = scratch("record");
    let tree = dir.join("tree");
    let tree = tree.to_str().unwrap();
    let _held = TcpListener::bind("127.0.0.1:4446").unwrap();
    let live = rlsof(&["-nP", "-p", &own_pid(), "--record", tree]);
    let again = rlsof(&["-nP", "-p", &own_pid(), "--sysroot", tree]);
    assert!(text(&live.stdout).contains("TCP 127.0.0.1:4446 (LISTEN)"));
    assert_eq!(text(&again.stdout), text(&live.stdout));
    // Mapped files have their sizes there too: the seventh word of a row.
    let mapped = |line: &&str| line.split_whitespace().nth(3) == Some("mem");
    let sized = |line: &str| {
        let size = line.split_whitespace().nth(6);
        size.is_some_and(|size| size.parse::<u64>().is_ok_and(|size| size > 0))
    };
    let said = text(&again.stdout);
    assert!(said.lines().filter(mapped).count() > 0, "{said}");
    assert!(said.lines().filter(mapped).all(sized), "{said}");

    // What was said of its files is lost: their rows are not.
    fs::remove_file(dir.join("tree/stats")).unwrap();
    let bare = rlsof(&["-nP", "-p", &own_pid(), "--sysroot", tree]);
    let rows = |output: &Output| text(&output.stdout).lines().count();
    assert_eq!(rows(&bare), rows(&again));
    assert!(text(&bare.stderr).starts_with("rlsof: "));
    // And then what says who the process is: it is no process any more, and that is told.
    fs::remove_file(dir.join(format!("tree/proc/{}/stat", own_pid()))).unwrap();
    let lost = rlsof(&["-nP", "-p", &own_pid(), "--sysroot", tree]);
    assert_eq!(lost.status.code(), Some(3));
    assert!(text(&lost.stderr).contains("/stat: not in the recording"));
    fs::remove_dir_all(dir).unwrap();
}

#[test]
fn exit_codes_and_bad_input() {
    if !staged(ALONE) {
        return;
    }
    for (args, code) in [
        (&["-p", "99999999"][..], 1),
        (&["-Q", "-p", "99999999"], 0),
        (&["-p", &own_pid(), "-t"], 0),
        (&["-h"], 0),
        (&["-F?"], 0),
    ] {
        let output = rlsof(args);
        assert_eq!(output.status.code(), Some(code), "{args:?}");
    }
    for args in [
        &["-i", ":99999"][..],
        &["-i", "foo"],
        &["-p", "abc"],
        &["-s", "TCP:FOO"],
        &["-Fy"],
        &["-d", "1-x"],
        &["-u", "no-such-user-here"],
        &["-c", "/(/"],
        &["-y"],
        &["+y"],
        &["-o", "-s"],
        &["-r", "1x"],
        &["/no/such/file/here"],
        &["-p"],
        &["--columns", "nope"],
        &["-T", "-K", "x", "-p", "abc"],
    ] {
        let output = rlsof(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(output.stdout.is_empty(), "{args:?}");
        let said = text(&output.stderr);
        assert!(
            said.starts_with("rlsof: ") && said.lines().count() == 1,
            "{args:?}: {said}"
        );
    }
}

#[test]
fn what_rcompare_asks_ends_as_every_search_does() {
    let tree = scratch("empty");
    let sysroot = tree.to_str().unwrap();
    let code = |args: &[&str]| {
        let output = rlsof(&[args, &["--json", "--sysroot", sysroot]].concat());
        (output.status.code(), text(&output.stdout).to_owned())
    };
    for args in [&["--sockets"][..], &["--rings"], &["--behind", "-p", "7"]] {
        let (code, told) = code(args);
        let expected = if told.contains(r#""type":"gap""#) {
            3
        } else {
            1
        };
        assert_eq!(code, Some(expected), "{args:?}: {told}");
    }
    assert_eq!(code(&["--sockets"]).0, Some(3));
    fs::remove_dir_all(tree).unwrap();
    let own = own_pid();
    let with = format!("{own},4194304");
    for (pid, expected) in [("4194304", 1), (&own, 0), (&with, 1)] {
        let output = rlsof(&["--json", "--behind", "-p", pid]);
        assert_eq!(
            output.status.code(),
            Some(expected),
            "{}",
            text(&output.stdout)
        );
    }
}
