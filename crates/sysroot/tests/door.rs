//! The three kinds of root behave alike.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "the test lays out the trees it reads, and fails where it cannot"
)]

use std::collections::BTreeSet;
use std::path::Path;
use sysroot::Sysroot;

fn names(root: &Sysroot, dir: &str) -> BTreeSet<Vec<u8>> {
    let mut names = BTreeSet::new();
    root.dir(dir)
        .unwrap()
        .entries(&mut [0; 4096], &mut |entry| {
            names.insert(entry.name.to_vec());
        })
        .unwrap();
    names
}

#[test]
fn a_recording_reads_back_the_same() {
    let scratch = tempfile::tempdir().unwrap();
    let tape = scratch.path().join("tape");
    let live = Sysroot::recording(&tape).unwrap();
    let version = live.read("/proc/version").unwrap();
    let own = live.link("/proc/self/ns/net").unwrap();
    let missing = live.read("/proc/no-such-file").unwrap_err();
    let stat = live.stat("/proc/version").unwrap();
    let mut asked = Vec::new();
    live.answer(
        "greeting",
        |sink| {
            sink(b"hal");
            sink(b"lo");
            Ok(())
        },
        &mut |piece| {
            asked.extend_from_slice(piece);
        },
    )
    .unwrap();
    live.finish().unwrap();

    let taped = Sysroot::at(&tape).unwrap();
    assert!(!taped.is_live());
    assert_eq!(taped.read("/proc/version").unwrap(), version);
    assert_eq!(taped.link("/proc/self/ns/net").unwrap(), own);
    assert_eq!(taped.stat("/proc/version").unwrap(), stat);
    assert_eq!(
        taped.read("/proc/no-such-file").unwrap_err().raw_os_error(),
        missing.raw_os_error()
    );
    let mut answer = Vec::new();
    taped
        .answer(
            "greeting",
            |_| panic!("asked a recorded tree"),
            &mut |piece| {
                answer.extend_from_slice(piece);
            },
        )
        .unwrap();
    assert_eq!(answer, asked);
    let long = vec![7; 200_000];
    std::fs::write(tape.join("answers/long"), &long).unwrap();
    let mut pieces = 0;
    taped
        .answer("long", |_| panic!(), &mut |_| pieces += 1)
        .unwrap();
    assert_eq!(pieces, 1, "a message could be cut in two");
    assert!(taped.read("/proc/never-asked").is_err());
}

#[test]
fn held_directories_record_too() {
    let scratch = tempfile::tempdir().unwrap();
    let tape = scratch.path().join("tape");
    let live = Sysroot::recording(&tape).unwrap();
    let dir = live.dir("/proc/self").unwrap();
    let (mut comm, mut exe) = (Vec::new(), Vec::new());
    dir.read(b"comm", &mut comm).unwrap();
    dir.link(b"exe", &mut exe).unwrap();
    let empty = scratch.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    live.dir(&empty).unwrap();
    assert!(names(&live, "/proc/self").contains(b"task".as_slice()));
    live.finish().unwrap();

    let taped = Sysroot::at(&tape).unwrap().dir("/proc/self").unwrap();
    let (mut comm_again, mut exe_again) = (Vec::new(), Vec::new());
    taped.read(b"comm", &mut comm_again).unwrap();
    taped.link(b"exe", &mut exe_again).unwrap();
    assert_eq!((comm_again, exe_again), (comm, exe));
    let empty = Sysroot::at(&tape).unwrap().dir(&empty).unwrap();
    empty
        .entries(&mut [0; 512], &mut |entry| panic!("{entry:?}"))
        .unwrap();
}

#[test]
fn what_failed_is_still_listed() {
    let scratch = tempfile::tempdir().unwrap();
    let tree = scratch.path();
    std::fs::create_dir_all(tree.join("proc/1/fd")).unwrap();
    std::os::unix::fs::symlink("socket:[7]", tree.join("proc/1/fd/4")).unwrap();
    let errors = "13\t/proc/1/fd/3\n2\t/proc/1/fd/3/deeper\n13\t/proc/1/fdinfo/9\n";
    std::fs::write(tree.join("errors"), errors).unwrap();
    let root = Sysroot::at(tree).unwrap();
    let expected = [b"3".to_vec(), b"4".to_vec()];
    assert_eq!(names(&root, "/proc/1/fd"), BTreeSet::from(expected));
    let refused = root
        .dir("/proc/1/fd")
        .unwrap()
        .link(b"3", &mut Vec::new())
        .unwrap_err();
    assert_eq!(refused.raw_os_error(), Some(13));
}

