//! Each way to stand before `/proc` leaves its signs, and an untouched one leaves none.

use crate::make::sleeper;
use crate::stage::staged;
use linux::read::identity::identity;
use model::procfs::{ProcIdentity, ProcSign};
use nix::mount::{MsFlags, mount};
use sysroot::Sysroot;

fn told() -> ProcIdentity {
    let (identity, gaps) = identity(&Sysroot::live().unwrap());
    assert_eq!(gaps, []);
    identity
}

fn over(what: &str, place: &str, kind: Option<&str>) {
    let flags = kind.map_or(MsFlags::MS_BIND, |_| MsFlags::empty());
    let none: Option<&str> = None;
    mount(Some(what), place, kind, flags, none).unwrap();
}

/// Whether something is mounted at `point`, by every way of asking.
fn mounted_by(identity: &ProcIdentity, point: &str) -> Vec<bool> {
    let mut ways: Vec<bool> = identity
        .signs
        .iter()
        .filter_map(|sign| match sign {
            ProcSign::Mounted(mount) if mount.point.as_bytes() == point.as_bytes() => {
                Some(mount.seen_by.is_some())
            }
            _ => None,
        })
        .collect();
    ways.dedup();
    ways
}

#[test]
fn an_untouched_procfs_has_no_signs() {
    if !staged(&["--pid", "--fork", "--mount-proc"]) {
        return;
    }
    let identity = told();
    assert_eq!(identity.signs, []);
    assert_eq!(identity.hidepid, None);
    assert!(identity.processes > 0 && identity.namespaces > 0);
    assert!(
        identity
            .benign
            .iter()
            .any(|mount| mount.point.as_bytes() == b"/proc")
    );
}

#[test]
fn a_doctored_net_directory_is_told_five_ways() {
    if !staged(&[]) {
        return;
    }
    over("none", "/tmp", Some("tmpfs"));
    std::fs::write("/tmp/tcp", "").unwrap();
    let net = format!("/proc/{}/net", std::process::id());
    over("/tmp", &net, None);
    // The double lacks most tables, which are gaps.
    let (identity, _) = identity(&Sysroot::live().unwrap());
    let magic = 0x0102_1994;
    let place = "/proc/net/tcp".to_owned();
    for sign in [
        ProcSign::NotProcfs {
            place: place.clone(),
            magic,
        },
        ProcSign::Crossing {
            place: place.clone(),
        },
        ProcSign::NetDiffers {
            place,
            other: "/proc/thread-self/net/tcp".to_owned(),
        },
    ] {
        assert!(identity.signs.contains(&sign), "{sign:?}");
    }
    let expected: &[bool] = if identity.by_statmount {
        &[false, true]
    } else {
        &[true]
    };
    assert_eq!(mounted_by(&identity, &net), expected);
}

#[test]
fn a_masked_process_is_told() {
    if !staged(&[]) {
        return;
    }
    let (mut masked, mut borrowed) = (sleeper(), sleeper());
    let place = |pid: u32| format!("/proc/{pid}");
    over("none", &place(masked.id()), Some("tmpfs"));
    over(&place(std::process::id()), &place(borrowed.id()), None);
    let identity = told();
    let pid = model::Pid;
    assert!(identity.signs.contains(&ProcSign::OtherPid {
        pid: pid(masked.id()),
        says: None,
    }));
    assert!(identity.signs.contains(&ProcSign::OtherPid {
        pid: pid(borrowed.id()),
        says: Some(pid(std::process::id())),
    }));
    let same = identity.signs.iter().any(|sign| {
        matches!(sign, ProcSign::SameDirectory { pid: one, other }
            if [one.0, other.0].contains(&borrowed.id()))
    });
    let other = identity
        .signs
        .iter()
        .any(|sign| matches!(sign, ProcSign::OtherInode { pid, .. } if pid.0 == masked.id()));
    assert!(same && other, "{:?}", identity.signs);
    assert!(mounted_by(&identity, &place(masked.id())).contains(&true));
    for child in [&mut masked, &mut borrowed] {
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

#[test]
fn a_foreign_procfs_does_not_lead_to_us() {
    if !staged(&[]) {
        return;
    }
    let script = "mount -t proc none /mnt && touch /tmp/concord-ready && sleep 60";
    over("none", "/tmp", Some("tmpfs"));
    let mut other = std::process::Command::new("unshare")
        .args(["--pid", "--fork", "--kill-child", "sh", "-c", script])
        .spawn()
        .unwrap();
    for _ in 0..200 {
        if std::path::Path::new("/tmp/concord-ready").exists() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    over("/mnt", "/proc", None);
    let (identity, _) = identity(&Sysroot::live().unwrap());
    let elsewhere = identity
        .signs
        .iter()
        .any(|sign| matches!(sign, ProcSign::SelfElsewhere { link: None, .. }));
    assert!(elsewhere, "{:?}", identity.signs);
    other.kill().unwrap();
    other.wait().unwrap();
}
