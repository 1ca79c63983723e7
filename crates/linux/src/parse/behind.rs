//! What `/proc/PID/{exe,cmdline,environ,maps,cgroup}` give away of a process.

use super::text::{Words, decimal, split_once};
use model::Foreign;
use model::behind::{Container, Flag, Library, LibraryReason};
use std::collections::BTreeSet;

const DELETED: &[u8] = b" (deleted)";
const MEMFD: &[u8] = b"/memfd:";

/// The path of a program without the kernel's mark, and what the mark means.
#[must_use]
pub fn exe(link: &[u8]) -> (&[u8], Option<Flag>) {
    match link.strip_suffix(DELETED) {
        Some(path) if path.starts_with(MEMFD) => (path, Some(Flag::ExeMemfd)),
        Some(path) => (path, Some(Flag::ExeDeleted)),
        None => (link, None),
    }
}

/// Whether a process that is no thread of the kernel looks like one in a list of processes:
/// its arguments are empty, or begin with a word in brackets.
#[must_use]
pub fn looks_like_kernel_thread(cmdline: &[u8]) -> bool {
    let first = cmdline.split(|&byte| byte == 0).next().unwrap_or_default();
    cmdline.iter().all(|&byte| byte == 0) || first.starts_with(b"[") && first.contains(&b']')
}

/// The variables that have a library loaded before all others.
pub fn preloads(environ: &[u8]) -> impl Iterator<Item = Flag> {
    environ.split(|&byte| byte == 0).filter_map(|entry| {
        let (name, value) = split_once(entry, b'=')?;
        let name = match name {
            b"LD_PRELOAD" => "LD_PRELOAD",
            b"LD_AUDIT" => "LD_AUDIT",
            _ => return None,
        };
        (!value.is_empty()).then(|| Flag::Preload {
            name: name.to_owned(),
            value: value.into(),
        })
    })
}

/// Where packages put code. Paths in a container are the container's own.
const PACKAGED: &[&[u8]] = &[
    b"/lib/",
    b"/lib32/",
    b"/lib64/",
    b"/libx32/",
    b"/usr/lib/",
    b"/usr/lib32/",
    b"/usr/lib64/",
    b"/usr/libx32/",
    b"/usr/libexec/",
    b"/usr/bin/",
    b"/usr/sbin/",
    b"/usr/share/",
    b"/opt/",
    b"/app/",
    b"/snap/",
    b"/nix/store/",
    b"/gnu/store/",
];

/// Mapped code that is worth a look, each file once in the order of addresses, and how many
/// regions are writable code without a file. `exe` is the program, which is no library.
/// Lines that are no mapping are passed over.
#[must_use]
pub fn code(maps: &[u8], exe: Option<&[u8]>) -> (Vec<Library>, u64) {
    let (mut libraries, mut seen, mut writable) = (Vec::new(), BTreeSet::new(), 0);
    for line in maps.split(|&byte| byte == b'\n') {
        let mut words = Words::new(line);
        let Some(rights) = words.nth(1).filter(|rights| rights.get(2) == Some(&b'x')) else {
            continue;
        };
        let Some(inode) = words.nth(2).and_then(decimal) else {
            continue;
        };
        if inode == 0 {
            writable += u64::from(rights.get(1) == Some(&b'w'));
            continue;
        }
        let path = words.rest().trim_ascii_start();
        if let Some(library) = library(path, exe)
            && seen.insert(library.clone())
        {
            libraries.push(library);
        }
    }
    (libraries, writable)
}

fn library(path: &[u8], exe: Option<&[u8]>) -> Option<Library> {
    let (plain, why) = match path.strip_suffix(DELETED) {
        Some(plain) if plain.starts_with(MEMFD) => (plain, LibraryReason::Memfd),
        Some(plain) => (plain, LibraryReason::Deleted),
        None if PACKAGED.iter().any(|place| path.starts_with(place)) => return None,
        None => (path, LibraryReason::Foreign),
    };
    (Some(plain) != exe).then(|| Library {
        path: plain.into(),
        why,
    })
}

/// The cgroup of a process: the unified one (`0::/…`), else the first.
#[must_use]
pub fn cgroup(text: &[u8]) -> Option<&[u8]> {
    let path = |line| Some(split_once(split_once(line, b':')?.1, b':')?.1);
    let mut lines = text.split(|&byte| byte == b'\n');
    lines
        .clone()
        .find(|line| line.starts_with(b"0::"))
        .and_then(path)
        .or_else(|| lines.find_map(path))
}

/// What a part of a cgroup's path begins with, what it ends with, and who names it so.
const ENGINES: &[(&[u8], &[u8], &str)] = &[
    (b"docker-", b".scope", "docker"),
    (b"cri-containerd-", b".scope", "containerd"),
    (b"crio-", b".scope", "cri-o"),
    (b"libpod-", b".scope", "podman"),
    (b"lxc.payload.", b"", "lxc"),
    (b"machine-", b".scope", "machined"),
    (b"systemd-nspawn@", b".service", "nspawn"),
];

/// Directories of a cgroup's path whose next part names a container.
const PARENTS: &[(&[u8], &str)] = &[
    (b"docker", "docker"),
    (b"lxc", "lxc"),
    (b"libpod_parent", "podman"),
    (b"garden", "garden"),
];

