//! Asks everything this crate can ask, and prints what came: of the live system, of a
//! recording (`--sysroot DIR`), or of the live system while recording (`--record DIR`).

use model::ask::{FilesAsk, SocketAsk, States, WalkAsk};
use model::{Family, Proto, Source};
use std::io::{self, Write};
use std::path::Path;
use sysroot::Sysroot;

fn root() -> io::Result<Sysroot> {
    let mut words = std::env::args_os().skip(1);
    match (words.next(), words.next()) {
        (None, _) => Sysroot::live(),
        (Some(flag), Some(dir)) if flag == "--sysroot" => Sysroot::at(Path::new(&dir)),
        (Some(flag), Some(dir)) if flag == "--record" => Sysroot::recording(Path::new(&dir)),
        _ => Err(io::Error::other(
            "usage: ask [--sysroot DIR | --record DIR]",
        )),
    }
}

fn main() -> io::Result<()> {
    let root = root()?;
    let mut out = io::stdout().lock();
    let ask = SocketAsk {
        tables: vec![
            (Family::Inet, Some(Proto::Tcp)),
            (Family::Inet6, Some(Proto::Tcp)),
            (Family::Inet, Some(Proto::Udp)),
            (Family::Inet6, Some(Proto::Udp)),
            (Family::Unix, None),
        ],
        states: States::ALL,
        port: None,
    };
    let mut sockets = Vec::new();
    let told = solaris::sockets(&root, Source::Mib2, &ask, &mut |socket| {
        sockets.push(socket)
    });
    writeln!(out, "looked {:?}", told.coverage.looked)?;
    writeln!(out, "gaps {:?}", told.gaps)?;
    let (finds, processes, told) = solaris::finds(&root);
    writeln!(
        out,
        "walked {:?}, gaps {:?}",
        told.coverage.processes, told.gaps
    )?;
    for (socket, held) in sockets.iter().zip(solaris::owners(&sockets, &finds)) {
        writeln!(out, "{socket:?}\n  {held:?}")?;
    }
    for process in processes {
        writeln!(out, "{process:?}")?;
    }
    let holdings = solaris::holdings(&root, &WalkAsk::default());
    writeln!(out, "holdings {}", holdings.holdings.len())?;
    let told = solaris::files(&root, &FilesAsk::default(), None, &mut |process, tables| {
        for file in tables.iter().flat_map(|table| &table.files) {
            // The loop cannot stop here; a closed pipe shows at the next line.
            let _ = writeln!(out, "{} {file:?}", process.id.pid);
        }
    });
    writeln!(out, "gaps {:?}", told.gaps)?;
    writeln!(out, "counters {:?}", solaris::counters(&root))?;
    writeln!(out, "addresses {:?}", solaris::local_addrs(&root))?;
    writeln!(out, "users {:?}", solaris::users(&root))?;
    writeln!(out, "mounts {:?}", solaris::mounts(&root))?;
    let users = solaris::mount_users(&root, b"/var");
    writeln!(out, "/var {:?}", users.map_err(|error| error.kind()))?;
    root.finish()
}
