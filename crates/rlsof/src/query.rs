//! Which rows are meant. Items of one kind add up; kinds add up too, or must all fit under
//! `-a`; exclusions and states go before everything.

use crate::options::Options;
use crate::row::Row;
use cli::Error;
use model::{FileKind, Foreign, Inet, Pid, Process, Proto, Socket, Uid};
use select::{Address, Command, Fds, Numbers, Place, StateFilter, Users};
use std::collections::{BTreeMap, HashSet};

/// One thing asked for, and whether it was met.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) what: What,
    /// What kind of thing it is, and how it was typed, for `-V`.
    pub(crate) label: (&'static str, String),
    pub(crate) found: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum What {
    Pid(u32),
    Group(u32),
    User(u32),
    Command(Command),
    /// The threads that have tables of their own.
    Tasks,
    Inet(Address),
    Unix,
    /// On a file system of these devices.
    Nfs(HashSet<u64>),
    Fd,
    /// Fewer links than this.
    Links(u64),
    Place(Place),
}

/// The kinds that `-a` joins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Pid,
    Group,
    User,
    Command,
    Tasks,
    Inet,
    Unix,
    Nfs,
    Fd,
    Links,
    Place,
}

impl What {
    pub(crate) fn class(&self) -> Class {
        match self {
            What::Pid(_) => Class::Pid,
            What::Group(_) => Class::Group,
            What::User(_) => Class::User,
            What::Command(_) => Class::Command,
            What::Tasks => Class::Tasks,
            What::Inet(_) => Class::Inet,
            What::Unix => Class::Unix,
            What::Nfs(_) => Class::Nfs,
            What::Fd => Class::Fd,
            What::Links(_) => Class::Links,
            What::Place(_) => Class::Place,
        }
    }
}

/// What was asked for.
#[derive(Debug, Default)]
pub(crate) struct Query {
    pub(crate) items: Vec<Item>,
    pub(crate) all: bool,
    pub(crate) not: Excluded,
    pub(crate) fds: Fds,
    pub(crate) states: Vec<StateFilter>,
}

/// Processes refused whatever else is asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Excluded {
    pids: Vec<u32>,
    groups: Vec<u32>,
    users: Vec<u32>,
    commands: Vec<Command>,
}

impl Excluded {
    fn is_empty(&self) -> bool {
        let Excluded {
            pids,
            groups,
            users,
            commands,
        } = self;
        pids.is_empty() && groups.is_empty() && users.is_empty() && commands.is_empty()
    }

    fn admits(&self, process: &Process) -> bool {
        let group = process
            .pgid
            .is_some_and(|group| self.groups.contains(&group.0));
        let user = process.uid.is_some_and(|uid| self.users.contains(&uid.0));
        let comm = process.comm.as_bytes();
        !(self.pids.contains(&process.id.pid.0)
            || group
            || user
            || self.commands.iter().any(|command| command.matches(comm)))
    }
}

/// Selections that a process meets or does not, whatever it holds open.
pub(crate) struct Who {
    /// Of these kinds, one each under `all`, else any one of all; none name nobody in particular.
    named: Vec<What>,
    all: bool,
    not: Excluded,
}

impl Who {
    /// Whether a row of this process can be meant. What is not known of it, it may be.
    pub(crate) fn may_mean(&self, process: &Process) -> bool {
        let meets = |what: &What| match what {
            What::Group(group) => process.pgid.is_none_or(|own| own.0 == *group),
            What::User(uid) => process.uid.is_none_or(|own| own.0 == *uid),
            other => of_process(other, process),
        };
        let class_met = |class: Class| {
            let of_class = |what: &&What| what.class() == class;
            self.named.iter().filter(of_class).any(meets)
        };
        let named = if self.all {
            self.named.iter().all(|what| class_met(what.class()))
        } else {
            self.named.is_empty() || self.named.iter().any(meets)
        };
        named && self.not.admits(process)
    }
}

impl Query {
    /// Reads the selections, but for files, which must be looked up.
    ///
    /// # Errors
    /// Usage: the first selection that was not understood.
    pub(crate) fn new(options: &Options, names: &BTreeMap<Uid, Foreign>) -> Result<Query, Error> {
        let mut query = Query {
            all: options.and,
            ..Query::default()
        };
        query.processes(options, names)?;
        query.commands(options)?;
        for spec in &options.inet {
            let address =
                Address::parse(spec).map_err(|why| usage(&format!("{why} in -i {spec}")))?;
            query.push(What::Inet(address), "Internet address", spec);
        }
        if options.unix {
            query.push(What::Unix, "unix sockets", "");
        }
        for list in &options.fd {
            query
                .fds
                .add(list)
                .map_err(|why| usage(&format!("{why} in -d {list}")))?;
        }
        if !query.fds.is_empty() && !query.fds.excludes() {
            query.push(What::Fd, "descriptors", "");
        }
        for spec in options.size.iter().filter(|spec| !spec.is_empty()) {
            let filter =
                StateFilter::parse(spec).map_err(|why| usage(&format!("{why} in -s {spec}")))?;
            query.states.push(filter);
        }
        if let Some(most) = options.links.as_deref().filter(|most| !most.is_empty()) {
            let most = most
                .parse()
                .map_err(|_| usage(&format!("no number in +L {most}")))?;
            query.push(What::Links(most), "files with few links", "");
        }
        Ok(query)
    }

