//! fuser's two streams: pids on standard output, everything else on standard error.

use crate::options::Options;
use crate::users::{KernelUse, User, Users};
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
    name: &Foreign,
    users: &Users,
    names: &BTreeMap<Uid, Foreign>,
    options: &Options,
    out: &mut dyn Write,
) -> io::Result<()> {
    if users.is_empty_to(options.verbose) && !options.all {
        return Ok(());
    }
    let mut text = Text::default();
    text.foreign(name.as_bytes());
    text.word(":");
    let width = text.width(0);
    if users.is_empty_to(options.verbose) {
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
    let mut lines = Lines {
        names,
        options,
        first: true,
    };
    if options.verbose {
        for kernel in &users.kernel {
            lines.kernel(kernel, out)?;
        }
    }
    for user in users.processes.values() {
        lines.process(user, out)?;
    }
    lines.unsure(users);
    if !options.verbose {
        cli::aside(b"\n");
    }
    Ok(())
}

/// The lines of one name, or the words of its one line.
struct Lines<'a> {
    names: &'a BTreeMap<Uid, Foreign>,
    options: &'a Options,
    first: bool,
}

impl Lines<'_> {
    fn begin(&mut self) {
        if self.options.verbose && !std::mem::take(&mut self.first) {
            cli::aside(format!("{:NAME_FIELD$}", "").as_bytes());
        }
    }

    fn kernel(&mut self, kernel: &KernelUse, out: &mut dyn Write) -> io::Result<()> {
        self.begin();
        user(Some(Uid(0)), self.names);
        let mut tail = Text::default();
        tail.show(format_args!(" {} ", kernel.how));
        tail.foreign(kernel.what.as_bytes());
        tail.word("\n");
        write!(out, " kernel")?;
        out.flush()?;
        cli::aside(tail.as_bytes());
        Ok(())
    }

    fn process(&mut self, found: &User, out: &mut dyn Write) -> io::Result<()> {
        self.begin();
        let mut tail = Text::default();
        if self.options.verbose {
            user(found.uid, self.names);
            tail.show(format_args!(" {} ", found.uses.letters()));
        } else {
            tail.word(&found.uses.short());
        }
        write!(out, " {:5}", found.id.pid.0)?;
        out.flush()?;
        if self.options.user {
            tail.word("(");
            login(found.uid, self.names, &mut tail);
            tail.word(")");
        }
        if self.options.verbose {
            tail.foreign(found.comm.as_bytes());
            if let Some(netns) = found.netns {
                tail.show(format_args!(" netns={netns}"));
            }
            tail.word("\n");
        }
        cli::aside(tail.as_bytes());
        Ok(())
    }

    /// Who may hold a socket that nobody was found to hold. It stands on standard error: what
    /// is done with the pids on standard output suits only those who are known to have it.
    fn unsure(&mut self, users: &Users) {
        for found in users.probable.values() {
            self.begin();
            let mut text = Text::default();
            if self.options.verbose {
                user(found.uid, self.names);
                text.show(format_args!(" {:>5} ..... ", format!("?{}", found.id.pid)));
                text.foreign(found.comm.as_bytes());
                text.word(" (probably in flight)\n");
            } else {
                text.show(format_args!(" ?{}", found.id.pid));
            }
            cli::aside(text.as_bytes());
        }
        if users.loose && users.probable.is_empty() {
            self.begin();
            if self.options.verbose {
                user(None, self.names);
                cli::aside(b"     ? ..... (a socket nobody is known to hold)\n");
            } else {
                cli::aside(b" ?");
            }
        }
    }
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
