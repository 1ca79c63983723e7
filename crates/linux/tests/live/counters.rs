//! The counters of a quiet namespace are exact, and a row taken away is missed.

use crate::make::{bound, listener};
use crate::stage::staged;
use linux::read::counters::counted;
use model::{Family, Source};
use nix::mount::{MsFlags, mount};
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrIn, accept, connect, shutdown, socket,
};
use std::os::fd::{AsRawFd, OwnedFd};
use sysroot::Sysroot;

fn client(port: u16) -> OwnedFd {
    let fd = socket(
        AddressFamily::Inet,
        SockType::Stream,
        SockFlag::empty(),
        None,
    )
    .unwrap();
    connect(fd.as_raw_fd(), &SockaddrIn::new(127, 0, 0, 1, port)).unwrap();
    fd
}

#[test]
fn a_quiet_namespace_adds_up_by_both_tables() {
    if !staged(&[]) {
        return;
    }
    let held = listener(4444);
    let _idle = bound(4445);
    let _six = std::net::UdpSocket::bind("[::1]:5353").unwrap();
    let _open = client(4444);
    let half = client(4444);
    let _accepted = accept(held.as_raw_fd()).unwrap();
    shutdown(half.as_raw_fd(), nix::sys::socket::Shutdown::Write).unwrap();
    drop(client(4444)); // leaves a bucket in FIN_WAIT2 or TIME_WAIT
    let root = Sysroot::live().unwrap();
    for via in [Source::Procfs, Source::Netlink] {
        let counted = counted(&root, via, 20);
        assert!(counted.quiet, "{via}");
        assert_eq!(counted.mismatches, [], "{via}: {:?}", counted.rows);
        assert_eq!(counted.holes, []);
        let tcp = counted
            .rows
            .full
            .iter()
            .find(|row| row.family == Family::Inet);
        assert!(tcp.unwrap().count >= 5, "{via}: {:?}", counted.rows);
    }
}

#[test]
fn a_row_taken_from_the_middle_leaves_a_hole() {
    if !staged(&[]) {
        return;
    }
    let _held = [listener(4444), listener(4445), listener(4446)];
    let root = Sysroot::live().unwrap();
    let tmp: Option<&str> = Some("tmpfs");
    let none: Option<&str> = None;
    mount(Some("none"), "/tmp", tmp, MsFlags::empty(), none).unwrap();
    let net = format!("/proc/{}/net", std::process::id());
    for name in ["sockstat", "sockstat6", "protocols", "snmp", "tcp6"] {
        let text = root.read(format!("{net}/{name}")).unwrap();
        std::fs::write(format!("/tmp/{name}"), text).unwrap();
    }
    let table = root.read(format!("{net}/tcp")).unwrap();
    let lines: Vec<&[u8]> = table.split_inclusive(|&byte| byte == b'\n').collect();
    let doctored = [lines[0], lines[1], lines[3]].concat();
    std::fs::write("/tmp/tcp", doctored).unwrap();
    mount(Some("/tmp"), net.as_str(), none, MsFlags::MS_BIND, none).unwrap();
    let counted = counted(&root, Source::Procfs, 2);
    assert_eq!(counted.holes, [(Family::Inet, 1, 1)]);
    let said: Vec<_> = counted
        .mismatches
        .iter()
        .map(|it| (it.counter.as_str(), it.counted, it.rows))
        .collect();
    assert_eq!(said, [("TCP inuse", 3, 2)]);
}
