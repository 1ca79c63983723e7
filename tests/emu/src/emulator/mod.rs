//! The stand-in for the kernel, a file for each kind of call.

mod calls;
mod children;
mod convert;
mod files;
mod handle;
mod kstat;
mod names;
mod net;
mod release;
mod streams;
mod tracee;
mod tree;
mod users;

use children::{Children, Heritage};
use handle::Handles;
use release::Release;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;
use tracee::Tracee;
use tree::Tree;

/// Status of a run in which the program asked for a call its release lacks.
const ABSENT: u8 = 99;
/// Status where the program died of a signal we did not expect.
const DIED: u8 = 98;

/// The answer to a call.
pub(crate) enum Reply {
    /// A value.
    Value(i64),
    /// A value and a second one.
    Both(i64, i64),
    /// An error number of Solaris.
    Error(i32),
    /// The program ends.
    Exit(u8),
}

/// A file or argument that is not there is this error number.
pub(crate) const EFAULT: i32 = 14;

/// The kernel of one program.
pub(crate) struct Kernel {
    pub(crate) tracee: Tracee,
    pub(crate) release: Release,
    pub(crate) tree: Rc<Tree>,
    pub(crate) handles: Handles,
    pub(crate) cwd: PathBuf,
    /// Whether a call the kernel lacks fails instead of killing.
    pub(crate) sigsys_ignored: bool,
    /// How often the number of the chain of statistics was told.
    pub(crate) chain_asked: std::cell::Cell<i64>,
    /// Calls that were asked for in vain, each told once.
    pub(crate) unknown: BTreeSet<u64>,
    /// Processes the program made.
    pub(crate) children: Children,
    /// What their stand-ins are started with.
    pub(crate) heritage: Rc<Heritage>,
    /// The program a copy has become.
    pub(crate) became: Option<std::process::Child>,
    /// Whether every call is told.
    pub(crate) trace: bool,
}

struct Options {
    release: Release,
    root: Option<PathBuf>,
    trace: bool,
    program: Vec<OsString>,
}

fn options() -> Option<Options> {
    let mut arguments = std::env::args_os().skip(1).peekable();
    let mut options = Options {
        release: Release::Illumos,
        root: None,
        trace: false,
        program: Vec::new(),
    };
    while let Some(flag) = arguments.next_if(|word| word.as_encoded_bytes().starts_with(b"--")) {
        match flag.to_str()? {
            "--os" => options.release = Release::named(arguments.next()?.to_str()?)?,
            "--root" => options.root = Some(arguments.next()?.into()),
            "--trace" => options.trace = true,
            _ => return None,
        }
    }
    options.program = arguments.collect();
    (!options.program.is_empty()).then_some(options)
}

pub(crate) fn main() -> ExitCode {
    let Some(options) = options() else {
        say("usage: emu --os illumos|s11|s10 [--root DIR] [--trace] PROGRAM ARGUMENTS…");
        return ExitCode::from(2);
    };
    match run(options) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            say(&error.to_string());
            ExitCode::from(2)
        }
    }
}

fn run(options: Options) -> std::io::Result<u8> {
    tracee::stay_on_one_processor();
    let own = std::env::args_os().skip(1);
    let words = std::env::args_os().count() - 1 - options.program.len();
    let tree = Rc::new(Tree::new(options.root)?);
    let mut kernel = Kernel {
        tracee: Tracee::start(&options.program)?,
        release: options.release,
        tree,
        handles: Handles::new()?,
        cwd: std::env::current_dir()?,
        sigsys_ignored: false,
        chain_asked: 0.into(),
        unknown: BTreeSet::new(),
        children: Children::new(),
        heritage: Rc::new(Heritage {
            flags: own.take(words).collect(),
        }),
        became: None,
        trace: options.trace,
    };
    kernel.run()
}

impl Kernel {
    /// Answers calls until the program ends.
    pub(crate) fn run(&mut self) -> std::io::Result<u8> {
        loop {
            let Some(call) = self.tracee.next()? else {
                say("the program ended in a way no call asked for");
                return Ok(DIED);
            };
            let reply = self.call(call.number, call.arguments);
            if self.trace {
                say(&format!("{call:x?} = {}", shown(&reply)));
            }
            match reply {
                Reply::Value(value) => self.tracee.answer(value, false)?,
                Reply::Both(first, second) => self.tracee.answer_both(first, second)?,
                Reply::Error(error) => self.tracee.answer(error.into(), true)?,
                Reply::Exit(status) => return Ok(status),
            }
        }
    }
}

fn shown(reply: &Reply) -> String {
    match reply {
        Reply::Value(value) => format!("{value:#x}"),
        Reply::Both(first, second) => format!("{first:#x}, {second:#x}"),
        Reply::Error(error) => format!("error {error}"),
        Reply::Exit(status) => format!("exit {status}"),
    }
}

/// A word of ours on stderr, marked so that it is not taken for the program's.
pub(crate) fn say(text: &str) {
    use std::io::Write;
    // If stderr is gone there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "[emu] {text}");
}
