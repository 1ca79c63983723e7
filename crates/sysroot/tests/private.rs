//! A procfs of our own shows what was mounted over.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "the test says when it cannot be run, and fails where it cannot go on"
)]

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use sysroot::Sysroot;

/// Runs `work` in a mount namespace of its own, with a tmpfs over `/proc/self`'s process and
/// over `/proc/1`. False where that is not allowed.
fn with_masks(work: impl FnOnce() + Send + 'static) -> bool {
    if unshare_here().is_err() {
        println!("SKIPPED: no mount namespace of our own (not root)");
        return false;
    }
    std::thread::spawn(|| {
        unshare_here().unwrap();
        let none: Option<&str> = None;
        mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none).unwrap();
        mount(
            Some("none"),
            "/proc/1",
            Some("tmpfs"),
            MsFlags::empty(),
            none,
        )
        .unwrap();
        work();
    })
    .join()
    .unwrap();
    true
}

fn unshare_here() -> nix::Result<()> {
    unshare(CloneFlags::CLONE_NEWNS)
}

#[test]
fn what_is_masked_is_seen_and_kept_apart() {
    let scratch = tempfile::tempdir().unwrap();
    let tape = scratch.path().join("tape");
    let on_tape = tape.clone();
    let done = with_masks(move || {
        let live = Sysroot::recording(&on_tape).unwrap();
        assert!(live.read("/proc/1/stat").is_err(), "the mask is on");
        let private = live.private_procfs().unwrap();
        assert!(private.is_private() && private.is_live() && !live.is_private());
        assert!(private.read("/proc/1/stat").unwrap().starts_with(b"1 ("));
        let own = private.dir("/proc/self").unwrap();
        let mut stat = Vec::new();
        own.read(b"stat", &mut stat).unwrap();
        assert!(stat.starts_with(std::process::id().to_string().as_bytes()));
        // What is not below /proc is the same host's.
        assert_eq!(
            private.read("/etc/passwd").unwrap(),
            live.read("/etc/passwd").unwrap()
        );
        assert!(private.read("/proc/none").is_err());
        assert_eq!(private.link("/proc/net").unwrap(), b"self/net");
        assert!(private.stat("/proc/1/stat").is_ok());
        live.finish().unwrap();
    });
    if !done {
        return;
    }
    assert!(tape.join("private/proc/1/stat").exists());
    assert!(!tape.join("proc/1/stat").exists());
    let taped = Sysroot::at(&tape).unwrap();
    let errno = |error: std::io::Error| error.raw_os_error();
    assert_eq!(
        errno(taped.read("/proc/1/stat").unwrap_err()),
        Some(libc::ENOENT)
    );
    let private = taped.private_procfs().unwrap();
    assert!(private.read("/proc/1/stat").unwrap().starts_with(b"1 ("));
    assert_eq!(private.link("/proc/net").unwrap(), b"self/net");
    assert!(private.stat("/proc/1/stat").is_ok());
    assert!(private.dir("/proc/self").is_ok());
    assert!(!private.read("/etc/passwd").unwrap().is_empty());
}

#[test]
fn a_tree_without_one_says_so() {
    let scratch = tempfile::tempdir().unwrap();
    let taped = Sysroot::at(scratch.path()).unwrap();
    let missing = taped.private_procfs().map(|_| ()).unwrap_err();
    assert_eq!(missing.kind(), std::io::ErrorKind::NotFound);
    std::fs::write(scratch.path().join("errors"), "1\t/private\n").unwrap();
    let taped = Sysroot::at(scratch.path()).unwrap();
    let refused = taped.private_procfs().map(|_| ()).unwrap_err();
    assert_eq!(refused.raw_os_error(), Some(libc::EPERM));
}
