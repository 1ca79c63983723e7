//! Network namespaces to ask from: found through `/proc` and `/run/netns`, entered on a
//! thread that ends there.

use cli::Error;
use model::{Gaps, NetNs};
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use sysroot::Sysroot;

/// Where to ask from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Where we are.
    Here,
    /// Another namespace.
    Other {
        /// What it was asked for by, or where it was found.
        name: String,
        /// What leads into it.
        path: PathBuf,
        /// Its number.
        netns: Option<NetNs>,
    },
}

impl Place {
    /// Its number, where it is not our own.
    pub(crate) fn netns(&self) -> Option<NetNs> {
        match self {
            Place::Here => None,
            Place::Other { netns, .. } => *netns,
        }
    }
}

/// As gaps and lists name it.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Here => f.write_str("this network namespace"),
            Place::Other { name, .. } => write!(f, "network namespace {name}"),
        }
    }
}

/// Our own namespace's number.
pub(crate) fn own() -> Option<NetNs> {
    host::netns(&Sysroot::live().ok()?)
}

/// Addresses of the namespace this thread is in, in order.
pub(crate) fn local_addrs() -> (Vec<IpAddr>, Gaps) {
    match Sysroot::live() {
        Ok(root) => {
            let (all, gaps) = host::local_addrs(&root);
            (all.into_iter().map(|(addr, _)| addr).collect(), gaps)
        }
        Err(error) => (Vec::new(), vec![model::Gap::io("/", &error)]),
    }
}

/// The places `--netns` names.
///
/// # Errors
/// There is no such namespace, or namespaces cannot be listed.
pub(crate) fn places(wanted: Option<&str>) -> Result<Vec<Place>, Error> {
    let Some(wanted) = wanted else {
        return Ok(vec![Place::Here]);
    };
    let root = Sysroot::live().map_err(|why| Error::io("/", why))?;
    if wanted == "all" {
        return all(&root);
    }
    let path = if wanted.bytes().all(|byte| byte.is_ascii_digit()) {
        format!("/proc/{wanted}/ns/net")
    } else if wanted.contains('/') {
        let line = format!("--netns {wanted}: a name, a pid, or all");
        return Err(crate::request::usage(&line));
    } else {
        format!("/run/netns/{wanted}")
    };
    let stat = root
        .stat(&path)
        .map_err(|why| Error::io(format!("--netns {wanted}"), why))?;
    Ok(vec![Place::Other {
        name: wanted.to_owned(),
        path: path.into(),
        netns: Some(NetNs(stat.inode)),
    }])
}

/// Every namespace a process is in or a name is kept for, by number; our own is asked from
/// where we are. A process that went away meanwhile leads nowhere and is left out.
fn all(root: &Sysroot) -> Result<Vec<Place>, Error> {
    let mut found: BTreeMap<u64, (String, PathBuf)> = BTreeMap::new();
    for name in names(root, "/run/netns").unwrap_or_default() {
        let path = format!("/run/netns/{name}");
        if let Ok(stat) = root.stat(&path) {
            found.entry(stat.inode).or_insert((name, path.into()));
        }
    }
    let processes = names(root, "/proc").map_err(|why| Error::io("/proc", why))?;
    for pid in processes
        .iter()
        .filter(|name| name.bytes().all(|b| b.is_ascii_digit()))
    {
        let path = format!("/proc/{pid}/ns/net");
        if let Ok(stat) = root.stat(&path) {
            found
                .entry(stat.inode)
                .or_insert_with(|| (format!("pid {pid}"), path.into()));
        }
    }
    let own = host::netns(root).map(|netns| netns.0);
    let mut places = vec![Place::Here];
    places.extend(found.into_iter().filter(|(ino, _)| Some(*ino) != own).map(
        |(ino, (name, path))| Place::Other {
            name,
            path,
            netns: Some(NetNs(ino)),
        },
    ));
    Ok(places)
}

fn names(root: &Sysroot, dir: &str) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    let mut buffer = vec![0; 32 << 10];
    root.dir(dir)?.entries(&mut buffer, &mut |entry| {
        names.extend(str::from_utf8(entry.name).ok().map(str::to_owned));
    })?;
    names.sort();
    Ok(names)
}

/// Does something inside a namespace, on a thread of its own that ends there; where the
/// system makes none, on this one, which then comes back.
///
/// # Errors
/// No right to enter.
#[cfg(target_os = "linux")]
pub(crate) fn inside<T: Send>(place: &Place, work: impl FnOnce() -> T + Send) -> io::Result<T> {
    use nix::fcntl::{OFlag, open};
    use nix::sched::{CloneFlags, setns};
    use nix::sys::stat::Mode;
    use std::sync::Mutex;
    use std::thread::Builder;
    let Place::Other { path, .. } = place else {
        return Ok(work());
    };
    let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC;
    let door = open(path, flags, Mode::empty())?;
    let home = open("/proc/thread-self/ns/net", flags, Mode::empty());
    let work = Mutex::new(Some(work));
    let enter = || -> io::Result<T> {
        setns(&door, CloneFlags::CLONE_NEWNET)?;
        let work = work.lock().ok().and_then(|mut work| work.take());
        let work = work.ok_or_else(|| io::Error::other("done before"))?;
        Ok(work())
    };
    let done = std::thread::scope(|scope| {
        // Said, since otherwise a variable of the environment would (`RUST_MIN_STACK`).
        let thread = Builder::new().stack_size(2 << 20);
        let thread = thread.spawn_scoped(scope, enter).ok()?;
        let ended = thread.join();
        Some(ended.unwrap_or_else(|_| Err(io::Error::other("the thread ended early"))))
    });
    // Without a thread to send there we go ourselves, where there is a way back.
    match (done, home) {
        (Some(done), _) => done,
        (None, Ok(home)) => {
            let done = enter();
            setns(home, CloneFlags::CLONE_NEWNET)?;
            done
        }
        (None, Err(error)) => Err(error.into()),
    }
}

/// There is nothing to enter.
#[cfg(not(target_os = "linux"))]
pub(crate) fn inside<T: Send>(_place: &Place, _work: impl FnOnce() -> T + Send) -> io::Result<T> {
    Err(io::Error::from(io::ErrorKind::Unsupported))
}
