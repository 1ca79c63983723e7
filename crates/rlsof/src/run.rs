//! From options to an answer.

use crate::cells::{COLUMNS, Column};
use crate::fields::{self, Fields};
use crate::json::Json;
use crate::listing::{Extra, Print, Round, queues, round};
use crate::lsof_json::{Lines, Tree};
use crate::options::{Options, Via};
use crate::pfiles;
use crate::places;
use crate::query::{Class, Query, usage};
use crate::repeat::Repeat;
use crate::row::{Extent, Show};
use crate::table::{Table, Terse};
use crate::witness;
use cli::{Error, Exit};
use model::{Foreign, Uid};
use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use sysroot::Sysroot;

/// Answers.
///
/// # Errors
/// A selection that was not understood, or a file that cannot be looked up.
pub(crate) fn run(options: &Options, out: &mut dyn Write) -> Result<Exit, Error> {
    if options.columns.iter().any(|key| key == "help") {
        return Err(Error::Said(columns_help()));
    }
    if options.fields.as_deref() == Some("?") {
        return Err(Error::Said(fields::help()));
    }
    let root = options.common.root()?;
    if options.pfiles {
        return pfiles::run(options, &root, out);
    }
    if options.sockets {
        return match options.via {
            Some(Via::Pidfd) => witness::pidfd(options, &root, out),
            Some(Via::Walk) | None => witness::walk(options, &root, out),
        };
    }
    if options.rings {
        return witness::unled_rings(options, &root, out);
    }
    if options.behind {
        return witness::programs(options, &root, out);
    }
    let users = host::users(&root);
    let mut query = query(options, &root, &users)?;
    let show = Show {
        users: if options.uids {
            Default::default()
        } else {
            users
        },
        netns: host::netns(&root),
        own_netns: options.own_netns,
        queues: shown_queues(&root, &query),
        ..show(options)?
    };
    let mut print = printer(options)?;
    let extra = Extra {
        flags: wants_flags(options),
        pipes: wants_pipes(options),
        threads: options.tasks.as_deref() != Some("i"),
        ends: options.endpoints,
        end_rows: options.endpoint_files,
        own_netns: options.own_netns,
        exempt: options
            .exempt
            .iter()
            .map(|dir| {
                let bytes = dir.as_bytes();
                Foreign::from(bytes.strip_suffix(b"/").unwrap_or(bytes))
            })
            .collect(),
    };
    let Some(repeat) = Repeat::new(options)? else {
        let round = round(&root, &mut query, &show, &extra, print.as_mut(), out)?;
        return finish(options, &root, &query, &round, out);
    };
    let mut done = 0;
    loop {
        query.reset();
        let round = round(&root, &mut query, &show, &extra, print.as_mut(), out)?;
        repeat.mark(options.fields.is_some(), out)?;
        done += 1;
        if repeat.is_over(done, round.found) {
            return finish(options, &root, &query, &round, out);
        }
        std::thread::sleep(repeat.pause);
        print = printer(options)?;
    }
}

/// What is selected.
fn query(
    options: &Options,
    root: &Sysroot,
    users: &BTreeMap<Uid, Foreign>,
) -> Result<Query, Error> {
    let mut query = Query::new(options, users)?;
    places::add(root, options, &mut query)?;
    if options.and && query.is_empty() {
        return Err(usage("-a joins selections, and there are none"));
    }
    Ok(query)
}

fn finish(
    options: &Options,
    root: &Sysroot,
    query: &Query,
    round: &Round,
    out: &mut dyn Write,
) -> Result<Exit, Error> {
    if options.misses {
        let is_json = options.common.json || options.json_tree || options.json_lines;
        for (kind, typed) in query.misses() {
            let typed = render::safe::escaped(typed.as_bytes());
            let sep = if typed.is_empty() { "" } else { ": " };
            let line = format!("{kind} not located{sep}{typed}");
            // On standard output, as lsof has it, unless that is for programs.
            if is_json {
                cli::note("rlsof", &line);
            } else {
                writeln!(out, "rlsof: {line}")?;
            }
        }
    }
    if !options.no_warnings || options.common.gaps {
        options.common.finish("rlsof", root, &round.gaps)?;
    } else {
        options.common.finish("rlsof", root, &[])?;
    }
    let all_found = query.misses().next().is_none() && round.found;
    Ok(Exit::of_search(
        all_found || options.quiet_misses,
        &round.bearing,
    ))
}

