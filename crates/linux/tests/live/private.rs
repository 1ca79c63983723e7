//! What is mounted over `/proc/net` fools a reader of `/proc`, not one with a procfs of his own.

use crate::make::listener;
use crate::stage::staged;
use linux::read::private;
use linux::{SocketAsk, States};
use model::{Family, Proto, Socket, Source};
use nix::mount::{MsFlags, mount};
use sysroot::Sysroot;

fn ports(read: impl FnOnce(&SocketAsk, &mut dyn FnMut(Socket)) -> linux::Told) -> Vec<u16> {
    let ask = SocketAsk {
        tables: vec![(Family::Inet, Some(Proto::Tcp))],
        states: States::ALL,
        port: None,
    };
    let mut ports = Vec::new();
    let told = read(&ask, &mut |socket| {
        ports.extend(socket.kind.inet().map(|inet| inet.port));
    });
    assert_eq!(told.gaps, []);
    ports
}

#[test]
fn a_doctored_table_fools_only_the_mounted_procfs() {
    if !staged(&[]) {
        return;
    }
    let _held = listener(4444);
    let root = Sysroot::live().unwrap();
    let table = root.read("/proc/net/tcp").unwrap();
    let heading = table.split_inclusive(|&byte| byte == b'\n').next().unwrap();
    let none: Option<&str> = None;
    let scratch = "/tmp";
    mount(Some("none"), scratch, Some("tmpfs"), MsFlags::empty(), none).unwrap();
    std::fs::write("/tmp/tcp", heading).unwrap();
    let net = format!("/proc/{}/net", std::process::id());
    mount(Some(scratch), net.as_str(), none, MsFlags::MS_BIND, none).unwrap();
    assert_eq!(
        ports(|ask, sink| linux::sockets(&root, Source::Procfs, ask, sink)),
        Vec::<u16>::new()
    );
    assert_eq!(
        ports(|ask, sink| private::sockets(&root, ask, sink)),
        [4444]
    );
    let private = private::private(&root).unwrap();
    assert!(private.pidns.is_some());
    let holders = linux::holdings(&private.root, &linux::WalkAsk::default());
    assert!(
        holders
            .holdings
            .iter()
            .any(|held| held.owner.id.pid.0 == std::process::id())
    );
}
