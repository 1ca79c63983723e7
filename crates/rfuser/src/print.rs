//! fuser's two streams: pids on standard output, everything else on standard error.

use crate::options::Options;
use crate::users::Users;
use model::{Foreign, Uid};
use render::Text;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Columns for a name before what is told of it.
const NAME_FIELD: usize = 20;

/// Writes the heading of `-v`.
pub(crate) fn heading() {
    cli::aside(format!("{:NAME_FIELD$} USER        PID ACCESS COMMAND\n", "").as_bytes());
}

/// Writes one name and who uses it. Standard output is sent off between the pieces, so that
/// on a terminal they stand side by side.
///
/// # Errors
/// Those of the writer.
pub(crate) fn name(
    name: &str,
    users: &Users,
    names: &BTreeMap<Uid, Foreign>,
    options: &Options,
    out: &mut dyn Write,
) -> io::Result<()> {
    if users.is_empty() && !options.all {
        return Ok(());
    }
    let mut text = Text::default();
    text.foreign(name.as_bytes());
    text.word(":");
    let width = text.width(0);
    if users.is_empty() {
        text.word("\n");
        cli::aside(text.as_bytes());
        return Ok(());
    }
    if width > NAME_FIELD && options.verbose {
        text.word("\n");
        text.show(format_args!("{:NAME_FIELD$}", ""));
    } else {
        text.show(format_args!("{:1$}", "", NAME_FIELD.saturating_sub(width)));
    }
    cli::aside(text.as_bytes());
    let mut first = true;
    let mut begin = || {
        if options.verbose && !std::mem::take(&mut first) {
            cli::aside(format!("{:NAME_FIELD$}", "").as_bytes());
        }
    };
    for kernel in &users.kernel {
        begin();
        let mut tail = Text::default();
        if options.verbose {
            user(Some(Uid(0)), names);
            tail.show(format_args!(" {} ", kernel.how));
            tail.foreign(kernel.what.as_bytes());
            tail.word("\n");
        }
        write!(out, " kernel")?;
        out.flush()?;
        cli::aside(tail.as_bytes());
    }
    for found in users.processes.values() {
        begin();
        let mut tail = Text::default();
        if options.verbose {
            user(found.uid, names);
            tail.show(format_args!(" {} ", found.uses.letters()));
        } else {
            tail.word(&found.uses.short());
        }
        write!(out, " {:5}", found.id.pid.0)?;
        out.flush()?;
        if options.user {
            tail.word("(");
            login(found.uid, names, &mut tail);
            tail.word(")");
        }
        if options.verbose {
            tail.foreign(found.comm.as_bytes());
            tail.word("\n");
        }
        cli::aside(tail.as_bytes());
    }
    if !options.verbose {
        cli::aside(b"\n");
    }
    Ok(())
}

/// The column before the pid.
fn user(uid: Option<Uid>, names: &BTreeMap<Uid, Foreign>) {
    let mut text = Text::default();
    text.word(" ");
    login(uid, names, &mut text);
    let missing = 9usize.saturating_sub(text.width(0));
    text.show(format_args!("{:missing$} ", ""));
    cli::aside(text.as_bytes());
}

fn login(uid: Option<Uid>, names: &BTreeMap<Uid, Foreign>, out: &mut Text) {
    match uid.map(|uid| (uid, names.get(&uid))) {
        Some((_, Some(name))) => out.foreign(name.as_bytes()),
        Some((uid, None)) => out.number(uid.0.into()),
        None => out.word("?"),
    }
}
