//! The very files that are shipped for Solaris and illumos, on synthetic hosts of each
//! release: what they print is kept byte for byte, and the programs of Linux print the same
//! of the same hosts as recordings.
//!
//! `CONCORD_SOLARIS` names the directory of the files, else it is `dist/solaris-x86_64`.
//! `UPDATE=1` rewrites what is kept.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stderr,
    reason = "programs are run here, beside sockets of the test's own, and what is skipped is told"
)]

use e2e::golden::{repository, same};
use emu::Release;
use std::fmt::Write;
use std::net::{TcpListener, UdpSocket};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const PROGRAMS: [&str; 5] = ["rnetstat", "rlsof", "rfuser", "rnmap", "rcompare"];

/// What is asked of every release, live under the stand-in and recorded.
const QUESTIONS: &[&str] = &[
    "rnetstat -an",
    "rnetstat -a",
    "rnetstat -n",
    "rnetstat -anu",
    "rnetstat -an -f inet -P tcp",
    "rnetstat -an -f inet6",
    "rnetstat -an -P udp",
    "rnetstat -an -f unix",
    "rnetstat -anp --style linux --gaps",
    "rnetstat --json --all --tcp --udp --via mib2",
    "rlsof -nP",
    "rlsof -nP -iTCP -sTCP:LISTEN",
    "rlsof --pfiles",
    "rlsof --pfiles -p 771",
    "rlsof --json --sockets",
    "rfuser -cu /var",
    "rfuser -c /nowhere",
    "rfuser -v 22/tcp 123/udp",
    "rfuser --json 4444/tcp",
];

/// The directory of the files; none, loudly, where they were not built.
fn shipped() -> Option<PathBuf> {
    let named = std::env::var_os("CONCORD_SOLARIS").map(PathBuf::from);
    let dir = named.unwrap_or_else(|| repository("dist/solaris-x86_64"));
    if PROGRAMS.iter().all(|program| dir.join(program).is_file()) {
        return dir.canonicalize().ok();
    }
    eprintln!("SKIPPED: cargo xtask dist solaris-x86_64, then its files are tested");
    None
}

fn host(release: Release) -> tempfile::TempDir {
    let host = tempfile::tempdir().expect("a scratch directory");
    emu::write(host.path(), release).expect("it is written");
    host
}

/// The stand-in, with the calls of a release.
fn stand_in(release: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_emu"));
    command.args(["--os", release]);
    command
}

/// A program of Solaris under the stand-in.
fn live(dir: &Path, release: Release, host: &Path, program: &str) -> Command {
    let mut command = stand_in(release.calls());
    command.arg("--root").arg(host).arg(dir.join(program));
    command
}

fn told(question: &str, output: &Output, text: &mut Vec<u8>) {
    let code = output.status.code();
    let code = code.map_or_else(|| "none".to_owned(), |code| code.to_string());
    text.extend_from_slice(format!("$ {question}\nexit {code}\n").as_bytes());
    text.extend_from_slice(&output.stdout);
    if !output.stderr.is_empty() {
        text.extend_from_slice(b"--- stderr\n");
        text.extend_from_slice(&output.stderr);
    }
}

/// All answers of a program; `command` makes it ready to be given arguments.
fn answers(program: &str, mut command: impl FnMut(&str) -> Command) -> Vec<u8> {
    let mut text = Vec::new();
    for question in QUESTIONS {
        let (name, arguments) = question.split_once(' ').expect("a name and arguments");
        if name == program {
            let output = command(name).args(arguments.split(' ')).output();
            told(question, &output.expect("it runs"), &mut text);
        }
    }
    text
}

fn kept(release: Release, name: &str) -> PathBuf {
    let dir = repository("tests/golden/solaris").join(format!("{release:?}").to_lowercase());
    dir.join(format!("{name}.txt"))
}

/// Linux loads these files: there they end at once, whatever its calls by our numbers do.
#[test]
fn on_linux_they_end_at_once() {
    let Some(programs) = shipped() else { return };
    for program in PROGRAMS {
        let mut command = Command::new("timeout");
        command
            .args(["-s", "KILL", "20"])
            .arg(programs.join(program));
        let found = command.arg("--help").output().expect("it runs");
        // timeout dies of what its command died of.
        let signal = found.status.signal();
        assert_eq!(
            signal.or(found.status.code().map(|code| code - 128)),
            Some(libc::SIGILL)
        );
        assert!(found.stdout.is_empty(), "{program}");
    }
}

#[test]
fn every_file_is_one_a_solaris_kernel_runs_alone() {
    let Some(dir) = shipped() else { return };
    for program in PROGRAMS {
        let file = std::fs::read(dir.join(program)).expect("it was built");
        let complaints: Vec<_> = sunrt::recipe::complaints(&file).collect();
        assert!(complaints.is_empty(), "{program}: {complaints:?}");
    }
}