    fn processes(
        &mut self,
        options: &Options,
        names: &BTreeMap<Uid, Foreign>,
    ) -> Result<(), Error> {
        let (mut pids, mut groups, mut users) =
            (Numbers::default(), Numbers::default(), Users::default());
        for list in &options.pid {
            pids.add(list)
                .map_err(|why| usage(&format!("{why} in -p {list}")))?;
        }
        for list in options.pgid.iter().filter(|list| !list.is_empty()) {
            groups
                .add(list)
                .map_err(|why| usage(&format!("{why} in -g {list}")))?;
        }
        for list in &options.user {
            users
                .add(list)
                .map_err(|why| usage(&format!("{why} in -u {list}")))?;
        }
        let users = users
            .resolve(names)
            .map_err(|why| usage(&format!("{why} in -u")))?;
        for pid in pids.only {
            self.push(What::Pid(pid), "process ID", &pid.to_string());
        }
        for group in groups.only {
            self.push(What::Group(group), "process group ID", &group.to_string());
        }
        for user in users.only {
            self.push(What::User(user), "user ID", &user.to_string());
        }
        self.not.pids = pids.not;
        self.not.groups = groups.not;
        self.not.users = users.not;
        Ok(())
    }

    fn commands(&mut self, options: &Options) -> Result<(), Error> {
        for word in &options.command {
            match Command::parse(word).map_err(|why| usage(&format!("{why} in -c {word}")))? {
                not @ Command::Not(_) => self.not.commands.push(not),
                command => self.push(What::Command(command), "command", word),
            }
        }
        match options.tasks.as_deref() {
            None | Some("i") => {}
            Some("") => self.push(What::Tasks, "threads with tables of their own", ""),
            Some(other) => return Err(usage(&format!("-K takes i or nothing, not {other}"))),
        }
        Ok(())
    }

    pub(crate) fn push(&mut self, what: What, kind: &'static str, typed: &str) {
        self.items.push(Item {
            what,
            label: (kind, typed.to_owned()),
            found: false,
        });
    }

    /// Whether nothing is selected and nothing refused.
    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
            && self.not.is_empty()
            && self.fds.is_empty()
            && self.states.is_empty()
    }

    /// Whether only rows of these kinds can be meant.
    pub(crate) fn only(&self, classes: &[Class]) -> bool {
        let named = |item: &Item| classes.contains(&item.what.class());
        if self.all {
            self.items.iter().any(named)
        } else {
            !self.items.is_empty() && self.items.iter().all(named)
        }
    }

    /// The processes that can be meant, if the selection names them and does not refuse them.
    pub(crate) fn pids(&self) -> Option<HashSet<Pid>> {
        if !self.only(&[Class::Pid]) {
            return None;
        }
        let pids = self.items.iter().filter_map(|item| match item.what {
            What::Pid(pid) if !self.not.pids.contains(&pid) => Some(Pid(pid)),
            _ => None,
        });
        Some(pids.collect())
    }

    /// Whether a process is not refused.
    pub(crate) fn admits(&self, process: &Process) -> bool {
        self.not.admits(process)
    }

    /// What decides by a process alone whether any of its rows can be meant; none where every
    /// process may have some.
    pub(crate) fn who(&self) -> Option<Who> {
        let of_processes = [Class::Pid, Class::Group, Class::User, Class::Command];
        let named = if self.all || self.only(&of_processes) {
            self.items
                .iter()
                .map(|item| item.what.clone())
                .filter(|what| of_processes.contains(&what.class()))
                .collect()
        } else {
            Vec::new()
        };
        let who = Who {
            named,
            all: self.all,
            not: self.not.clone(),
        };
        (!who.named.is_empty() || !who.not.is_empty()).then_some(who)
    }

    /// Whether it takes the address of a socket to tell that a row is meant.
    pub(crate) fn needs_addresses(&self) -> bool {
        let by_address = |item: &Item| match &item.what {
            What::Inet(_) | What::Unix => true,
            What::Place(Place::Socket { .. } | Place::Below { .. }) => true,
            What::Place(_) | What::Pid(_) | What::Group(_) | What::User(_) => false,
            What::Command(_) | What::Tasks | What::Nfs(_) | What::Fd | What::Links(_) => false,
        };
        self.items.iter().any(by_address)
    }

    /// Whether a row of an admitted process is meant. Notes which items it meets.
    pub(crate) fn picks(&mut self, row: &Row<'_>) -> bool {
        if self.fds.excludes() && self.fds.names(row.file.slot) {
            return false;
        }
        if let Some(inet) = row.socket.and_then(|socket| socket.kind.inet())
            && !self.states.iter().all(|filter| filter.admits(inet))
        {
            return false;
        }
        if self.items.is_empty() {
            return true;
        }
        let (mut met, mut asked) = (0u16, 0u16);
        for item in &mut self.items {
            let class = 1 << item.what.class() as u16;
            asked |= class;
            if meets(&item.what, &self.fds, row) {
                item.found = true;
                met |= class;
            }
        }
        if self.all { met == asked } else { met != 0 }
    }

    /// Whether an internet socket is asked for, by its address and state.
    pub(crate) fn asks_for(&self, socket: &Socket) -> bool {
        let Some(inet) = socket.kind.inet() else {
            return false;
        };
        let by_address = |item: &Item| match &item.what {
            What::Inet(address) => fits(address, inet),
            _ => false,
        };
        self.states.iter().all(|filter| filter.admits(inet)) && self.items.iter().any(by_address)
    }

    /// What was asked for and not met: its kind, and how it was typed.
    pub(crate) fn misses(&self) -> impl Iterator<Item = &(&'static str, String)> {
        self.items
            .iter()
            .filter(|item| !item.found)
            .map(|item| &item.label)
    }

    /// Forgets what was met, for the next round.
    pub(crate) fn reset(&mut self) {
        for item in &mut self.items {
            item.found = false;
        }
    }
}

