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
use nix::sys::socket::{self, AddressFamily, SockFlag, SockType, SockaddrIn};
use std::net::{TcpListener, UdpSocket};
use std::os::fd::{AsRawFd, OwnedFd};
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

/// Without the probes, which a recording cannot answer.
const PASSIVE: &str = "rcompare --passive --gaps --deadline 600";

/// rcompare runs its siblings, which the stand-in runs too.
#[test]
fn rcompare_judges_each_release_as_kept() {
    let Some(dir) = shipped() else { return };
    let mut wrong = Vec::new();
    for release in Release::ALL {
        let host = host(release);
        let mut command = live(&dir, release, host.path(), "rcompare");
        command.args(PASSIVE.split(' ').skip(1));
        let mut text = Vec::new();
        told(PASSIVE, &command.output().expect("it runs"), &mut text);
        wrong.extend(same(&kept(release, "rcompare"), &text).err());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A kernel that calls itself one release and answers as another is refused: the call it lacks
/// raises SIGSYS, which is ignored, and the self-test says so in one line.
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
        assert_eq!(output.status.code(), Some(2), "{program}");
        let stderr = String::from_utf8(output.stderr).expect("text");
        assert!(
            stderr.ends_with("/proc/self/psinfo cannot be opened\n"),
            "{stderr}"
        );
    }
}

/// A case streamed on each release is whole on Linux, and judged there to the same bytes.
#[test]
fn a_case_of_each_release_is_judged_on_linux_to_the_same_bytes() {
    let Some(dir) = shipped() else { return };
    let scratch = tempfile::tempdir().expect("a scratch directory");
    for release in Release::ALL {
        let host = host(release);
        let mut command = live(&dir, release, host.path(), "rcompare");
        command.args(["--passive", "--deadline", "600", "--case", "-"]);
        let made = command.output().expect("it runs");
        let said = String::from_utf8_lossy(&made.stderr).into_owned();
        let case = scratch.path().join(format!("{release:?}.tar"));
        std::fs::write(&case, &made.stdout).expect("it is written");
        let rcompare = |words: &[&str]| {
            let mut command = e2e::tool("rcompare");
            let output = command.args(words).arg(&case).output();
            output.expect("it runs")
        };
        let verified = rcompare(&["verify"]);
        assert_eq!(verified.status.code(), Some(0), "{release:?}: {said}");
        let judged = rcompare(&["judge", "--gaps"]);
        assert_eq!(judged.status.code(), made.status.code(), "{release:?}");
        let mut text = Vec::new();
        told(PASSIVE, &judged, &mut text);
        same(&kept(release, "rcompare"), &text).expect("as it was judged there");
        answers_again(release, scratch.path(), &case);
    }
}

/// The kernel's own bytes in a case are a recorded tree: rnetstat on Linux says of them what
/// it said there.
fn answers_again(release: Release, scratch: &Path, case: &Path) {
    let tree = scratch.join(format!("{release:?}"));
    std::fs::create_dir(&tree).expect("a new directory");
    let untar = |from: &Path, into: &Path, member: &[&str]| {
        let mut tar = Command::new("tar");
        let done = tar.arg("-xf").arg(from).arg("-C").arg(into).args(member);
        assert!(
            done.status().is_ok_and(|done| done.success()),
            "tar is there"
        );
    };
    let record = "records/001-r1-mib2.tar";
    let output = "outputs/001-r1-mib2.jsonl";
    untar(case, &tree, &[record, output]);
    let root = tree.join("root");
    std::fs::create_dir(&root).expect("a new directory");
    untar(&tree.join(record), &root, &[]);
    let mut again = e2e::tool("rnetstat");
    again.arg("--sysroot").arg(&root);
    let again = again.args(["--json", "--all", "--tcp", "--udp", "--via", "mib2"]);
    let again = again.output().expect("it runs").stdout;
    let sockets = |text: &[u8]| -> Vec<String> {
        let text = String::from_utf8_lossy(text);
        let lines = text.lines().filter(|line| line.contains("\"port\""));
        lines.map(str::to_owned).collect()
    };
    let said = std::fs::read(tree.join(output)).expect("it is in the case");
    assert_eq!(sockets(&said).len(), 6, "{release:?}");
    assert_eq!(sockets(&again), sockets(&said), "{release:?}");
}

