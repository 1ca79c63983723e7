//! Which rows are meant. Items of one kind add up; kinds add up too, or must all fit under
//! `-a`; exclusions and states go before everything.

use crate::options::Options;
use crate::row::Row;
use cli::Error;
use model::{FileKind, Foreign, Pid, Process, Proto, Uid};
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

#[derive(Debug)]
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
#[derive(Debug, Default)]
pub(crate) struct Excluded {
    pids: Vec<u32>,
    groups: Vec<u32>,
    users: Vec<u32>,
    commands: Vec<Command>,
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

    /// Whether only rows of these kinds can be meant.
    pub(crate) fn only(&self, classes: &[Class]) -> bool {
        let named = |item: &Item| classes.contains(&item.what.class());
        if self.all {
            self.items.iter().any(named)
        } else {
            !self.items.is_empty() && self.items.iter().all(named)
        }
    }

    /// The processes that can be meant, if the selection names them.
    pub(crate) fn pids(&self) -> Option<HashSet<Pid>> {
        if !self.only(&[Class::Pid]) {
            return None;
        }
        let pids = self.items.iter().filter_map(|item| match item.what {
            What::Pid(pid) => Some(Pid(pid)),
            _ => None,
        });
        Some(pids.collect())
    }

    /// Whether a process is not refused.
    pub(crate) fn admits(&self, process: &Process) -> bool {
        let not = &self.not;
        let group = process
            .pgid
            .is_some_and(|group| not.groups.contains(&group.0));
        let user = process.uid.is_some_and(|uid| not.users.contains(&uid.0));
        let comm = process.comm.as_bytes();
        !(not.pids.contains(&process.id.pid.0)
            || group
            || user
            || not.commands.iter().any(|command| command.matches(comm)))
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
        What::Pid(pid) => process.id.pid.0 == *pid,
        What::Group(group) => process.pgid.is_some_and(|own| own.0 == *group),
        What::User(uid) => process.uid.is_some_and(|own| own.0 == *uid),
        What::Command(command) => command.matches(process.comm.as_bytes()),
        What::Tasks => row.tid.is_some(),
        What::Inet(address) => row
            .near_socket()
            .and_then(|socket| socket.kind.inet())
            // Raw sockets have no ports: they are meant only by their name.
            .is_some_and(|inet| {
                address.matches(inet) && (inet.proto != Proto::Raw || address.proto.is_some())
            }),
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

pub(crate) fn usage(text: &str) -> Error {
    Error::Usage(render::safe::escaped(text.as_bytes()))
}