fn meets(what: &What, fds: &Fds, row: &Row<'_>) -> bool {
    let process = row.process;
    match what {
        What::Pid(_) | What::Group(_) | What::User(_) | What::Command(_) => {
            of_process(what, process)
        }
        What::Tasks => row.tid.is_some(),
        What::Inet(address) => row
            .near_socket()
            .and_then(|socket| socket.kind.inet())
            .is_some_and(|inet| fits(address, inet)),
        What::Unix => row.near_socket().is_some() && row.unix().is_some(),
        What::Nfs(devices) => row.file.device.is_some_and(|own| devices.contains(&own)),
        What::Fd => fds.names(row.file.slot),
        What::Links(most) => {
            row.file.kind != FileKind::Anon && row.file.links.is_some_and(|own| own < *most)
        }
        What::Place(place) => {
            let path = row.unix().and_then(|unix| unix.path.as_ref());
            place.matches(row.file, path.map(Foreign::as_bytes))
        }
    }
}

/// Raw sockets have no ports: they are meant only by their name.
fn fits(address: &Address, inet: &Inet) -> bool {
    address.matches(inet) && (inet.proto != Proto::Raw || address.proto.is_some())
}

/// Whether a process meets what is asked of processes.
fn of_process(what: &What, process: &Process) -> bool {
    match what {
        What::Pid(pid) => process.id.pid.0 == *pid,
        What::Group(group) => process.pgid.is_some_and(|own| own.0 == *group),
        What::User(uid) => process.uid.is_some_and(|own| own.0 == *uid),
        What::Command(command) => command.matches(process.comm.as_bytes()),
        What::Tasks | What::Inet(_) | What::Unix | What::Nfs(_) | What::Fd => false,
        What::Links(_) | What::Place(_) => false,
    }
}

pub(crate) fn usage(text: &str) -> Error {
    Error::Usage(render::safe::escaped(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::ProcessId;

    /// Whether rows of a process of this pid, user 7 and command `sshd` may be meant.
    fn may_mean(pid: u32, options: &Options) -> Option<bool> {
        let process = Process {
            id: ProcessId {
                pid: Pid(pid),
                start: 1,
            },
            ppid: None,
            pgid: Some(Pid(70)),
            uid: Some(Uid(7)),
            comm: Foreign::from("sshd"),
            cmdline: None,
            exe: None,
            netns: None,
            kernel_thread: false,
            zone: None,
        };
        let query = Query::new(options, &BTreeMap::new()).unwrap();
        Some(query.who()?.may_mean(&process))
    }

    fn words(list: &[&str]) -> Vec<String> {
        list.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn a_process_that_cannot_be_meant_is_known_by_what_it_is() {
        let none = Options::default();
        assert_eq!(may_mean(5, &none), None);
        let by_pid = Options {
            pid: words(&["5,6"]),
            ..Options::default()
        };
        assert_eq!(may_mean(5, &by_pid), Some(true));
        assert_eq!(may_mean(4, &by_pid), Some(false));
        let refused = Options {
            pid: words(&["^5"]),
            ..Options::default()
        };
        assert_eq!(may_mean(5, &refused), Some(false));
        assert_eq!(may_mean(4, &refused), Some(true));
        let either = Options {
            pid: words(&["5"]),
            inet: words(&[""]),
            ..Options::default()
        };
        // Anybody may have an internet socket.
        assert_eq!(may_mean(4, &either), None);
        let both = Options {
            and: true,
            ..either
        };
        assert_eq!(may_mean(4, &both), Some(false));
        let user_and_command = Options {
            and: true,
            user: words(&["7"]),
            command: words(&["ss"]),
            ..Options::default()
        };
        assert_eq!(may_mean(4, &user_and_command), Some(true));
        let other = Options {
            command: words(&["cron"]),
            ..user_and_command
        };
        assert_eq!(may_mean(4, &other), Some(false));
    }
}