#[test]
fn each_release_is_answered_as_kept() {
    let Some(dir) = shipped() else { return };
    let mut wrong = Vec::new();
    for release in Release::ALL {
        let host = host(release);
        for program in ["rnetstat", "rlsof", "rfuser"] {
            let text = answers(program, |name| live(&dir, release, host.path(), name));
            wrong.extend(same(&kept(release, program), &text).err());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The same bytes again by the programs of Linux, of the host as a recording.
#[test]
fn a_recording_is_answered_on_linux_as_the_host_was() {
    let mut wrong = Vec::new();
    for release in Release::ALL {
        let host = host(release);
        for program in ["rnetstat", "rlsof", "rfuser"] {
            let text = answers(program, |name| {
                let mut command = e2e::tool(name);
                command.arg("--sysroot").arg(host.path());
                command
            });
            wrong.extend(same(&kept(release, program), &text).err());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// rcompare runs its siblings, which the stand-in runs too.
#[test]
fn rcompare_judges_each_release_as_kept() {
    let Some(dir) = shipped() else { return };
    let mut wrong = Vec::new();
    for release in Release::ALL {
        let host = host(release);
        let mut command = live(&dir, release, host.path(), "rcompare");
        let question = "rcompare --passive --gaps --deadline 600";
        command.args(question.split(' ').skip(1));
        let mut text = Vec::new();
        told(question, &command.output().expect("it runs"), &mut text);
        wrong.extend(same(&kept(release, "rcompare"), &text).err());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A call that a release lacks kills by SIGSYS, or fails where that is ignored: a kernel that
/// calls itself one release and answers as another is refused.
#[test]
fn a_kernel_that_lacks_its_calls_is_refused() {
    let Some(dir) = shipped() else { return };
    let host = host(Release::Solaris10);
    for program in PROGRAMS {
        let mut command = stand_in("s11");
        command.arg("--root").arg(host.path());
        let output = command.arg(dir.join(program)).arg("--version").output();
        let output = output.expect("it runs");
        assert!(output.stdout.is_empty(), "{program}");
        assert_eq!(output.status.code(), Some(99), "{program}");
    }
}

/// Runs in a network of its own, in which only these ports are taken.
fn networked<T: Send>(act: impl FnOnce() -> T + Send) -> Option<T> {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("SKIPPED: needs root, for a network of its own");
        return None;
    }
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET).expect("root may");
            let up = Command::new("ip")
                .args(["link", "set", "lo", "up"])
                .status();
            assert!(up.is_ok_and(|status| status.success()), "iproute2 is there");
            act()
        });
        Some(thread.join().expect("it ended well"))
    })
}

#[test]
fn rnmap_scans_the_ports_of_its_network() {
    let Some(dir) = shipped() else { return };
    let scanned = |release: Release| {
        let host = host(release);
        let mut command = live(&dir, release, host.path(), "rnmap");
        command.args(["-sT", "-p", "20-25,31337", "-oG", "-", "127.0.0.1"]);
        let output = command.output().expect("it runs");
        let text = String::from_utf8(output.stdout).expect("text");
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{release:?}: {text}{errors}");
        text
    };
    networked(|| {
        let _taken = TcpListener::bind("0.0.0.0:22").expect("it is free");
        for release in Release::ALL {
            let text = scanned(release);
            assert!(text.contains(" 22/open/tcp//ssh///"), "{text}");
            assert!(!text.contains("31337/open"), "{text}");
        }
    });
}

/// A listener that no table shows: a bind probe and a connection find it. The others are those
/// of the synthetic host, really there.
#[test]
fn a_listener_no_table_shows_is_found() {
    let Some(dir) = shipped() else { return };
    let output = networked(|| {
        let tcp = [
            "0.0.0.0:22",
            "0.0.0.0:4444",
            "0.0.0.0:31337",
            "127.0.0.1:6666",
        ];
        let _tcp = tcp.map(|at| TcpListener::bind(at).expect("it is free"));
        let _udp = ["0.0.0.0:111", "0.0.0.0:123"].map(|at| UdpSocket::bind(at).expect("free"));
        let host = host(Release::Illumos);
        let mut command = live(&dir, Release::Illumos, host.path(), "rcompare");
        command.args(["--deadline", "600", "--gaps"]);
        command.output().expect("it runs")
    });
    let Some(output) = output else { return };
    let mut text = String::from_utf8(output.stdout).expect("text");
    let _ = write!(text, "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(1), "{text}");
    let hidden = text.lines().find(|line| line.contains("port 6666"));
    let hidden = hidden.unwrap_or_default();
    assert!(hidden.starts_with("HIDDEN_FROM_TABLES"), "{text}");
    for agreed in ["   22 ssh", "  111 sunrpc", "  123 ntp"] {
        let line = text.lines().find(|line| line.contains(agreed));
        assert!(
            line.is_some_and(|line| line.starts_with("AGREE")),
            "{agreed}: {text}"
        );
    }
}
