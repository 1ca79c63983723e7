//! A process in disguise is told from one without.

use linux::read::behind::behind;
use model::Pid;
use model::behind::{Behind, Flag, LibraryReason};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use sysroot::Sysroot;

fn look(child: &Child) -> Behind {
    // A child is itself only once it has executed its program.
    let own = std::fs::read_link("/proc/self/exe").unwrap();
    let exe = format!("/proc/{}/exe", child.id());
    let cmdline = format!("/proc/{}/cmdline", child.id());
    while std::fs::read_link(&exe).unwrap() == own || std::fs::read(&cmdline).unwrap().is_empty() {
        std::thread::yield_now();
    }
    let (behind, gaps) = behind(&Sysroot::live().unwrap(), Pid(child.id()));
    assert_eq!(gaps, []);
    let behind = behind.unwrap();
    println!("{behind:?}");
    behind
}

fn end(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

fn quiet(program: &str) -> Command {
    let mut command = Command::new(program);
    command
        .arg("60")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

#[test]
fn an_ordinary_process_has_no_flags() {
    let child = quiet("/bin/sleep").spawn().unwrap();
    let behind = look(&child);
    assert_eq!(
        (&behind.flags[..], &behind.libraries[..]),
        (&[][..], &[][..])
    );
    assert!(behind.exe.unwrap().as_bytes().ends_with(b"/sleep"));
    assert_eq!(behind.parents[0].0, Pid(std::process::id()));
    assert_eq!(behind.ns_pids.last(), Some(&Pid(child.id())));
    assert!(behind.cwd.is_some());
    end(child);
}

#[test]
fn a_deleted_program_with_a_forged_name_and_a_library_first() {
    let dir = std::env::temp_dir().join(format!("concord-behind-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let program = dir.join("sleep");
    std::fs::copy("/bin/sleep", &program).unwrap();
    let libc = std::fs::read_to_string("/proc/self/maps").unwrap();
    let libc = libc
        .lines()
        .find_map(|line| Some(&line[line.find('/')?..]).filter(|it| it.contains("libc.so")));
    let library = dir.join("first.so");
    if let Some(libc) = libc {
        std::fs::copy(libc, &library).unwrap();
    } else {
        println!("SKIPPED: a library loaded first: no libc.so to copy");
    }
    // A neighbour test that forks meanwhile has our copy open for writing until it executes.
    let moment = std::time::Duration::from_millis(10);
    let mut tries = (0..500).map(|_| {
        std::thread::sleep(moment);
        quiet(program.to_str().unwrap())
            .arg0("[kworker/u8:3-events]")
            .env("LD_PRELOAD", &library)
            .spawn()
    });
    let busy = |tried: &std::io::Result<Child>| matches!(tried, Err(why) if why.kind() == std::io::ErrorKind::ExecutableFileBusy);
    let child = tries.find(|tried| !busy(tried)).unwrap().unwrap();
    // Only once it sleeps has it loaded its libraries.
    let wchan = format!("/proc/{}/syscall", child.id());
    for _ in 0..500 {
        let sleeps = std::fs::read_to_string(&wchan).is_ok_and(|text| text.starts_with("230 "));
        if sleeps {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    std::fs::remove_file(&program).unwrap();
    let behind = look(&child);
    end(child);
    std::fs::remove_dir_all(&dir).unwrap();
    assert!(behind.flags.contains(&Flag::ExeDeleted), "{behind:?}");
    assert!(behind.flags.contains(&Flag::FakeKernelThread), "{behind:?}");
    let preload = behind
        .flags
        .iter()
        .any(|flag| matches!(flag, Flag::Preload { name, .. } if name == "LD_PRELOAD"));
    assert!(preload, "{behind:?}");
    assert_eq!(
        behind.exe.unwrap().as_bytes(),
        program.to_str().unwrap().as_bytes()
    );
    if libc.is_some() {
        let found = behind.libraries.iter().any(|it| {
            it.why == LibraryReason::Foreign && it.path.as_bytes().ends_with(b"/first.so")
        });
        assert!(found, "{:?}", behind.libraries);
    }
}

#[test]
fn threads_of_the_kernel_are_what_they_are() {
    let (kthreadd, gaps) = behind(&Sysroot::live().unwrap(), Pid(2));
    let Some(kthreadd) = kthreadd.filter(|it| it.parents.is_empty()) else {
        println!("SKIPPED: kthreadd is outside this pid namespace");
        return;
    };
    assert_eq!(
        (gaps, kthreadd.exe, &kthreadd.flags[..]),
        (vec![], None, &[][..])
    );
}
