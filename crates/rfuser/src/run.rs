//! From options to an answer.

use crate::options::Options;
use crate::search::{self, Found, Goal};
use crate::target::Target;
use crate::users::Users;
use crate::{kernel, kill, ports, print, signals};
use cli::{Answer, Error, Exit};
use model::record::SocketRow;
use model::{Foreign, Record};
use select::Place;
use std::collections::HashSet;
use std::ffi::OsStr;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use sysroot::{Stat, Sysroot};

/// Answers.
///
/// # Errors
/// A name that was not understood, or a file that is not there.
pub(crate) fn run(options: &Options, out: &mut dyn Write) -> Result<Exit, Error> {
    if options.list_signals {
        return Err(Error::Said(signals::names()));
    }
    if options.name.is_empty() {
        return Err(Error::Usage("no process specification given".to_owned()));
    }
    if options.kill && !options.yes_kill {
        return Err(Error::Usage(
            "-k destroys evidence: it needs --yes-kill as well".to_owned(),
        ));
    }
    let root = options.common.root()?;
    if options.kill && !root.is_live() {
        return Err(Error::Usage(
            "-k is for this system, not for a recorded one".to_owned(),
        ));
    }
    let (names, targets) = targets(options)?;
    let mut found = Found::default();
    let Some(mut goals) = goals(&root, options, &targets, &mut found)? else {
        return Ok(Exit::Nothing);
    };
    ports::find(&root, options, &mut goals, &mut found);
    search::files(&root, &goals, options.common.json, &mut found);
    answer(&root, options, &names, &found, out)?;
    // A socket nobody was found to hold may be that of one who could not be looked at.
    let blind = model::gap::weaken(&found.gaps);
    let named = |users: &Users| {
        users.is_named(options.verbose) || !(users.is_empty_to(options.verbose) || blind)
    };
    let mut hit = found.users.iter().any(named);
    if options.kill {
        hit = kill::all(&root, options, &found.users, out)? > 0;
    }
    let told = if options.silent && !options.common.gaps {
        &[]
    } else {
        found.gaps.as_slice()
    };
    options.common.finish("rfuser", &root, told)?;
    Ok(Exit::of_search(hit, &found.gaps))
}

/// The names as shown, and what they mean.
fn targets(options: &Options) -> Result<(Vec<Foreign>, Vec<Target>), Error> {
    let mut names = Vec::new();
    let mut targets = Vec::new();
    for word in &options.name {
        let word = word.as_bytes();
        let colon = word.iter().position(|&byte| byte == b':');
        let (space, name) = match colon.and_then(|at| word.split_at_checked(at)) {
            Some((space, name)) => (space, name.get(1..).unwrap_or_default()),
            None => (&b"auto"[..], word),
        };
        let target = Target::parse(space, OsStr::from_bytes(name))
            .map_err(|why| Error::Usage(render::safe::escaped(why.as_bytes())))?;
        // As fuser shows it: a port always with its space, a directory without the slash.
        names.push(match &target {
            Target::Port(port) if !name.contains(&b'/') => {
                let name = [name, b"/", port.proto.name().as_bytes()].concat();
                Foreign::from(name.as_slice())
            }
            _ => {
                let end = name.iter().rposition(|&byte| byte != b'/');
                let bare = end.and_then(|end| name.get(..=end));
                Foreign::from(bare.unwrap_or(name))
            }
        });
        targets.push(target);
    }
    Ok((names, targets))
}

