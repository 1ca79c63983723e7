//! The host's own tools as witnesses nobody believes: found in fixed directories, run with an
//! empty environment, without a terminal, against a deadline, their output bounded.

use crate::case::{Tool, clock, load, sha256};
use crate::keep::Keep;
use crate::sibling::{self, Call};
use cli::Error;
use compare::Snapshot;
use compare::foreign::{self, Ran, Words};
use compare::statement::Ended;
use model::{Gap, Proto};
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where they are looked for, in the order of root's usual PATH. PATH itself is not asked.
const DIRECTORIES: &[&str] = &[
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
];

/// Each tool and its question.
const TOOLS: &[(&str, Words, &[&str])] = &[
    ("netstat", Words::Netstat, &["-antupW"]),
    ("ss", Words::Ss, &["-antup"]),
    ("lsof", Words::Lsof, &["-nP", "-i"]),
    ("fuser", Words::Fuser, &[]),
];

/// Largest program file whose sum is taken.
const PROGRAM_MAX: usize = 64 << 20;

/// Most bytes that are read of a tool's answer.
const ANSWER_MAX: u64 = 64 << 20;

/// Most ports fuser is asked for.
const PORTS_MAX: usize = 1000;

/// A tool that is there.
pub(crate) struct Found {
    name: &'static str,
    words: Words,
    args: &'static [&'static str],
    path: PathBuf,
    /// SHA-256 of its file; none where it could not be read.
    sha256: Option<String>,
}

/// Finds them. One that is not there is a gap.
pub(crate) fn find(gaps: &mut Vec<Gap>) -> Vec<Found> {
    if host::is_solaris(None) {
        // Theirs have the names of Linux's and other words.
        let reason = "not run on Solaris and illumos: what they print is not read yet";
        gaps.push(Gap::new("host tools", reason));
        return Vec::new();
    }
    let mut all = Vec::new();
    for &(name, words, args) in TOOLS {
        let there = DIRECTORIES.iter().find_map(|directory| {
            let path = Path::new(directory).join(name);
            match load::host_file(&path, PROGRAM_MAX) {
                Ok(bytes) => Some((path, Some(sha256(&bytes)))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                // There, and unreadable to us: it may still run.
                Err(_) => Some((path, None)),
            }
        });
        match there {
            Some((path, sha256)) => all.push(Found {
                name,
                words,
                args,
                path,
                sha256,
            }),
            None => gaps.push(Gap::new(name, "this host has none")),
        }
    }
    all
}

/// Runs each of them once.
///
/// # Errors
/// The case cannot be written.
pub(crate) fn run(
    found: &[Found],
    round: u32,
    deadline: Duration,
    snapshot: &mut Snapshot,
    mut keep: Option<&mut Keep<'_>>,
) -> Result<(), Error> {
    for tool in found {
        let began_ms = clock::now_ms();
        let (args, ports, left_out) = question(tool, snapshot);
        if ports.as_ref().is_some_and(Vec::is_empty) {
            continue;
        }
        let (ended, answer, errors) = ask(tool, &args, deadline);
        let mut done = Tool {
            name: tool.name.to_owned(),
            words: tool.words,
            path: tool.path.display().to_string(),
            sha256: tool.sha256.clone(),
            args,
            ports,
            left_out,
            round,
            after: 0,
            file: String::new(),
            errors: String::new(),
            began_ms,
            took_ms: clock::now_ms().saturating_sub(began_ms),
            ended,
        };
        take(snapshot, &done, &answer, &errors);
        if let Some(keep) = keep.as_mut() {
            keep.tool(&mut done, &answer, &errors)?;
        }
    }
    Ok(())
}

/// A tool's arguments, the ports it is asked for, where it must be asked for some, and how many
/// it is not asked for.
type Question = (Vec<String>, Option<Vec<(Proto, u16)>>, usize);

fn question(tool: &Found, snapshot: &Snapshot) -> Question {
    if tool.words != Words::Fuser {
        let args = tool.args.iter().map(|&word| word.to_owned());
        return (args.collect(), None, 0);
    }
    let inets = snapshot.sockets.values().filter_map(|it| it.inet());
    let ports: BTreeSet<(Proto, u16)> = inets
        .filter(|inet| inet.is_listener() && matches!(inet.proto, Proto::Tcp | Proto::Udp))
        .map(|inet| (inet.proto, inet.port))
        .collect();
    let left_out = ports.len().saturating_sub(PORTS_MAX);
    let ports: Vec<(Proto, u16)> = ports.into_iter().take(PORTS_MAX).collect();
    let mut args = Vec::new();
    for (proto, port) in &ports {
        args.extend(["-n".to_owned(), proto.name().to_owned(), port.to_string()]);
    }
    (args, Some(ports), left_out)
}

fn ask(tool: &Found, args: &[String], deadline: Duration) -> (Ended, Vec<u8>, Vec<u8>) {
    let us = match std::env::current_exe() {
        Ok(us) => us,
        Err(error) => {
            let ended = Ended {
                failed: Some(Gap::io("", &error).reason),
                ..Ended::default()
            };
            return (ended, Vec::new(), Vec::new());
        }
    };
    // A copy of us leaves the terminal first, and then becomes the tool.
    let mut words = vec![
        "witness".to_owned(),
        "--".to_owned(),
        tool.path.display().to_string(),
    ];
    words.extend_from_slice(args);
    let mut answer = Vec::new();
    let call = Call {
        program: &us,
        args: &words,
        deadline,
        bytes_max: ANSWER_MAX,
        session: true,
        record: false,
    };
    let said = sibling::run(&call, &mut |piece| answer.extend_from_slice(piece));
    (said.ended, answer, said.errors)
}

/// Takes one answer into the snapshot.
pub(crate) fn take(snapshot: &mut Snapshot, tool: &Tool, answer: &[u8], errors: &[u8]) {
    let wrong = wrong(tool);
    let ran = Ran {
        path: tool.path.clone(),
        round: tool.round,
        after: snapshot.views.len(),
        whole: wrong.is_none(),
        ports: tool.ports.clone(),
    };
    let text = match tool.words {
        Words::Fuser => errors,
        Words::Netstat | Words::Ss | Words::Lsof | Words::Osquery => answer,
    };
    foreign::ran(snapshot, &tool.name, tool.words, text, ran);
    let Some(listing) = snapshot.listings.last_mut() else {
        return;
    };
    if let Some(reason) = wrong {
        listing.gaps.push(Gap::new(tool.path.clone(), reason));
    }
    if tool.left_out > 0 {
        let reason = format!(
            "was asked for {PORTS_MAX} ports, and not for {} more",
            tool.left_out
        );
        listing.gaps.push(Gap::new(tool.path.clone(), reason));
    }
}

/// What is wrong with how it ended: lsof and fuser leave with 1 where they found nothing.
fn wrong(tool: &Tool) -> Option<String> {
    let ended = &tool.ended;
    if let Some(failed) = &ended.failed {
        return Some(failed.clone());
    }
    if ended.late {
        return Some("was killed at its deadline".to_owned());
    }
    match (ended.code, ended.signal) {
        (Some(0), _) => None,
        (Some(1), _) if matches!(tool.words, Words::Lsof | Words::Fuser) => None,
        (Some(code), _) => Some(format!("ended with code {code}: {}", ended.words)),
        (None, Some(signal)) => Some(format!("ended by signal {signal}")),
        (None, None) => Some("ended nobody knows how".to_owned()),
    }
}
