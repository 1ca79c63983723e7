//! What a port's row shows.

use compare::System;
use compare::finding::Finding;
use model::{Foreign, State};
use render::{Align, Column};

/// The columns of the table of ports, in order.
pub(crate) fn of(system: System) -> [&'static Column<Finding>; 11] {
    let vector = match system.is_solaris() {
        false => &VECTOR,
        true => &VECTOR_SOLARIS,
    };
    [
        &VERDICT, &PROTO, &ADDRESS, &PORT, &SERVICE, &STATE, vector, &PID, &COMMAND, &UID, &PROGRAM,
    ]
}

const VERDICT: Column<Finding> = Column {
    key: "verdict",
    heading: "VERDICT",
    help: "what the testimony amounts to",
    align: Align::Left,
    width: 7,
    cell: |port, out| out.word(port.verdict.name()),
};

const PROTO: Column<Finding> = Column {
    key: "protocol",
    heading: "PROTO",
    help: "transport",
    align: Align::Left,
    width: 5,
    cell: |port, out| out.word(port.proto.name()),
};

const ADDRESS: Column<Finding> = Column {
    key: "address",
    heading: "ADDRESS",
    help: "local address",
    align: Align::Right,
    width: 7,
    cell: |port, out| {
        out.show(port.addr);
        if let Some(device) = &port.device {
            out.word("%");
            out.foreign(device.as_bytes());
        }
    },
};

const PORT: Column<Finding> = Column {
    key: "port",
    heading: "PORT",
    help: "local port",
    align: Align::Right,
    width: 4,
    cell: |port, out| out.number(port.port.into()),
};

const SERVICE: Column<Finding> = Column {
    key: "service",
    heading: "SERVICE",
    help: "registered name of the port",
    align: Align::Left,
    width: 7,
    cell: |port, out| out.word(port.service.unwrap_or("-")),
};

const STATE: Column<Finding> = Column {
    key: "state",
    heading: "STATE",
    help: "state of the socket",
    align: Align::Left,
    width: 5,
    cell: |port, out| match state(port) {
        None => out.word("-"),
        Some(state) => out.show(state),
    },
};

/// The state worth telling: the kernel's word for a datagram socket without a peer says
/// nothing to a reader.
pub(crate) fn state(port: &Finding) -> Option<State> {
    port.state.filter(|state| *state != State::Close)
}

const VECTOR: Column<Finding> = Column {
    key: "vector",
    heading: "TNOBLRPH",
    help: "what text table, netlink, owner walk, bind, local connect, remote scan, private procfs \
           and the walk without procfs say",
    align: Align::Left,
    width: 8,
    cell: |port, out| out.show(port.vector),
};

const VECTOR_SOLARIS: Column<Finding> = Column {
    key: "vector",
    heading: "TOBLR",
    help: "what the tables, owner walk, bind, local connect and remote scan say",
    align: Align::Left,
    width: 5,
    cell: |port, out| out.word(&port.vector.shown(System::Illumos)),
};

const PID: Column<Finding> = Column {
    key: "pid",
    heading: "PID",
    help: "the first owner",
    align: Align::Right,
    width: 3,
    cell: |port, out| match port.pid {
        Some(pid) => out.number(pid.0.into()),
        None => out.word("-"),
    },
};

const COMMAND: Column<Finding> = Column {
    key: "command",
    heading: "COMMAND",
    help: "its name, and how many further owners there are",
    align: Align::Left,
    width: 7,
    cell: |port, out| {
        match &port.command {
            Some(command) => out.foreign(command.as_bytes()),
            None => out.word("-"),
        }
        if port.owners.len() > 1 {
            out.word(" +");
            out.show(port.owners.len() - 1);
        }
    },
};

const UID: Column<Finding> = Column {
    key: "uid",
    heading: "UID",
    help: "the first owner's user",
    align: Align::Right,
    width: 3,
    cell: |port, out| match port.owners.first().and_then(|holder| holder.owner.uid) {
        Some(uid) => out.number(uid.0.into()),
        None => out.word("-"),
    },
};

const PROGRAM: Column<Finding> = Column {
    key: "exe",
    heading: "PROGRAM",
    help: "the first owner's program file, and what is odd about it",
    align: Align::Left,
    width: 7,
    cell: |port, out| {
        let first = port.owners.first();
        match first.and_then(|holder| holder.exe.as_ref()) {
            Some(exe) => out.foreign(Foreign::as_bytes(exe)),
            None => out.word("-"),
        }
        for flag in first.into_iter().flat_map(|holder| &holder.flags) {
            out.word(" ");
            out.word(flag.name());
        }
    },
};