#[test]
fn a_recorded_tree_leads_nowhere_else() {
    let scratch = tempfile::tempdir().unwrap();
    let tree = scratch.path();
    std::fs::create_dir(tree.join("proc")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", tree.join("proc/version")).unwrap();
    std::os::unix::fs::symlink("/proc/self", tree.join("proc/self")).unwrap();
    let root = Sysroot::at(tree).unwrap();
    assert!(root.read("/proc/version").is_err(), "a link was followed");
    assert!(root.read("/../../etc/passwd").is_err(), "the top was left");
    assert!(
        root.link("/proc/self/exe").is_err(),
        "a link on the way was followed"
    );
    assert_eq!(root.link("/proc/version").unwrap(), b"/etc/passwd");
}

#[test]
fn a_held_directory_of_a_recorded_tree_leads_nowhere_else() {
    let scratch = tempfile::tempdir().unwrap();
    let tree = scratch.path();
    let task = tree.join("proc/100");
    std::fs::create_dir_all(task.join("task/100/ns")).unwrap();
    std::os::unix::fs::symlink("net:[7]", task.join("task/100/ns/net")).unwrap();
    std::os::unix::fs::symlink("/proc/self/ns", task.join("ns")).unwrap();
    std::os::unix::fs::symlink("/proc/self", task.join("task/101")).unwrap();
    let live = Sysroot::live().unwrap().dir("/proc/self").unwrap();
    let mut said = Vec::new();
    live.link(b"ns/net", &mut said).unwrap();
    let root = Sysroot::at(tree).unwrap();
    let dir = root.dir("/proc/100").unwrap();
    for name in ["ns/net", "task/101/exe", "task/../ns/net", "/proc/self/exe"] {
        let way = dir.link(name.as_bytes(), &mut said);
        assert!(way.is_err(), "{name}: the way was followed");
    }
    for name in ["task/101/stat", "task/101/../100/ns", "../../../etc/passwd"] {
        let read = dir.read(name.as_bytes(), &mut said);
        assert!(read.is_err(), "{name}: the way was followed");
        let record = dir.read_record(name.as_bytes(), &mut said);
        assert!(record.is_err(), "{name}: the way was followed");
        assert!(dir.stat(name.as_bytes()).is_err(), "{name}: was asked");
    }
    for name in ["ns", "task/101", "task/101/fd", "..", "/proc"] {
        assert!(dir.dir(name.as_bytes()).is_err(), "{name}: was opened");
    }
    dir.link(b"task/100/ns/net", &mut said).unwrap();
    assert_eq!(said, b"net:[7]");
    dir.link(b"ns", &mut said).unwrap();
    assert_eq!(said, b"/proc/self/ns");
}

#[test]
fn tables_of_a_tree_are_plain_files_in_it() {
    for table in ["errors", "stats"] {
        let scratch = tempfile::tempdir().unwrap();
        let place = scratch.path().join(table);
        let refused = |what: &str| {
            let error = Sysroot::at(scratch.path()).map(|_| ()).unwrap_err();
            assert!(error.to_string().contains(table), "{what}: {error}");
            std::fs::remove_file(&place).unwrap();
        };
        nix::unistd::mkfifo(&place, nix::sys::stat::Mode::S_IRUSR).unwrap();
        refused("a FIFO");
        let elsewhere = tempfile::NamedTempFile::new().unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), &place).unwrap();
        refused("a link");
        if table == "errors" {
            let long = std::fs::File::create(&place).unwrap();
            long.set_len(1 << 40).unwrap();
            refused("too long");
        }
        std::fs::write(&place, "").unwrap();
        Sysroot::at(scratch.path()).unwrap();
    }
}

#[test]
fn a_second_reading_is_kept_beside_the_first() {
    let scratch = tempfile::tempdir().unwrap();
    let (tape, file) = (scratch.path().join("tape"), scratch.path().join("file"));
    let live = Sysroot::recording(&tape).unwrap();
    for text in ["one", "one", "two"] {
        std::fs::write(&file, text).unwrap();
        live.read(&file).unwrap();
    }
    let kept = tape.join(file.strip_prefix("/").unwrap());
    assert_eq!(std::fs::read(&kept).unwrap(), b"one");
    assert_eq!(
        std::fs::read(kept.with_file_name("file~2")).unwrap(),
        b"two"
    );
    assert!(!kept.with_file_name("file~3").exists());
}

