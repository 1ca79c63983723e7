//! A recorded host with one file of it replaced: every reader of Linux runs over it.
#![expect(
    clippy::disallowed_methods,
    reason = "a recording is copied, and damaged"
)]

use linux::read::{counters, facts, identity, network, steering, tables, unix, witness};
use model::ask::{FilesAsk, SocketAsk, States, WalkAsk};
use model::{Family, Proto, Source};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use sysroot::Sysroot;

/// The recorded host that is damaged.
pub(crate) const HOST: &str = "linux/elusive";

/// A file of the recording, or what a link in it says.
pub(crate) enum Thing {
    File(Vec<u8>),
    Link(Vec<u8>),
}

/// Everything in a recording, by its place below the top, in order.
pub(crate) fn things(top: &Path) -> io::Result<Vec<(PathBuf, Thing)>> {
    let (mut things, mut next) = (Vec::new(), vec![top.to_owned()]);
    while let Some(dir) = next.pop() {
        for entry in fs::read_dir(&dir)? {
            let path = entry?.path();
            let place = path.strip_prefix(top).map_err(io::Error::other)?.to_owned();
            let kind = fs::symlink_metadata(&path)?.file_type();
            if kind.is_dir() {
                next.push(path);
            } else if kind.is_symlink() {
                let target = fs::read_link(&path)?.into_os_string();
                things.push((place, Thing::Link(target.as_bytes().to_vec())));
            } else if place != Path::new("ORIGIN") {
                things.push((place, Thing::File(fs::read(&path)?)));
            }
        }
    }
    things.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(things)
}

/// A copy that goes when its thread does.
struct Copy {
    top: PathBuf,
    things: Vec<(PathBuf, Thing)>,
}

impl Copy {
    fn new() -> io::Result<Copy> {
        let own = Path::new(env!("CARGO_MANIFEST_DIR"));
        let things = things(&own.join("../fixtures").join(HOST))?;
        let thread = format!("{:?}", std::thread::current().id());
        let digits: String = thread.chars().filter(char::is_ascii_digit).collect();
        let name = format!("concord-recording-{}-{digits}", std::process::id());
        let top = std::env::temp_dir().join(name);
        fs::create_dir_all(&top)?;
        let copy = Copy { top, things };
        for (place, thing) in &copy.things {
            copy.put(place, thing)?;
        }
        Ok(copy)
    }

    fn put(&self, place: &Path, thing: &Thing) -> io::Result<()> {
        let path = self.top.join(place);
        fs::create_dir_all(path.parent().unwrap())?;
        match thing {
            Thing::File(bytes) => fs::write(path, bytes),
            Thing::Link(target) => {
                // There may be one already.
                let _ = fs::remove_file(&path);
                symlink(OsStr::from_bytes(target), path)
            }
        }
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // What is left of it lies where temporary things do.
        let _ = fs::remove_dir_all(&self.top);
    }
}

thread_local! {
    static COPY: Copy = Copy::new().unwrap();
}

/// The first two bytes choose the place, the others are what lies there.
pub(crate) fn recording(bytes: &[u8]) {
    let (low, rest) = crate::choice(bytes);
    let (high, rest) = crate::choice(rest);
    COPY.with(|copy| {
        let (place, kept) = copy.things.iter().cycle().nth(low | high << 8).unwrap();
        let damaged = match kept {
            Thing::File(_) => Thing::File(rest.to_vec()),
            Thing::Link(_) => {
                let text = rest.iter().copied().filter(|&byte| byte != 0).take(4000);
                let text: Vec<u8> = text.collect();
                // No link says nothing.
                Thing::Link(if text.is_empty() { vec![b'x'] } else { text })
            }
        };
        copy.put(place, &damaged).unwrap();
        if let Ok(root) = Sysroot::at(&copy.top) {
            read(&root);
        }
        copy.put(place, kept).unwrap();
    });
}

/// What the programs ask of a host.
fn read(root: &Sysroot) {
    let ask = SocketAsk {
        tables: vec![
            (Family::Inet, Some(Proto::Tcp)),
            (Family::Inet6, Some(Proto::Tcp)),
            (Family::Inet, Some(Proto::Udp)),
            (Family::Unix, None),
            (Family::Packet, None),
            (Family::Vsock, None),
            (Family::Xdp, None),
        ],
        states: States::ALL,
        port: None,
    };
    for via in [Source::Procfs, Source::Netlink] {
        let _ = linux::sockets(root, via, &ask, &mut |_| {});
    }
    let stand = tables::Stand::own(root);
    let _ = unix::unix_sockets(&stand, root, &mut |_| {});
    let deep = WalkAsk {
        deep: true,
        ..WalkAsk::default()
    };
    let _ = linux::holdings(root, &deep);
    let all = FilesAsk {
        threads: true,
        flags: true,
        ..FilesAsk::default()
    };
    let _ = linux::files(root, &all, None, &mut |_, _| {});
    let _ = (
        linux::kernel_files(root),
        linux::mounts(root),
        linux::users(root),
    );
    let _ = (
        linux::interfaces(root),
        linux::local_addrs(root),
        linux::netns(root),
    );
    let _ = (linux::observer(root), linux::task_netns(root, None));
    let _ = (network::kernel_ports(root), identity::identity(root));
    let _ = (
        steering::steering(root),
        counters::counters(root, "/proc/net"),
    );
    for family in [Family::Inet, Family::Inet6] {
        let _ = facts::routes(root, &stand, family);
        let _ = facts::groups(root, &stand, family);
        let _ = facts::counters(root, &stand, family);
    }
    let _ = (facts::interfaces(root, &stand), witness::boot_ms(root));
}
