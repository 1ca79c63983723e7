//! What a test asks a stage to make, and what the stage says it made.

use model::Foreign;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// Where the program file of a double is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exe {
    /// Where it was built.
    #[default]
    Plain,
    /// A copy that was removed after the start.
    Deleted,
    /// In memory only.
    Memfd,
}

/// A double to start.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Spec {
    /// What it shall make, in the words of `stage/doubles`: `["tcp", "0.0.0.0:4444"]`.
    pub words: Vec<String>,
    /// The name it shall give itself (15 bytes are kept).
    pub comm: Option<Foreign>,
    /// Its first argument.
    pub argv0: Option<Foreign>,
    /// The user and group it shall be.
    pub uid: Option<u32>,
    /// Where its program file is.
    pub exe: Exe,
}

impl Spec {
    /// A double that makes what the words say.
    #[must_use]
    pub fn of(words: &str) -> Spec {
        Spec {
            words: words.split_whitespace().map(str::to_owned).collect(),
            ..Spec::default()
        }
    }

    /// Sets the name it gives itself.
    #[must_use]
    pub fn comm(mut self, name: &[u8]) -> Spec {
        self.comm = Some(Foreign::from(name));
        self
    }

    /// Sets its first argument.
    #[must_use]
    pub fn argv0(mut self, name: &[u8]) -> Spec {
        self.argv0 = Some(Foreign::from(name));
        self
    }

    /// Sets the user it becomes.
    #[must_use]
    pub fn uid(mut self, uid: u32) -> Spec {
        self.uid = Some(uid);
        self
    }

    /// Sets where its program file is.
    #[must_use]
    pub fn exe(mut self, exe: Exe) -> Spec {
        self.exe = exe;
        self
    }
}

impl From<&str> for Spec {
    fn from(words: &str) -> Spec {
        Spec::of(words)
    }
}

/// Something a double holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// What it is to the double: `listener`, `client`, `eventfd`, …
    pub role: String,
    /// The process that holds it, by its number inside the stage.
    pub pid: u32,
    /// The thread whose own table it is in, where that is not the process's.
    pub tid: Option<u32>,
    /// The descriptor, where it has one.
    pub fd: Option<u32>,
    /// The inode.
    pub inode: u64,
    /// The socket's own address.
    pub local: Option<SocketAddr>,
    /// Its peer's.
    pub peer: Option<SocketAddr>,
    /// Its path or name.
    pub path: Option<Foreign>,
    /// The network namespace it lives in, by its inode.
    pub netns: Option<u64>,
}

/// What a double made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// The double's process, by its number inside the stage.
    pub pid: u32,
    /// What it holds, in the order made.
    pub holds: Vec<Hold>,
}

impl Made {
    /// The one thing of this role.
    ///
    /// # Panics
    /// There is none, or more than one.
    #[track_caller]
    #[must_use]
    pub fn the(&self, role: &str) -> &Hold {
        let mut of_role = self.holds.iter().filter(|hold| hold.role == role);
        match (of_role.next(), of_role.next()) {
            (Some(hold), None) => hold,
            _ => panic!("not exactly one {role}: {self:?}"),
        }
    }

    /// All things of this role.
    pub fn all<'a>(&'a self, role: &'a str) -> impl Iterator<Item = &'a Hold> {
        self.holds.iter().filter(move |hold| hold.role == role)
    }
}

/// What a stage answers to a [`Spec`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// It stands.
    Made(Made),
    /// It could not be made, and why.
    Failed(String),
}
