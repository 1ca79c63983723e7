//! `cargo xtask vm kernel`: what this builder's kernel may not have is asked on Debian's, in
//! QEMU: sockets between machines and SCTP, held against ss there; and a file system whose
//! server never answers, beside which every program must come to an end.

use crate::iso::guest;
use crate::sh::{self, Outcome};
use crate::targets::HOST;
use crate::{dist, workspace};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// What the guest does.
const SCRIPT: &str = include_str!("kernel.sh");

/// Modules of the kernel it loads.
const MODULES: &[&str] = &[
    "vsock_loopback",
    "vsock_diag",
    // libcrc32c, which sctp needs, asks the crypto layer for it.
    "crc32c_generic",
    "sctp",
    "sctp_diag",
    "tcp_diag",
    "udp_diag",
    "unix_diag",
    "af_packet_diag",
    "fuse",
];

/// Seconds until it must have switched off.
const SECONDS_MAX: &str = "420";

/// What was asked, by its name: what was printed, and how it ended.
type Told = BTreeMap<String, (String, String)>;

/// Boots the guest, and judges what it said.
///
/// # Errors
/// Something is missing, or an answer is not as it should be.
pub(crate) fn run() -> Outcome {
    for (needed, package) in [
        ("qemu-system-x86_64", "qemu-system-x86"),
        ("ss", "iproute2"),
    ] {
        if !sh::installed(needed) {
            return Err(format!(
                "{needed} is not installed: apt-get install {package}"
            ));
        }
    }
    let (kernel, initramfs) = guest::made(MODULES, &files()?)?;
    let said = boot(&kernel, &initramfs)?;
    let log = initramfs.with_file_name("serial.log");
    std::fs::write(&log, &said).map_err(|why| format!("{}: {why}", log.display()))?;
    judge(&told(&said)).map_err(|why| format!("{why}; see {}", log.display()))
}

/// The programs, the stage, ss with all it loads, and what is started first.
fn files() -> Outcome<guest::Files> {
    let read =
        |path: &Path| std::fs::read(path).map_err(|why| format!("{}: {why}", path.display()));
    let mut files = Vec::new();
    for program in ["rnetstat", "rlsof", "rfuser"] {
        files.push((
            format!("bin/{program}"),
            read(&HOST.directory().join(program))?,
        ));
    }
    files.push(("bin/stage".to_owned(), read(&dist::stage()?)?));
    let ss = sh::output(Command::new("sh").args(["-c", "readlink -f $(command -v ss)"]))?;
    files.push(("usr/bin/ss".to_owned(), read(Path::new(ss.trim()))?));
    let loaded = sh::output(Command::new("ldd").arg(ss.trim()))?;
    for word in loaded
        .split_whitespace()
        .filter(|word| word.starts_with('/'))
    {
        files.push((
            word.trim_start_matches('/').to_owned(),
            read(Path::new(word))?,
        ));
    }
    let script = SCRIPT.replace("MODULES", &MODULES.join(" "));
    files.push(("init".to_owned(), script.into_bytes()));
    Ok(files)
}

fn boot(kernel: &Path, initramfs: &Path) -> Outcome<String> {
    let mut qemu = Command::new("timeout");
    qemu.args(["-s", "TERM", SECONDS_MAX, "qemu-system-x86_64"]);
    qemu.args(["-accel", "tcg", "-m", "768", "-no-reboot", "-nic", "none"]);
    qemu.args(["-display", "none", "-monitor", "none", "-serial", "stdio"]);
    qemu.arg("-kernel")
        .arg(kernel)
        .arg("-initrd")
        .arg(initramfs);
    qemu.args(["-append", "console=ttyS0 quiet loglevel=1 panic=-1"]);
    eprintln!("$ {}", sh::line(&qemu));
    qemu.stdin(std::process::Stdio::null());
    Ok(sh::output(&mut qemu)?.replace('\r', ""))
}

/// Cuts what the guest said into answers.
fn told(said: &str) -> Told {
    let parts = said.split("=== ").skip(1);
    parts
        .filter_map(|part| {
            let (name, rest) = part.split_once('\n')?;
            let (text, end) = rest.split_once("--- ").unwrap_or((rest, "cut short"));
            let end = end.lines().next().unwrap_or_default();
            Some((name.to_owned(), (text.to_owned(), end.to_owned())))
        })
        .collect()
}