/// Their netstat is another one than Linux's, and no table shows another zone: neither is asked,
/// and that is told.
#[test]
fn what_is_not_asked_there_is_told() {
    let Some(dir) = shipped() else { return };
    let host = host(Release::Solaris114);
    let mut command = live(&dir, Release::Solaris114, host.path(), "rcompare");
    command.args(["--passive", "--gaps", "--deadline", "600"]);
    command.args(["--host-tools", "--all-netns"]);
    let output = command.output().expect("it runs");
    let text = String::from_utf8(output.stdout).expect("text");
    assert_eq!(output.status.code(), Some(3), "{text}");
    for words in ["host tools: not run", "--all-netns: a zone's sockets"] {
        let told = text.lines().filter(|line| line.contains(words));
        assert_eq!(told.count(), 1, "{words}: {text}");
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

/// The host's own addresses by the kernel's table, and an address beyond them by its routes.
#[test]
fn rnmap_goes_where_the_tables_and_the_routes_lead() {
    let Some(dir) = shipped() else { return };
    for release in Release::ALL {
        let host = host(release);
        let scan = |words: &[&str]| {
            let mut command = live(&dir, release, host.path(), "rnmap");
            let output = command.args(words).output().expect("it runs");
            let errors = String::from_utf8_lossy(&output.stderr).into_owned();
            (String::from_utf8(output.stdout).expect("text"), errors)
        };
        let told = inhabited(|| {
            let local = ["--local", "-p", "21-22", "-oG", "-"];
            // Nothing leads there.
            let far = ["-sT", "-Pn", "-p", "22", "-oG", "-", "192.0.2.1"];
            (scan(&local), scan(&far))
        });
        let Some(((local, errors), (far, _))) = told else {
            return;
        };
        for address in ["127.0.0.1", "172.27.10.9"] {
            let line = local
                .lines()
                .find(|line| line.contains(address) && line.contains("Ports:"));
            let line = line.unwrap_or_default();
            assert!(
                line.contains("22/open/tcp"),
                "{release:?} {address}: {local}{errors}"
            );
        }
        assert!(errors.contains("fe80::9"), "{release:?}: {errors}");
        assert!(!far.contains("/open/"), "{release:?}: {far}");
    }
}

/// What the synthetic host has, really there, in a network of its own: four listeners, of which
/// the tables show two and never port 6666; a bound port; two UDP sockets; the host's addresses.
fn inhabited<T: Send>(act: impl FnOnce() -> T + Send) -> Option<T> {
    networked(|| {
        let address = ["address", "add", "172.27.10.9/32", "dev", "lo"];
        let added = Command::new("ip").args(address).status();
        assert!(
            added.is_ok_and(|status| status.success()),
            "iproute2 is there"
        );
        let tcp = ["0.0.0.0:22", "0.0.0.0:31337", "127.0.0.1:6666"];
        let _tcp = tcp.map(|at| TcpListener::bind(at).expect("it is free"));
        let _bound = bound(4444);
        let _udp = ["0.0.0.0:111", "0.0.0.0:123"].map(|at| UdpSocket::bind(at).expect("free"));
        act()
    })
}

/// A TCP socket that holds a port and does not listen.
fn bound(port: u16) -> OwnedFd {
    let (family, flags) = (AddressFamily::Inet, SockFlag::SOCK_CLOEXEC);
    let socket = socket::socket(family, SockType::Stream, flags, None).expect("a socket");
    let address = SockaddrIn::new(0, 0, 0, 0, port);
    socket::bind(socket.as_raw_fd(), &address).expect("it is free");
    socket
}

/// Everything rcompare asks there: tables, walk, counters, and the two probes, on every address
/// of the host or only on one. A listener that no table shows is found by both probes.
fn active(release: Release, every_address: bool) {
    let Some(dir) = shipped() else { return };
    let question = match every_address {
        true => "rcompare --gaps --deadline 600",
        false => "rcompare --gaps --deadline 600 --address 127.0.0.1",
    };
    let host = host(release);
    let output = inhabited(|| {
        let mut command = live(&dir, release, host.path(), "rcompare");
        command.args(question.split(' ').skip(1));
        command.output().expect("it runs")
    });
    let Some(output) = output else { return };
    let mut text = Vec::new();
    told(question, &output, &mut text);
    let told = String::from_utf8_lossy(&text).into_owned();
    let hidden = told.lines().find(|line| line.contains("port 6666"));
    let hidden = hidden.unwrap_or_default();
    assert!(hidden.starts_with("HIDDEN_FROM_TABLES"), "{told}");
    same(&kept(release, "rcompare-active"), &text).expect("as kept");
}

#[test]
fn all_of_rcompare_on_illumos() {
    active(Release::Illumos, true);
}

#[test]
fn all_of_rcompare_on_smartos() {
    active(Release::SmartOs, false);
}

#[test]
fn all_of_rcompare_on_solaris_11_4() {
    active(Release::Solaris114, false);
}

#[test]
fn all_of_rcompare_on_solaris_11_0() {
    active(Release::Solaris110, false);
}

#[test]
fn all_of_rcompare_on_solaris_10() {
    active(Release::Solaris10, true);
}
