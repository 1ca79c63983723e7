//! A stage: namespaces of its own, what was put into them, and programs run there.

use crate::program::{own_directory, programs, run_within};
use crate::spec::Reply;
use crate::{Made, Output, Spec};
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

/// Fresh network, mount, pid, host name and IPC namespaces, with `lo` up, a procfs of their
/// own and an empty `/run`. All that lives there dies with this value, or with the test.
pub struct Stage {
    outer: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
    /// The first process inside, by its number outside.
    inner: u32,
}

fn helper() -> PathBuf {
    own_directory().join("stage")
}

impl Default for Stage {
    fn default() -> Stage {
        Stage::new()
    }
}

impl Stage {
    /// Makes an empty stage.
    ///
    /// # Panics
    /// It cannot be made; ask [`need_root!`](crate::need_root) first.
    #[must_use]
    pub fn new() -> Stage {
        Stage::start(&["hold"])
    }

    /// An empty stage whose processes are among the host's: for questions that a program in a
    /// pid namespace of its own must answer otherwise. Its network is its own all the same.
    ///
    /// # Panics
    /// It cannot be made.
    #[must_use]
    pub fn among_host_processes() -> Stage {
        Stage::start(&["hold", "hostpids"])
    }

    #[expect(clippy::disallowed_methods, reason = "the stage is a process of ours")]
    fn start(words: &[&str]) -> Stage {
        let mut outer = Command::new(helper())
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the stage starts");
        let to = outer.stdin.take();
        let from = outer.stdout.take().expect("it was piped");
        let mut stage = Stage {
            outer,
            to,
            from: BufReader::new(from),
            inner: 0,
        };
        stage.inner = stage.line().parse().expect("the stage tells its pid");
        assert_eq!(stage.line(), "ready");
        stage
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.from.read_line(&mut line).expect("the stage speaks");
        assert!(line.ends_with('\n'), "the stage died: {line:?}");
        line.truncate(line.len() - 1);
        line
    }

    /// Puts a double on the stage.
    ///
    /// # Panics
    /// It cannot be made.
    #[track_caller]
    pub fn add(&mut self, spec: impl Into<Spec>) -> Made {
        let spec = spec.into();
        match self.try_add(&spec) {
            Ok(made) => made,
            Err(why) => panic!("{:?}: {why}", spec.words),
        }
    }

    /// Puts a double on the stage, or tells why this kernel cannot have it.
    ///
    /// # Errors
    /// The double's own words.
    ///
    /// # Panics
    /// The stage is gone.
    pub fn try_add(&mut self, spec: &Spec) -> Result<Made, String> {
        let mut text = serde_json::to_string(spec).expect("a spec is JSON");
        text.push('\n');
        let to = self.to.as_mut().expect("open until dropped");
        to.write_all(text.as_bytes()).expect("the stage listens");
        let line = self.line();
        match serde_json::from_str(&line).expect("the stage answers") {
            Reply::Made(made) => Ok(made),
            Reply::Failed(why) => Err(why),
        }
    }

    /// Takes a double off the stage, with all it holds.
    ///
    /// # Panics
    /// It was gone already.
    pub fn kill(&mut self, pid: u32) {
        self.program("kill", &format!("-9 {pid}")).expect(0);
    }

    /// A way to run programs here.
    pub fn inside(&self) -> Inside<'_> {
        Inside {
            stage: self,
            how: Vec::new(),
            limit: Duration::from_secs(300),
            variables: Vec::new(),
        }
    }

    /// Runs one of ours here; the arguments are separated by blanks.
    #[track_caller]
    #[must_use]
    pub fn tool(&self, name: &str, args: &str) -> Output {
        self.inside().tool(name, args)
    }

    /// Runs one of the machine's here; the arguments are separated by blanks.
    #[track_caller]
    #[must_use]
    pub fn program(&self, name: &str, args: &str) -> Output {
        self.inside().program(name, args)
    }

    /// The first process inside, by its number outside: `/proc/N/root` leads to its files.
    #[must_use]
    pub fn inner(&self) -> u32 {
        self.inner
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // The end of its input is the end of the stage.
        drop(self.to.take());
        if self.outer.wait().is_err() && !std::thread::panicking() {
            panic!("the stage cannot be waited for");
        }
    }
}

/// How a program is run on a stage.
#[must_use]
pub struct Inside<'s> {
    stage: &'s Stage,
    how: Vec<String>,
    limit: Duration,
    variables: Vec<(String, String)>,
}

impl Inside<'_> {
    /// As this user and group, without any capability.
    pub fn user(mut self, uid: u32) -> Self {
        self.how.push(format!("user={uid}"));
        self
    }

    /// Without this capability, by its number (`CAP_SYS_PTRACE` is 19).
    pub fn without_capability(mut self, number: u32) -> Self {
        self.how.push(format!("without={number}"));
        self
    }

    /// In a pid namespace below the stage's, with a procfs of its own.
    pub fn in_child_pidns(mut self) -> Self {
        self.how.push("pidns".to_owned());
        self
    }

    /// With something mounted in a mount namespace of its own first: `tmpfs:/proc/7`,
    /// `bind:/run/fake:/proc/net`, `symlink:/run/fake:/proc/net`.
    pub fn mounted(mut self, mount: &str) -> Self {
        self.how.push(format!("mount={mount}"));
        self
    }

    /// With this variable in its environment.
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With so many seconds to finish.
    pub fn within(mut self, seconds: u64) -> Self {
        self.limit = Duration::from_secs(seconds);
        self
    }

    /// Runs one of ours; the arguments are separated by blanks.
    #[track_caller]
    #[must_use]
    pub fn tool(&self, name: &str, args: &str) -> Output {
        let path = self.programs().join(name);
        self.run(path.as_os_str(), args.split_whitespace())
    }

    /// Where our programs are: copies in `/run` for other users, who may not be able to
    /// reach the directory they were built in.
    fn programs(&self) -> PathBuf {
        if !self.how.iter().any(|how| how.starts_with("user=")) {
            return programs().to_owned();
        }
        let copies = PathBuf::from("/run/concord");
        let dir = programs().display();
        let names = ["rnetstat", "rlsof", "rfuser", "rnmap", "rcompare"];
        let from = names.map(|name| format!("{dir}/{name}")).join(" ");
        let to = copies.display();
        let made = self.stage.program("mkdir", &format!("-p {to}"));
        made.expect(0);
        let copied = self.stage.program("cp", &format!("-n {from} {to}"));
        copied.expect(0);
        copies
    }

    /// Runs one of the machine's; the arguments are separated by blanks.
    #[track_caller]
    #[must_use]
    pub fn program(&self, name: &str, args: &str) -> Output {
        self.run(OsStr::new(name), args.split_whitespace())
    }

    /// Runs a program with these arguments.
    #[expect(clippy::disallowed_methods, reason = "a program is run on the stage")]
    #[track_caller]
    #[must_use]
    pub fn run<'w>(&self, program: &OsStr, args: impl IntoIterator<Item = &'w str>) -> Output {
        let mut command = Command::new(helper());
        command
            .arg("enter")
            .arg(self.stage.inner.to_string())
            .args(&self.how)
            .arg("--")
            .arg(program)
            .args(args);
        for (name, value) in &self.variables {
            command.env(name, value);
        }
        run_within(&mut command, self.limit)
    }
}
