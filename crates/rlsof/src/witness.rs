//! What rcompare asks: who holds which socket, by two ways that have nothing in common, and
//! what program stands behind a process.

use crate::options::Options;
use crate::query::usage;
use cli::{Answer, Error, Exit};
use host::read::{private, witness};
use model::ask::WalkAsk;
use model::asked::AskedSocket;
use model::gap::counted;
use model::{Coverage, Gap, Gaps, Inode, Pid, Record, Source};
use std::collections::BTreeSet;
use std::io::Write;
use sysroot::Sysroot;

/// Families without ports or packets (`AF_UNIX`, `AF_NETLINK`): counted, not told.
const UNIX: i32 = 1;
const NETLINK: i32 = 16;

/// Processes looked behind, at most.
const PROGRAMS_MAX: usize = 1024;

/// `--sockets`: every descriptor table of every task under `/proc`.
pub(crate) fn walk(options: &Options, root: &Sysroot, out: &mut dyn Write) -> Result<Exit, Error> {
    let ask = WalkAsk {
        inodes: None,
        strangers_to: None,
        deep: true,
    };
    let found = host::holdings(root, &ask);
    let any = !(found.holdings.is_empty() && found.named.is_empty());
    let mut answer = Answer::begin(out, "rlsof", Some(Source::Walk))?;
    for process in found.processes {
        answer.row(&Record::Process(process))?;
    }
    for holding in found.holdings {
        answer.row(&Record::Holding(holding))?;
    }
    for file in found.named {
        answer.row(&Record::File(file))?;
    }
    answer.end(&found.told.gaps, found.told.coverage)?;
    options.common.finish("rlsof", root, &found.told.gaps)?;
    Ok(Exit::of_search(any, &found.told.gaps))
}

/// `--sockets --via pidfd`: every process number asked for, every descriptor copied out and
/// asked itself. `/proc` only gives names, and that through a procfs of our own if it can.
pub(crate) fn pidfd(options: &Options, root: &Sysroot, out: &mut dyn Write) -> Result<Exit, Error> {
    let names = names(root);
    let found = witness::copies(&names);
    let told: Vec<&AskedSocket> = found
        .sockets
        .iter()
        .filter(|socket| !matches!(socket.domain, UNIX | NETLINK))
        .collect();
    let inodes: BTreeSet<Inode> = told.iter().map(|socket| socket.inode).collect();
    let copied = || found.copied.iter().filter(|it| inodes.contains(&it.inode));
    let mut named: BTreeSet<Pid> = copied().map(|it| it.pid).collect();
    named.extend(found.census.hidden.iter().map(|it| it.pid));
    let mut answer = Answer::begin(out, "rlsof", Some(Source::Pidfd))?;
    for pid in named {
        if let Some(process) = host::process(&names, pid).filter(|it| it.id.pid == pid) {
            answer.row(&Record::Process(process))?;
        }
    }
    for socket in &told {
        answer.row(&Record::Asked((*socket).clone()))?;
    }
    for &copied in copied() {
        answer.row(&Record::Copied(copied))?;
    }
    if let Some(used) = found.used {
        answer.row(&Record::Used(used))?;
    }
    // What the walk needs of it stands in its own rows; the rest is who is not listed.
    answer.row(&Record::Census(model::census::Census {
        found: Vec::new(),
        threads: Vec::new(),
        ..found.census.clone()
    }))?;
    let coverage = Coverage {
        processes: Some(found.walked),
        ..Coverage::default()
    };
    answer.end(&found.gaps, coverage)?;
    options.common.finish("rlsof", root, &found.gaps)?;
    let any = !(told.is_empty() && found.census.hidden.is_empty());
    Ok(Exit::of_search(any, &found.gaps))
}

/// A root whose `/proc` nothing can be mounted over, where one can be had.
fn names(root: &Sysroot) -> Sysroot {
    private::private(root).map_or_else(|_| root.clone(), |private| private.root)
}

/// `--behind`: the program behind each process named.
pub(crate) fn programs(
    options: &Options,
    root: &Sysroot,
    out: &mut dyn Write,
) -> Result<Exit, Error> {
    let pids = pids(&options.pid)?;
    let names = names(root);
    let (mut found, mut gaps) = (0, Gaps::new());
    let mut answer = Answer::begin(out, "rlsof", Some(Source::Programs))?;
    for &pid in pids.iter().take(PROGRAMS_MAX) {
        let (behind, mut more) = witness::behind(&names, pid);
        gaps.append(&mut more);
        if let Some(behind) = behind {
            found += 1;
            answer.row(&Record::Behind(behind))?;
        }
    }
    if let Some(left) = pids
        .len()
        .checked_sub(PROGRAMS_MAX)
        .filter(|&left| left > 0)
    {
        let left = counted(left as u64, "process", "processes");
        let reason = format!("{left} not looked behind: more than are taken");
        gaps.push(Gap::new("-p", reason));
    }
    answer.end(&gaps, Coverage::default())?;
    options.common.finish("rlsof", root, &gaps)?;
    let all = found > 0 && found == pids.len();
    Ok(Exit::of_search(all, &gaps))
}

/// Process numbers, separated by commas.
fn pids(lists: &[String]) -> Result<BTreeSet<Pid>, Error> {
    let words = lists.iter().flat_map(|list| list.split(','));
    words
        .filter(|word| !word.is_empty())
        .map(|word| match word.parse() {
            Ok(number) if word.bytes().all(|byte| byte.is_ascii_digit()) => Ok(Pid(number)),
            _ => Err(usage("--behind takes process numbers, separated by commas")),
        })
        .collect()
}

/// `--rings`: processes with an io_uring that no descriptor leads to.
pub(crate) fn unled_rings(
    options: &Options,
    root: &Sysroot,
    out: &mut dyn Write,
) -> Result<Exit, Error> {
    let (rings, gaps) = witness::rings(&names(root));
    let any = !rings.is_empty();
    let mut answer = Answer::begin(out, "rlsof", Some(Source::Programs))?;
    for ring in rings {
        answer.row(&Record::Ring(ring))?;
    }
    answer.end(&gaps, Coverage::default())?;
    options.common.finish("rlsof", root, &gaps)?;
    Ok(Exit::of_search(any, &gaps))
}
