//! The example of README.md is what the programs print: the same stage is set again.
#![expect(
    clippy::disallowed_types,
    reason = "the stage of the example, in a network namespace of its own"
)]

use crate::{sh, test, workspace};
use nix::sched::{CloneFlags, unshare};
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener, UdpSocket};
use std::process::Command;

/// The columns of the table that do not depend on who runs it: up to the witnesses.
fn rows(text: &str) -> Vec<Vec<&str>> {
    text.lines()
        .skip_while(|line| !line.starts_with("VERDICT "))
        .take_while(|line| !line.is_empty() && !line.starts_with("witnesses:"))
        .map(|line| line.split_whitespace().take(7).collect())
        .collect()
}

#[test]
fn the_readme_shows_what_rcompare_prints() {
    let Some(programs) = std::env::var_os("CONCORD_DIST") else {
        return test::skipped("the example of README.md: CONCORD_DIST names no programs");
    };
    if !nix::unistd::geteuid().is_root() {
        return test::skipped("the example of README.md: needs root");
    }
    let readme = std::fs::read_to_string(workspace::root().join("README.md")).unwrap();
    let example = readme
        .split("<!-- example: three sockets -->")
        .nth(1)
        .unwrap();
    // Only this thread leaves the network; a child starts where its thread is.
    let stage = std::thread::spawn(move || {
        unshare(CloneFlags::CLONE_NEWNET).unwrap();
        sh::run(Command::new("ip").args(["link", "set", "lo", "up"])).unwrap();
        let _one = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 4444)).unwrap();
        let _two = TcpListener::bind((Ipv6Addr::UNSPECIFIED, 4445)).unwrap();
        let _three = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 5353)).unwrap();
        let program = std::path::Path::new(&programs).join("rcompare");
        Command::new(program).output().unwrap()
    });
    let told = stage.join().unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    assert_eq!(rows(&told), rows(example), "{told}");
    assert_eq!(rows(example).len(), 4);
}
