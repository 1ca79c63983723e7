//! A process that cannot be seen in `/proc` is found by asking for its number.

use crate::make::sleeper;
use crate::stage::staged;
use linux::read::oracles::census;
use sysroot::Sysroot;

#[test]
fn nothing_is_hidden_where_nothing_is() {
    let (census, gaps) = census(&Sysroot::live().unwrap());
    assert_eq!(
        (gaps, &census.hidden[..], &census.signs[..]),
        (vec![], &[][..], &[][..])
    );
    let own = model::Pid(std::process::id());
    assert!(census.found.contains(&own) && census.listed > 0);
    // The test's own thread is a thread, and no process.
    assert!(census.threads.len() > 1, "{:?}", census.threads);
    assert!(!census.threads.contains(&own));
}

#[test]
fn a_session_without_its_leader_is_no_hidden_process() {
    if !staged(&[]) {
        return;
    }
    // The number of the leader stays taken as long as somebody is in its session.
    let script = "setsid sh -c 'echo $$; sleep 30 >/dev/null 2>&1 & exit' | { read it; echo $it; }";
    let said = std::process::Command::new("sh")
        .args(["-c", script])
        .output()
        .unwrap();
    let leader: u32 = String::from_utf8(said.stdout)
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    let (census, gaps) = census(&Sysroot::live().unwrap());
    assert_eq!((gaps, census.hidden), (vec![], vec![]));
    assert!(census.oracles.iter().any(|name| name == "clone3"));
    let is_there = |pid: &model::Pid| pid.0 == leader;
    assert!(!census.found.iter().any(is_there));
}

#[test]
fn processes_a_procfs_does_not_list_are_found() {
    if !staged(&[]) {
        return;
    }
    let mut child = sleeper();
    // With hidepid, and for another user, the listing is short, and the numbers answer.
    let line = "mount -o remount,hidepid=2 /proc && mount -t proc -o hidepid=2 proc /proc";
    let done = std::process::Command::new("sh")
        .args(["-c", line])
        .status()
        .unwrap();
    assert!(done.success());
    nix::unistd::setgroups(&[]).unwrap();
    nix::unistd::setresgid(65534.into(), 65534.into(), 65534.into()).unwrap();
    nix::unistd::setresuid(65534.into(), 65534.into(), 0.into()).unwrap();
    let (census, gaps) = census(&Sysroot::live().unwrap());
    nix::unistd::seteuid(0.into()).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(gaps, []);
    let hidden = census
        .hidden
        .iter()
        .find(|hidden| hidden.pid.0 == child.id())
        .expect("the child is found");
    for name in ["tgkill", "pidfd_open", "getpgid", "sched_getaffinity"] {
        assert!(
            hidden.answered.iter().any(|it| it == name),
            "{name}: {hidden:?}"
        );
    }
}
