//! Sockets are found and asked without `/proc`, in processes, threads and other namespaces.

use crate::make::{bound, listener, sleeper};
use crate::stage::staged;
use linux::read::pidfd::{Asked, Bounds, asked, census_and_walk, holdings};
use model::asked::AskedSocket;
use model::{Held, Pid};
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use std::os::fd::AsRawFd;
use std::sync::mpsc::channel;
use sysroot::Sysroot;

fn own() -> Pid {
    Pid(std::process::id())
}

/// The socket of our own that has this port.
fn at(asked: &Asked, port: u16) -> AskedSocket {
    let mut own = asked.copied.iter().filter(|it| it.pid == own());
    let found = own.find_map(|it| {
        let socket = asked.sockets.get(&it.inode)?;
        (socket.local?.1 == port).then_some(socket)
    });
    found.unwrap_or_else(|| panic!("port {port}")).clone()
}

#[test]
fn a_masked_process_is_walked_all_the_same() {
    if !staged(&[]) {
        return;
    }
    let _held = [listener(4444), bound(4445)];
    let root = Sysroot::live().unwrap();
    let place = format!("/proc/{}", std::process::id());
    let none: Option<&str> = None;
    mount(
        Some("none"),
        place.as_str(),
        Some("tmpfs"),
        MsFlags::empty(),
        none,
    )
    .unwrap();
    let (census, asked) = census_and_walk(&root, Bounds::default());
    assert!(census.found.contains(&own()));
    let (listens, idle) = (at(&asked, 4444), at(&asked, 4445));
    assert!(listens.listening && !idle.listening);
    assert_eq!((listens.protocol, listens.domain), (6, 2));
    assert!(listens.cookie.is_some() && listens.cookie != idle.cookie);
    assert!(listens.netns.is_some() && listens.netns == idle.netns);
    assert_eq!((listens.filter, listens.min_ttl), (Some(0), Some(0)));
    let named = holdings(&root, &asked);
    let holding = named.iter().find(|it| it.inode == listens.inode).unwrap();
    // The mask keeps its name from us, not its number.
    assert_eq!((holding.owner.id.pid, holding.owner.id.start), (own(), 0));
    assert!(matches!(holding.owner.held, Held::Fd { .. }));
}

#[test]
fn what_makes_a_listener_silent_is_told() {
    if !staged(&[]) {
        return;
    }
    let (filtered, aged) = (listener(4444), listener(4445));
    let drop_all = [0x06u8, 0, 0, 0, 0, 0, 0, 0]; // ret #0
    crate::make::attach_filter(&filtered, &drop_all);
    crate::make::set_min_ttl(&aged, 255);
    let asked = asked(&Sysroot::live().unwrap(), &[own()], &[], Bounds::default());
    assert_eq!(asked.gaps, []);
    let (filtered, aged) = (at(&asked, 4444), at(&asked, 4445));
    assert_eq!(filtered.filter, Some(1));
    assert_eq!(filtered.program.unwrap().as_bytes(), drop_all);
    assert_eq!((aged.filter, aged.min_ttl), (Some(0), Some(255)));
}

#[test]
fn threads_with_tables_and_namespaces_of_their_own() {
    if !staged(&[]) {
        return;
    }
    let (ready, wait) = channel();
    let (leave, stay) = channel::<()>();
    let thread = std::thread::spawn(move || {
        unshare(CloneFlags::CLONE_FILES | CloneFlags::CLONE_NEWNET).unwrap();
        // Loopback is down here; binding to any address works.
        let held = crate::make::listener_at([0, 0, 0, 0], 5101);
        let tid = u32::try_from(nix::unistd::gettid().as_raw()).unwrap();
        ready.send((tid, held.as_raw_fd())).unwrap();
        let _ = stay.recv();
    });
    let (tid, fd) = wait.recv().unwrap();
    let _held = listener(4444);
    let (census, asked) = census_and_walk(&Sysroot::live().unwrap(), Bounds::default());
    assert!(census.threads.contains(&Pid(tid)));
    let (here, there) = (at(&asked, 4444), at(&asked, 5101));
    assert_ne!(here.netns, there.netns);
    let copied = asked
        .copied
        .iter()
        .find(|it| it.inode == there.inode)
        .unwrap();
    assert_eq!((copied.pid, copied.tid), (own(), Some(Pid(tid))));
    assert_eq!(copied.fd, u32::try_from(fd).unwrap());
    // The shared table is not walked once more for each thread.
    assert_eq!(
        asked
            .copied
            .iter()
            .filter(|it| it.inode == here.inode)
            .count(),
        1
    );
    drop(leave);
    thread.join().unwrap();
}

#[test]
fn what_we_copy_is_no_holding_of_ours() {
    if !staged(&[]) {
        return;
    }
    let held: Vec<_> = (5000..5400).map(listener).collect();
    for socket in &held {
        fcntl(socket, FcntlArg::F_SETFD(FdFlag::empty())).unwrap();
    }
    let mut child = sleeper();
    drop(held);
    let holder = Pid(child.id());
    let root = Sysroot::live().unwrap();
    let turns: Vec<Pid> = [own(), holder].repeat(16);
    for _ in 0..20 {
        let asked = asked(&root, &turns, &[], Bounds::default());
        let held_by = |pid: Pid| {
            let copied = asked.copied.iter().filter(|it| it.pid == pid);
            let ports = copied.filter_map(|it| Some(asked.sockets.get(&it.inode)?.local?.1));
            ports.collect::<Vec<u16>>()
        };
        assert_eq!(held_by(holder).len(), 400);
        assert!(held_by(own()).is_empty(), "{:?}", held_by(own()));
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_process_we_may_not_trace_is_a_gap() {
    if !staged(&[]) {
        return;
    }
    nix::unistd::setresuid(65534.into(), 65534.into(), 65534.into()).unwrap();
    let asked = asked(&Sysroot::live().unwrap(), &[Pid(1)], &[], Bounds::default());
    assert_eq!(asked.gaps.len(), 1);
    assert_eq!(asked.gaps[0].errno, Some(libc::EPERM));
}