/// The file systems of message queues, where files that are no sockets are shown.
fn shown_queues(root: &Sysroot, query: &Query) -> Vec<u64> {
    if query.only(&[Class::Inet, Class::Unix]) {
        return Vec::new();
    }
    queues(root)
}

fn wants_flags(options: &Options) -> bool {
    let plus = |letters: &String| letters.contains(['g', 'G']);
    let field = |letters: &String| letters.trim_matches('0').is_empty() || letters.contains('G');
    options.as_mounts.iter().any(plus)
        || options.fields.as_ref().is_some_and(field)
        || options.json_tree
        || options.json_lines
}

/// Whether more of pipes is shown than which end a descriptor is.
fn wants_pipes(options: &Options) -> bool {
    let flags = options.columns.iter().any(|key| key == "flags");
    wants_flags(options) || options.common.json || flags
}

fn show(options: &Options) -> Result<Show, Error> {
    let offset_digits = match options.offset.as_deref() {
        None | Some("") => 8,
        Some(digits) => digits
            .parse()
            .map_err(|_| usage(&format!("no number in -o {digits}")))?,
    };
    let extent = match (
        options.offset.as_deref(),
        options.size.iter().any(String::is_empty),
    ) {
        (Some(""), true) => return Err(usage("-o and -s exclude each other")),
        (Some(""), false) => Extent::Offset,
        (_, true) => Extent::Size,
        (_, false) => Extent::Both,
    };
    let (tcp_state, tcp_queues) = match options.tcp_info.as_deref() {
        None => (true, false),
        Some(letters) if letters.chars().all(|letter| "fqsw".contains(letter)) => {
            (letters.contains('s'), letters.contains('q'))
        }
        Some(other) => return Err(usage(&format!("unknown letter in -T {other}"))),
    };
    Ok(Show {
        port_names: !options.no_port_names,
        command_width: options.command_width,
        extent,
        offset_digits,
        tcp_state,
        tcp_queues,
        flags_hex: options
            .as_mounts
            .iter()
            .any(|letters| letters.contains('G')),
        human: options.human,
        ..Show::default()
    })
}

fn printer(options: &Options) -> Result<Box<dyn Print>, Error> {
    if options.common.json {
        return Ok(Box::new(Json::default()));
    }
    if let Some(letters) = &options.fields {
        return Ok(Box::new(Fields::new(letters)?));
    }
    if options.json_tree {
        return Ok(Box::new(Tree::default()));
    }
    if options.json_lines {
        return Ok(Box::new(Lines));
    }
    if options.terse {
        return Ok(Box::new(Terse::default()));
    }
    let heading = if options.offset.as_deref() == Some("") {
        "OFFSET"
    } else if options.size.iter().any(String::is_empty) {
        "SIZE"
    } else {
        "SIZE/OFF"
    };
    Ok(Box::new(Table::new(
        columns(options)?,
        &[("size_off", heading)],
    )))
}

fn columns(options: &Options) -> Result<Vec<&'static Column>, Error> {
    let find = |key: &str| COLUMNS.iter().find(|column| column.key == key);
    if !options.columns.is_empty() {
        return options
            .columns
            .iter()
            .map(|key| {
                find(key)
                    .ok_or_else(|| usage(&format!("no column {key}; --columns help lists them")))
            })
            .collect();
    }
    let shown = |key: &str| match key {
        "ppid" => options.ppid,
        "pgid" => !options.pgid.is_empty(),
        "flags" => options
            .as_mounts
            .iter()
            .any(|letters| letters.contains(['g', 'G'])),
        "nlink" => options.links.is_some(),
        "netns" | "exe" | "start" | "inode" => false,
        _ => true,
    };
    Ok(COLUMNS.iter().filter(|column| shown(column.key)).collect())
}

fn columns_help() -> String {
    COLUMNS
        .iter()
        .map(|column| format!("{:<10}{}\n", column.key, column.help))
        .collect()
}
