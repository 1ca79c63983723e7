//! vsock and XDP sockets: by sock_diag alone, and only where the kernel has such sockets.

use super::ask::{SocketAsk, States, Told};
use super::tables::{Stand, sockets_in};
use crate::parse::text::Words;
use model::{Family, Gap, Socket, Source};
use sysroot::Sysroot;

/// What is told where the kernel has such sockets and its handler for sock_diag is missing.
const UNLISTED: &str = "this kernel has such sockets and nothing that lists them";

/// Gives the sockets of a family. Asking may load a module of the kernel: where the family was
/// not `named` by who asks, it is left alone unless the kernel has it already, and nothing is
/// said of a kernel that cannot list it, or of a recording without the answer.
pub fn sockets(
    root: &Sysroot,
    stand: &Stand,
    family: Family,
    named: bool,
    sink: &mut dyn FnMut(Socket),
) -> Told {
    let mut told = Told::default();
    told.coverage.netns = stand.netns;
    if !named && !knows(root, stand, family) {
        return told;
    }
    let ask = SocketAsk {
        tables: vec![(family, None)],
        states: States::ALL,
        port: None,
    };
    told = sockets_in(stand, root, Source::Netlink, &ask, sink);
    if !named && !root.is_live() {
        told.gaps.retain(|gap| gap.errno != Some(libc::ENOENT));
    }
    let silent = told.coverage.looked.is_empty() && told.gaps.is_empty();
    if named && silent && knows(root, stand, family) {
        let name = if family == Family::Xdp {
            "xdp"
        } else {
            "vsock"
        };
        told.gaps
            .push(Gap::new(format!("sock_diag/{name}"), UNLISTED));
    }
    told
}

/// Whether the kernel says that it has sockets of the family (`/proc/net/protocols`, where
/// each is by the name of its `struct proto`).
fn knows(root: &Sysroot, stand: &Stand, family: Family) -> bool {
    let name: &[u8] = match family {
        Family::Vsock => b"AF_VSOCK",
        Family::Xdp => b"XDP",
        Family::Inet | Family::Inet6 | Family::Unix | Family::Packet | Family::Netlink => {
            return false;
        }
    };
    let text = root.read(format!("{}/protocols", stand.net));
    text.is_ok_and(|text| {
        text.split(|&byte| byte == b'\n')
            .any(|line| Words::new(line).next() == Some(name))
    })
}
