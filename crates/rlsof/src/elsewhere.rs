//! Sockets no table tells of: not bound, of a family without tables, or in a network
//! namespace no process is in. Each is asked itself.

use model::asked::AskedSocket;
use model::{FileKind, Inode, OpenFile, Pid, Process, Slot, Socket, State};
use std::collections::HashMap;
use std::rc::Rc;
use sysroot::Sysroot;

/// What a socket said of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The socket, where it has an address.
    pub(crate) socket: Option<Socket>,
    /// What it is otherwise: `TCP`, `AF_VSOCK`.
    pub(crate) protocol: Option<String>,
}

/// Sockets asked so far, each once.
pub(crate) struct Elsewhere<'a> {
    root: &'a Sysroot,
    asked: HashMap<Inode, Rc<Answer>>,
}

impl<'a> Elsewhere<'a> {
    pub(crate) fn new(root: &'a Sysroot) -> Elsewhere<'a> {
        Elsewhere {
            root,
            asked: HashMap::new(),
        }
    }

    /// Asks the socket behind a descriptor. One that cannot be reached says nothing, which
    /// its row shows.
    pub(crate) fn ask(
        &mut self,
        process: &Process,
        tid: Option<Pid>,
        file: &OpenFile,
    ) -> Option<Rc<Answer>> {
        let (FileKind::Socket, Slot::Fd(fd), Some(inode)) = (file.kind, file.slot, file.inode)
        else {
            return None;
        };
        if let Some(answer) = self.asked.get(&inode) {
            return Some(Rc::clone(answer));
        }
        let task = tid.unwrap_or(process.id.pid);
        let told = host::ask_socket(self.root, task, tid.is_some(), fd, inode).ok()?;
        let answer = Rc::new(understand(&told.0, told.1));
        self.asked.insert(inode, Rc::clone(&answer));
        Some(answer)
    }
}

fn understand(asked: &AskedSocket, state: Option<State>) -> Answer {
    let socket = asked.socket(state);
    Answer {
        protocol: socket.is_none().then(|| word(asked)),
        socket,
    }
}

/// The kernel's own word for a protocol, as `system.sockprotoname` has it.
#[rustfmt::skip]
fn word(asked: &AskedSocket) -> String {
    const FAMILIES: &[(i32, &str)] = &[
        (1, "UNIX"), (15, "KEY"), (16, "NETLINK"), (17, "PACKET"), (21, "RDS"), (29, "CAN"),
        (30, "TIPC"), (31, "BLUETOOTH"), (38, "ALG"), (40, "AF_VSOCK"), (41, "KCM"),
        (42, "QIPCRTR"), (43, "SMC"), (44, "XDP"),
    ];
    if let Some(proto) = asked.proto() {
        let version = if asked.domain == 10 { "v6" } else { "" };
        return format!("{}{version}", proto.name().to_uppercase());
    }
    match FAMILIES.iter().find(|row| row.0 == asked.domain) {
        Some((_, word)) => (*word).to_owned(),
        None => format!("family {}", asked.domain),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(domain: i32, socket_type: i32, protocol: i32, local: &str) -> AskedSocket {
        AskedSocket {
            inode: Inode(7),
            domain,
            socket_type,
            protocol,
            local: local
                .parse()
                .ok()
                .map(|addr: std::net::SocketAddr| (addr.ip(), addr.port())),
            ..AskedSocket::default()
        }
    }

    #[track_caller]
    fn check(asked: &AskedSocket, state: Option<State>, shown: &str) {
        let answer = understand(asked, state);
        let told = match (answer.socket, answer.protocol) {
            (Some(socket), None) => {
                let inet = socket.kind.inet().unwrap().clone();
                format!("{} {}:{} {}", inet.proto, inet.local, inet.port, inet.state)
            }
            (None, Some(word)) => word,
            other => panic!("{other:?}"),
        };
        assert_eq!(told, shown);
    }

    #[test]
    fn sockets_tell_what_they_are() {
        let mut listener = asked(2, 1, 6, "0.0.0.0:7013");
        listener.listening = true;
        check(&listener, Some(State::Listen), "tcp 0.0.0.0:7013 LISTEN");
        let bound = asked(10, 1, 6, "[::]:7001");
        check(&bound, Some(State::Close), "tcp :::7001 BOUND");
        check(
            &asked(2, 2, 17, "127.0.0.1:53"),
            None,
            "udp 127.0.0.1:53 CLOSE",
        );
        check(&asked(2, 1, 6, "0.0.0.0:0"), Some(State::Close), "TCP");
        check(&asked(10, 1, 6, "[::]:0"), Some(State::Close), "TCPv6");
        check(&asked(40, 1, 0, ""), None, "AF_VSOCK");
        check(&asked(99, 1, 0, ""), None, "family 99");
    }
}
