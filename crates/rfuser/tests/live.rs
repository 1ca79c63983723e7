//! rfuser against things this test itself holds open, in namespaces of its own.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test makes files and sockets, and runs the program"
)]

#[path = "../../linux/tests/live/stage.rs"]
mod stage;

use stage::staged;
use std::fs::{self, File};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

/// Nobody's processes but our own: those of others come, go and hold the same ports elsewhere.
const ALONE: &[&str] = &["--pid", "--fork", "--mount-proc"];

fn rfuser(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rfuser"))
        .args(args)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn scratch(name: &str) -> PathBuf {
    let dir = std::env::temp_dir().join(format!("rfuser-{name}-{}", std::process::id()));
    fs::create_dir_all(&dir).unwrap();
    dir
}

/// As fuser writes a pid.
fn pid() -> String {
    format!(" {:5}", std::process::id())
}

fn comm() -> String {
    fs::read_to_string("/proc/self/comm")
        .unwrap()
        .trim_end()
        .to_owned()
}

/// What stands on standard error besides the note on places that could not be read.
fn aside(output: &Output) -> String {
    let lines = text(&output.stderr).lines();
    lines
        .filter(|line| !line.starts_with("rfuser: "))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn ports_and_who_has_them() {
    if !staged(ALONE) {
        return;
    }
    let tcp = TcpListener::bind("0.0.0.0:4444").unwrap();
    let _udp = UdpSocket::bind("127.0.0.1:5353").unwrap();
    let client = TcpStream::connect("127.0.0.1:4444").unwrap();
    // Until it is accepted the other end is nobody's: it has no inode.
    let _accepted = tcp.accept().unwrap();
    let own_port = client.local_addr().unwrap().port();
    for (args, name) in [
        (&["4444/tcp"][..], "4444/tcp"),
        (&["-n", "tcp", "4444"], "4444/tcp"),
        (&["tcp/4444"], "tcp/4444"),
        (&["-n", "udp", "5353"], "5353/udp"),
        (&[",,4444/tcp"], ",,4444/tcp"),
        (&[&format!("4444,127.0.0.1,{own_port}/tcp")], ""),
    ] {
        let output = rfuser(args);
        assert_eq!(
            (output.status.code(), text(&output.stdout)),
            (Some(0), pid().as_str()),
            "{args:?}"
        );
        if !name.is_empty() {
            assert_eq!(
                aside(&output),
                format!("{:20}", format!("{name}:")),
                "{args:?}"
            );
        }
    }
    for args in [
        &["4443/tcp"][..],
        &["-6", "4444/tcp"],
        &["4444/udp"],
        &[",10.0.0.1/tcp"],
    ] {
        let output = rfuser(args);
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        assert!(
            output.stdout.is_empty() && aside(&output).is_empty(),
            "{args:?}"
        );
    }
    let verbose = rfuser(&["-v", "4444/tcp"]);
    let said = aside(&verbose);
    let (heading, row) = said.split_once('\n').unwrap();
    assert_eq!(
        heading,
        "                     USER        PID ACCESS COMMAND"
    );
    assert!(
        row.starts_with("4444/tcp:            root      F.... "),
        "{row:?}"
    );
    let json = rfuser(&["--json", "4444/tcp"]);
    assert!(text(&json.stdout).contains(r#""port":4444,"#));
    assert!(text(&json.stdout).contains(&format!(r#""owners":[{{"pid":{}"#, std::process::id())));
}

#[test]
fn files_mounts_and_their_letters() {
    if !staged(ALONE) {
        return;
    }
    let dir = scratch("files");
    let path = dir.join("file");
    let name = path.to_str().unwrap();
    let missing = rfuser(&[name]);
    assert_eq!(missing.status.code(), Some(2));
    File::create(&path).unwrap();
    let nobody = rfuser(&["-a", name]);
    assert_eq!(nobody.status.code(), Some(1));
    assert_eq!(aside(&nobody), format!("{name}:"));
    let reader = File::open(&path).unwrap();
    let letters = |args: &[&str]| {
        let output = rfuser(args);
        let found = text(&output.stdout).contains(&pid());
        found.then(|| aside(&output))
    };
    let said = letters(&["-v", name]).expect("we read it");
    assert!(
        said.ends_with(&format!("{:20} root      f.... {}", "", comm())),
        "{said}"
    );
    let writer = File::options().append(true).open(&path).unwrap();
    assert!(letters(&["-v", name]).unwrap().contains(" F.... "));
    drop((reader, writer));
    assert_eq!(letters(&[name]), None);
    let program = std::env::current_exe().unwrap();
    assert!(
        letters(&["-v", program.to_str().unwrap()])
            .unwrap()
            .contains(" ...e. ")
    );
    let socket = dir.join("socket");
    let _bound = UnixListener::bind(&socket).unwrap();
    assert!(
        letters(&[socket.to_str().unwrap()]).is_some(),
        "a unix socket by its path"
    );
    let mut child = sleeper(&dir);
    let cwd = rfuser(&[dir.to_str().unwrap()]);
    assert_eq!(text(&cwd.stdout), format!(" {:5}", child.id()));
    assert!(aside(&cwd).ends_with('c'));
    child.kill().unwrap();
    child.wait().unwrap();
    let mount = rfuser(&["-vm", "/proc"]);
    assert!(text(&mount.stdout).starts_with(" kernel"));
    assert!(aside(&mount).contains("root      mount /proc"));
    let point = rfuser(&["-M", dir.to_str().unwrap()]);
    assert_eq!(point.status.code(), Some(1));
    fs::remove_dir_all(dir).unwrap();
}

/// A process that only sleeps, in a directory.
fn sleeper(dir: &std::path::Path) -> Child {
    Command::new("sleep")
        .arg("60")
        .current_dir(dir)
        .stdin(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn killing_needs_two_words() {
    if !staged(ALONE) {
        return;
    }
    let dir = scratch("kill");
    let mut child = sleeper(&dir);
    let name = dir.to_str().unwrap();
    let refused = rfuser(&["-k", name]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("--yes-kill"));
    assert!(child.try_wait().unwrap().is_none(), "it lives");
    let writers = rfuser(&["-k", "-w", "--yes-kill", name]);
    assert!(writers.status.code() != Some(0), "it does not write there");
    assert!(child.try_wait().unwrap().is_none(), "it lives");
    let killed = rfuser(&["-k", "-TERM", "--yes-kill", name]);
    assert_eq!(killed.status.code(), Some(0), "{killed:?}");
    assert!(!child.wait().unwrap().success());
    fs::remove_dir_all(dir).unwrap();
}

#[test]
fn bad_input_is_one_line() {
    for args in [
        &[][..],
        &["-n", "tcp", "bogus"],
        &["-n", "nope", "x"],
        &["/no/such/file/here"],
        &["-y"],
        &["-k", "/"],
        &["99999/tcp"],
    ] {
        let output = rfuser(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        let said = text(&output.stderr);
        assert!(
            said.starts_with("rfuser: ") && said.lines().count() == 1,
            "{args:?}: {said}"
        );
    }
    assert!(text(&rfuser(&["-l"]).stdout).starts_with("HUP INT QUIT"));
}