/// The container a cgroup's path tells of, the innermost.
#[must_use]
pub fn container(cgroup: &[u8]) -> Option<Container> {
    let parts: Vec<&[u8]> = cgroup
        .split(|&byte| byte == b'/')
        .filter(|part| !part.is_empty())
        .collect();
    let found = |engine: &str, id: &[u8]| Container {
        engine: engine.to_owned(),
        id: Foreign::from(id),
    };
    let by_name = |part: &[u8]| {
        ENGINES.iter().find_map(|(start, end, engine)| {
            let id = part.strip_prefix(*start)?.strip_suffix(*end)?;
            (!id.is_empty()).then(|| found(engine, id))
        })
    };
    let by_parent = |pair: &[&[u8]]| {
        let (parent, id) = (pair.first()?, pair.get(1)?);
        let known = PARENTS.iter().find(|row| row.0 == *parent);
        let pod = parent.starts_with(b"pod") || parent.starts_with(b"kubepods-");
        let id_like = id.len() == 64 && id.iter().all(u8::is_ascii_hexdigit);
        known
            .map(|row| row.1)
            .or((pod && id_like).then_some("kubernetes"))
            .map(|engine| found(engine, id))
    };
    parts
        .iter()
        .rev()
        .find_map(|part| by_name(part))
        .or_else(|| parts.windows(2).rev().find_map(by_parent))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn programs_and_their_marks() {
        assert_eq!(exe(b"/usr/sbin/sshd"), (&b"/usr/sbin/sshd"[..], None));
        assert_eq!(
            exe(b"/tmp/x (deleted)"),
            (&b"/tmp/x"[..], Some(Flag::ExeDeleted))
        );
        assert_eq!(
            exe(b"/memfd:x (deleted)"),
            (&b"/memfd:x"[..], Some(Flag::ExeMemfd))
        );
        // A file may have that name and be there.
        assert_eq!(exe(b"/memfd:x"), (&b"/memfd:x"[..], None));
    }

    #[test]
    fn disguises() {
        for cmdline in [
            &b"[kworker/u8:3-events]\0"[..],
            b"[kworker/0:1] x\0-d\0",
            b"",
            b"\0\0",
        ] {
            assert!(
                looks_like_kernel_thread(cmdline),
                "{}",
                cmdline.escape_ascii()
            );
        }
        for cmdline in [&b"sshd\0-D\0"[..], b"[\0x]\0", b"/bin/[\0", b"a[b]\0"] {
            assert!(
                !looks_like_kernel_thread(cmdline),
                "{}",
                cmdline.escape_ascii()
            );
        }
    }

    #[test]
    fn libraries_loaded_first() {
        let environ = b"HOME=/\0LD_PRELOAD=/tmp/a.so b.so\0XLD_PRELOAD=1\0LD_AUDIT=\0LD_PRELOAD\0";
        let flags: Vec<_> = preloads(environ).collect();
        let value = "/tmp/a.so b.so".into();
        let name = "LD_PRELOAD".to_owned();
        assert_eq!(flags, [Flag::Preload { name, value }]);
    }

    #[test]
    fn mapped_code() {
        let maps = b"00400000-00452000 r-xp 00000000 fe:0a 1      /srv/app (deleted)\n\
            00e03000-00e24000 rwxp 00000000 00:00 0\n\
            7f00-7f10 r-xp 00000000 fe:0a 2 /usr/lib/x86_64-linux-gnu/libc.so.6\n\
            7f10-7f20 r-xp 00000000 fe:0a 3 /dev/shm/.a b.so\n\
            7f20-7f30 r-xp 00001000 fe:0a 3 /dev/shm/.a b.so\n\
            7f30-7f40 rw-p 00001000 fe:0a 4 /tmp/data.so\n\
            7f40-7f50 r-xp 00000000 fe:0a 5 /usr/lib/old.so (deleted)\n\
            7f50-7f60 r-xp 00000000 00:01 6 /memfd:m (deleted)\n\
            nonsense\n";
        let (libraries, writable) = code(maps, Some(b"/srv/app"));
        let told: Vec<_> = libraries
            .iter()
            .map(|it| (it.path.as_bytes(), it.why))
            .collect();
        assert_eq!(
            told,
            [
                (&b"/dev/shm/.a b.so"[..], LibraryReason::Foreign),
                (b"/usr/lib/old.so", LibraryReason::Deleted),
                (b"/memfd:m", LibraryReason::Memfd),
            ]
        );
        assert_eq!(writable, 1);
    }

    #[track_caller]
    fn check(cgroup: &str, expected: Option<(&str, &str)>) {
        let found = container(cgroup.as_bytes());
        let expected = expected.map(|(engine, id)| Container {
            engine: engine.to_owned(),
            id: id.into(),
        });
        assert_eq!(found, expected, "{cgroup}");
    }

    #[test]
    fn containers_by_their_cgroup() {
        let id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
        check(&format!("/docker/{id}"), Some(("docker", id)));
        check(
            &format!("/system.slice/docker-{id}.scope"),
            Some(("docker", id)),
        );
        check(
            &format!("/kubepods.slice/kubepods-pod1.slice/cri-containerd-{id}.scope"),
            Some(("containerd", id)),
        );
        check(
            &format!("/kubepods/besteffort/pod12-34/{id}"),
            Some(("kubernetes", id)),
        );
        check("/lxc.payload.web/init.scope", Some(("lxc", "web")));
        check("/lxc/web", Some(("lxc", "web")));
        check(
            "/machine.slice/machine-deb.scope",
            Some(("machined", "deb")),
        );
        check("/system.slice/ssh.service", None);
        check("/", None);
        check("", None);
    }

    #[test]
    fn the_unified_cgroup_goes_first() {
        assert_eq!(cgroup(b"12:pids:/a\n0::/b:c\n"), Some(&b"/b:c"[..]));
        assert_eq!(cgroup(b"12:pids:/a\n"), Some(&b"/a"[..]));
        assert_eq!(cgroup(b"nonsense\n"), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(text: Vec<u8>) {
            let _ = (exe(&text), code(&text, None), cgroup(&text), container(&text));
            let _ = (preloads(&text).count(), looks_like_kernel_thread(&text));
        }
    }
}