/// Looks the targets up; none where `-M` refuses one.
fn goals(
    root: &Sysroot,
    options: &Options,
    targets: &[Target],
    found: &mut Found,
) -> Result<Option<Vec<Goal>>, Error> {
    let (kernel, mut gaps) = host::kernel_files(root);
    let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    let mut goals = Vec::new();
    let mut any_file = false;
    // Where nothing tells, anything may hang.
    let far = |path: &Path| {
        let path = path.as_os_str().as_bytes();
        kernel.mounts.is_empty() || model::mount::path_may_hang(&kernel.mounts, path)
    };
    for target in targets {
        let mut users = Users::default();
        match target {
            Target::Port(port) => goals.push(Goal::Port(port.clone(), HashSet::new())),
            Target::File(name) => {
                any_file = true;
                let found =
                    cli::file_name(name).and_then(|name| root.named(&here.join(name), &far));
                let (leads, stat) = found.map_err(|why| {
                    Error::io(format!("specified filename {}", name.display()), why)
                })?;
                let path = as_mounted(&here, name, leads);
                let bytes = path.as_os_str().as_bytes();
                let is_mount = kernel.mounts.iter().any(|mount| mount.point == bytes);
                if options.ismountpoint && !is_mount {
                    let line = format!("specified filename {} is not a mountpoint", name.display());
                    cli::note("rfuser", &render::safe::escaped(line.as_bytes()));
                    return Ok(None);
                }
                users.kernel = kernel::uses(root, bytes, &stat, options.mount, &kernel);
                goals.push(Goal::Files(places(bytes, &stat, options, &kernel.mounts)));
            }
        }
        found.users.push(users);
    }
    if any_file {
        found.gaps.append(&mut gaps);
    }
    Ok(Some(goals))
}

/// The path mount points are compared with: where the name leads, unless another mount namespace
/// may call it so.
fn as_mounted(here: &Path, name: &OsStr, leads: PathBuf) -> PathBuf {
    let typed = here.join(name);
    if Sysroot::is_magic(&typed) {
        typed.components().collect()
    } else {
        leads
    }
}

fn places(path: &[u8], stat: &Stat, options: &Options, mounts: &[model::Mount]) -> Vec<Place> {
    const CHARACTER: u32 = 0o020_000;
    const BLOCK: u32 = 0o060_000;
    const SOCKET: u32 = 0o140_000;
    let file = Place::File {
        device: stat.device,
        inode: stat.inode,
    };
    match (options.mount, stat.mode & 0o170_000) {
        (true, BLOCK) => {
            let mounted = mounts
                .iter()
                .filter(|mount| mount.device == stat.rdev || mount.source == path)
                .map(|mount| Place::Mount {
                    device: mount.device,
                });
            std::iter::once(Place::Device { rdev: stat.rdev })
                .chain(mounted)
                .collect()
        }
        (true, _) => vec![Place::Mount {
            device: stat.device,
        }],
        (false, SOCKET) => vec![
            Place::Socket {
                path: Foreign::from(path),
            },
            file,
        ],
        (false, CHARACTER | BLOCK) => vec![file],
        (false, _) => vec![file],
    }
}

fn answer(
    root: &Sysroot,
    options: &Options,
    names: &[Foreign],
    found: &Found,
    out: &mut dyn Write,
) -> io::Result<()> {
    if options.common.json {
        return json(found, out);
    }
    if options.silent {
        return Ok(());
    }
    let logins = host::users(root);
    if options.verbose && (options.all || found.users.iter().any(|it| !it.is_empty_to(true))) {
        print::heading();
    }
    for (name, users) in names.iter().zip(&found.users) {
        print::name(name, users, &logins, options, out)?;
    }
    Ok(())
}

fn json(found: &Found, out: &mut dyn Write) -> io::Result<()> {
    let mut answer = Answer::begin(out, "rfuser", None)?;
    for process in found.processes.values() {
        answer.row(&Record::Process(process.clone()))?;
    }
    for (socket, owners) in found.sockets.values() {
        answer.row(&Record::Socket(SocketRow {
            socket: socket.clone(),
            owners: Some(owners.clone()),
        }))?;
    }
    for file in &found.files {
        answer.row(&Record::File(file.clone()))?;
    }
    answer.end(&found.gaps, model::Coverage::default())
}
