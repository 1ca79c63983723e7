//! `-k`: signals to those found. A process is killed only while it is still the one found.

use crate::options::Options;
use crate::signals::signal;
use crate::users::{User, Users};
use cli::Error;
use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use sysroot::Sysroot;

/// Signals everybody found, once each; never ourselves. How many were signalled.
///
/// # Errors
/// Those of the writer.
pub(crate) fn all(
    root: &Sysroot,
    options: &Options,
    found: &[Users],
    out: &mut dyn Write,
) -> Result<usize, Error> {
    let name = options.signal.as_deref().unwrap_or("SIGKILL");
    let signal =
        signal(name.as_bytes()).ok_or_else(|| Error::Usage(format!("unknown signal: {name}")))?;
    let mut everybody: BTreeMap<_, &User> = BTreeMap::new();
    for user in found.iter().flat_map(|users| users.processes.values()) {
        if !options.writeonly || user.uses.write {
            everybody.insert(user.id, user);
        }
    }
    let mut signalled = 0;
    for (id, _) in everybody {
        let pid = id.pid.0;
        if pid == std::process::id() || (options.interactive && !asked(pid, out)?) {
            continue;
        }
        let still = host::process(root, id.pid).is_some_and(|process| process.id == id);
        let target = i32::try_from(pid).ok().filter(|_| still);
        match target.map(|pid| nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), signal)) {
            Some(Ok(())) => signalled += 1,
            Some(Err(why)) => cli::note("rfuser", &format!("{pid}: {}", why.desc())),
            None => cli::note(
                "rfuser",
                &format!("{pid}: ended, or is another process now"),
            ),
        }
    }
    Ok(signalled)
}

fn asked(pid: u32, out: &mut dyn Write) -> Result<bool, Error> {
    write!(out, "Kill process {pid} ? (y/N) ")?;
    out.flush()?;
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    Ok(read.is_ok() && line.trim_start().starts_with(['y', 'Y']))
}