fn judge(told: &Told) -> Outcome {
    if !told.contains_key("done") {
        return Err("the guest did not come to its end".into());
    }
    for (name, (text, _)) in told.iter().filter(|it| it.0.starts_with("double ")) {
        if !text.contains("\"made\"") {
            return Err(format!("{name}: {text}"));
        }
    }
    let same = |ss: &str, ours: &str| -> Outcome {
        let (theirs, ours_rows) = (
            theirs(text(told, ss, "0")?),
            ours_of(text(told, ours, "0")?),
        );
        if theirs.len() < 3 || theirs != ours_rows {
            return Err(format!("{ss}: {theirs:#?}\n{ours}: {ours_rows:#?}"));
        }
        println!("vm kernel: {ours}: {} sockets as ss has them", theirs.len());
        Ok(())
    };
    same("ss-vsock", "vsock")?;
    same("ss-sctp", "sctp-text")?;
    same("ss-sctp", "sctp-netlink")?;
    for (name, code, word) in [
        (
            "vsock-all",
            "0",
            "Sockets between machines (servers and established)",
        ),
        ("vsock-listening", "0", "*:9999"),
        ("vsock-rlsof", "0", "vsock"),
        (
            "xdp",
            "3",
            "! rnetstat: sock_diag/xdp: this kernel has such sockets",
        ),
        ("hung-rlsof", "0", "/run/hung/file"),
        ("hung-rlsof-ends", "0", "/run/hung/file"),
        ("hung-rnetstat", "0", "127.0.0.1:4444"),
        ("hung-rfuser-port", "0", "stage"),
        ("hung-rfuser-mount", "0", "stage"),
        ("hung-rlsof-file", "2", "did not answer in time"),
        ("hung-rfuser-file", "2", "did not answer in time"),
        ("taken-rlsof", "0", "/run/taken/file"),
        ("taken-rnetstat", "0", "127.0.0.1:4444"),
        ("taken-rfuser-mount", "0", "stage"),
        ("taken-rlsof-file", "2", "did not answer in time"),
        ("taken-rfuser-file", "2", "did not answer in time"),
        // The server is silent still: those who ask wait, and nobody waits for them.
        ("taken-left", "0", "2"),
    ] {
        if !text(told, name, code)?.contains(word) {
            return Err(format!("{name}: does not say {word:?}"));
        }
        println!("vm kernel: {name}: good");
    }
    println!(
        "SKIPPED: XDP sockets that are listed: Debian's kernel is built without XDP_SOCKETS_DIAG"
    );
    Ok(())
}

fn text<'t>(told: &'t Told, name: &str, code: &str) -> Outcome<&'t str> {
    let (text, end) = told.get(name).ok_or_else(|| format!("{name}: not asked"))?;
    if end == code {
        return Ok(text);
    }
    Err(format!("{name}: ended with {end}, not {code}: {text}"))
}

/// Rows of ss: state, both ends and who holds it. An association stands below its socket.
fn theirs(text: &str) -> BTreeSet<String> {
    let row = |line: &str| {
        let mut words = line.split_whitespace();
        let state = words.find_map(|word| {
            let known = [
                ("LISTEN", "LISTEN"),
                ("ESTAB", "ESTABLISHED"),
                ("UNCONN", "CLOSE"),
            ];
            known.iter().find(|it| it.0 == word).map(|it| it.1)
        })?;
        let (local, remote) = (words.nth(2)?, words.next()?);
        // The route's interface, which nothing is bound to.
        let local = local.replace("%lo", "");
        let field = |name: &str| {
            let rest = line.split_once(name)?.1;
            rest.split([',', ')']).next()
        };
        let (pid, fd) = (field("pid=")?, field("fd=")?);
        Some(format!("{state} {local} {remote} {pid}/{fd}"))
    };
    text.lines()
        .filter(|line| !line.starts_with('!'))
        .filter_map(row)
        .collect()
}

/// The same of our JSON lines.
fn ours_of(text: &str) -> BTreeSet<String> {
    let row = |line: &str| {
        let told: Value = serde_json::from_str(line).ok()?;
        let number = |key: &str| told.get(key).and_then(Value::as_u64);
        let none = u64::from(u32::MAX);
        let end = |machine: Option<u64>, address: &str, port: &str| {
            let port = number(port).filter(|port| *port != none && *port != 0);
            let port = port.map_or("*".to_owned(), |port| port.to_string());
            match machine {
                Some(machine) if machine == none => format!("*:{port}"),
                Some(machine) => format!("{machine}:{port}"),
                None => format!("{}:{port}", workspace::text(&told, address)),
            }
        };
        let owner = told.get("owners")?.get(0)?;
        Some(format!(
            "{} {} {} {}/{}",
            told.get("state")?.as_str()?,
            end(number("cid"), "local", "port"),
            end(number("remote_cid"), "remote", "remote_port"),
            owner.get("pid")?,
            owner.get("fd")?
        ))
    };
    text.lines().filter_map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_guest_says_is_cut_into_answers() {
        let said = "noise\n=== a\none\n! two\n--- 3\n=== b\n--- hangs\n=== done\n";
        let told = told(said);
        assert_eq!(text(&told, "a", "3"), Ok("one\n! two\n"));
        let hangs = text(&told, "b", "0").unwrap_err();
        assert!(hangs.contains("hangs"), "{hangs}");
        assert!(text(&told, "c", "0").is_err());
        assert!(told.contains_key("done"));
    }

    #[test]
    fn the_same_sockets_are_the_same_rows() {
        let ss = "v_str LISTEN 0 0 *:9999 *:* users:((\"stage\",pid=7,fd=3))\n\
            `- ESTAB 0 0 127.0.0.1%lo:5000 127.0.0.1:40447 users:((\"stage\",pid=7,fd=5))\n";
        let ours = r#"{"type":"begin"}
{"state":"LISTEN","cid":4294967295,"port":9999,"remote_cid":4294967295,"remote_port":4294967295,"owners":[{"pid":7,"fd":3}]}
{"state":"ESTABLISHED","local":"127.0.0.1","port":5000,"remote":"127.0.0.1","remote_port":40447,"owners":[{"pid":7,"fd":5}]}"#;
        assert_eq!(theirs(ss).len(), 2);
        assert_eq!(theirs(ss), ours_of(ours));
    }
}
