//! Who holds a socket, as surely as the release tells.

use host::solaris::Held;
use model::{Foreign, Gaps, Pid, Socket, Uid};
use render::Text;
use std::collections::BTreeMap;
use sysroot::Sysroot;

/// What is told of the holders of each socket, in the order of the sockets.
pub(crate) struct Owners {
    held: Vec<Held>,
    users: BTreeMap<Uid, Foreign>,
    names: BTreeMap<Pid, Foreign>,
}

/// One holder, as a row shows it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Holder {
    uid: Option<Uid>,
    pid: Option<Pid>,
    command: Foreign,
    /// A hint, no owner.
    unsure: bool,
}

impl Owners {
    /// Walks the processes.
    pub(crate) fn find(root: &Sysroot, sockets: &[Socket]) -> (Owners, Gaps) {
        let (finds, processes, told) = host::solaris::finds(root);
        let names = processes.into_iter().map(|it| (it.id.pid, it.comm));
        let owners = Owners {
            held: host::solaris::owners(sockets, &finds),
            users: host::users(root),
            names: names.collect(),
        };
        (owners, told.gaps)
    }

    /// The holders of a socket, by its place among those asked for; at least one row.
    pub(crate) fn of(&self, at: usize) -> Vec<Holder> {
        let rows = match self.held.get(at) {
            Some(Held::By(owners)) => holders(owners, false),
            Some(Held::Perhaps(owners)) => holders(owners, true),
            Some(Held::MadeBy(pid)) => vec![Holder {
                uid: None,
                pid: Some(*pid),
                command: self.names.get(pid).cloned().unwrap_or_default(),
                unsure: true,
            }],
            Some(Held::Unknown) | None => Vec::new(),
        };
        match rows.is_empty() {
            true => vec![Holder::default()],
            false => rows,
        }
    }

    /// Appends user, process and command.
    pub(crate) fn show(&self, holder: &Holder, command: usize, out: &mut Text) {
        let mut cell = |room: usize, align, fill: &dyn Fn(&mut Text)| {
            let from = out.len();
            fill(out);
            out.truncate(from, room);
            out.pad(from, room, align);
            out.word(" ");
        };
        let user = |out: &mut Text| match holder.uid {
            Some(uid) => match self.users.get(&uid) {
                Some(name) => out.foreign(name.as_bytes()),
                None => out.number(uid.0.into()),
            },
            None => out.word("-"),
        };
        cell(8, render::Align::Left, &user);
        let pid = |out: &mut Text| match (holder.pid, holder.unsure) {
            (Some(pid), true) => out.show(format_args!("?{pid}")),
            (Some(pid), false) => out.number(pid.0.into()),
            (None, _) => out.word("-"),
        };
        cell(6, render::Align::Right, &pid);
        cell(command, render::Align::Left, &|out: &mut Text| {
            out.foreign(holder.command.as_bytes());
        });
    }
}

/// Each process once.
fn holders(owners: &[model::Owner], unsure: bool) -> Vec<Holder> {
    let mut rows: Vec<Holder> = Vec::new();
    for owner in owners {
        let pid = Some(owner.id.pid);
        if rows.iter().all(|row| row.pid != pid) {
            rows.push(Holder {
                uid: owner.uid,
                pid,
                command: owner.comm.clone(),
                unsure,
            });
        }
    }
    rows
}