#[test]
fn a_used_directory_is_refused_and_a_bad_table_named() {
    let scratch = tempfile::tempdir().unwrap();
    std::fs::write(scratch.path().join("errors"), "thirteen\t/proc/1/fd\n").unwrap();
    assert!(Sysroot::recording(scratch.path()).is_err());
    let error = Sysroot::at(scratch.path()).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("bad line"), "{error}");
    assert!(Sysroot::at(Path::new("/no/such/tree")).is_err());
}

#[test]
fn what_is_no_plain_file_or_too_long_is_not_read_from_a_tree() {
    let scratch = tempfile::tempdir().unwrap();
    let tree = scratch.path();
    nix::unistd::mkfifo(&tree.join("pipe"), nix::sys::stat::Mode::S_IRUSR).unwrap();
    std::fs::write(tree.join("errors"), b"no table of errors").unwrap();
    let long = std::fs::File::create(tree.join("long")).unwrap();
    long.set_len(1 << 40).unwrap();
    let root = Sysroot::tree(tree).unwrap();
    let refused = root.read("/pipe").unwrap_err();
    assert_eq!(refused.raw_os_error(), Some(6), "ENXIO");
    let mut given = 0;
    let cut = root.stream_max("/long", 1 << 20, &mut |chunk| given += chunk.len());
    assert_eq!(cut.unwrap_err().kind(), std::io::ErrorKind::FileTooLarge);
    assert!(given <= 1 << 20, "{given}");
    assert_eq!(root.read("/errors").unwrap(), b"no table of errors");
    assert!(root.read_only().unwrap().is_some());
}

#[test]
fn what_may_hang_is_asked_apart_and_answers_the_same() {
    let scratch = tempfile::tempdir().unwrap();
    let dir = scratch.path().canonicalize().unwrap();
    std::fs::create_dir(dir.join("below")).unwrap();
    std::fs::write(dir.join("below/file"), "text").unwrap();
    std::os::unix::fs::symlink("below/../below/file", dir.join("link")).unwrap();
    std::os::unix::fs::symlink("round", dir.join("round")).unwrap();
    let live = Sysroot::live().unwrap();
    let tape = dir.join("tape");
    let recording = Sysroot::recording(&tape).unwrap();
    let mut told = Vec::new();
    for name in ["link", "below/file", "below/..", "absent", "round"] {
        let path = dir.join(name);
        let near = live.named(&path, &|_| false);
        for (root, far) in [(&live, true), (&recording, true)] {
            let apart = root.named(&path, &|_| far);
            match (&near, &apart) {
                (Ok(near), Ok(apart)) => assert_eq!(near, apart, "{name}"),
                (Err(near), Err(apart)) => {
                    assert_eq!(near.raw_os_error(), apart.raw_os_error(), "{name}");
                }
                _ => panic!("{name}: {near:?} {apart:?}"),
            }
        }
        told.push((path, near));
    }
    assert_eq!(told[0].1.as_ref().unwrap().0, dir.join("below/file"));
    recording.finish().unwrap();
    let taped = Sysroot::at(&tape).unwrap();
    for (path, near) in told {
        // A recorded tree is never far.
        let again = taped.named(&path, &|_| true);
        assert_eq!(again.ok(), near.ok(), "{}", path.display());
    }
}

#[test]
fn what_is_of_this_process_is_not_of_the_one_that_asks() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let number = std::os::fd::AsRawFd::as_raw_fd(file.as_file());
    let live = Sysroot::live().unwrap();
    let (_, plain) = live.named(file.path(), &|_| false).unwrap();
    for far in [false, true] {
        for name in [
            format!("/proc/self/fd/{number}"),
            format!("/proc/thread-self/fd/{number}"),
            format!("/proc/{}/fd/{number}", std::process::id()),
        ] {
            let (leads, stat) = live.named(Path::new(&name), &|_| far).unwrap();
            assert_eq!(
                (leads.as_path(), stat),
                (file.path(), plain),
                "{name} {far}"
            );
        }
    }
}
