//! Unix sockets by the text table, checked against sock_diag, whose names cannot forge rows.

use super::ask::{SocketAsk, States, Told};
use super::order;
use super::tables::{Stand, sockets_in};
use crate::parse::forgery::{Forgery, forgery};
use crate::parse::proc_net::Table;
use model::gap::counted;
use model::{Family, Gap, Kind, Socket, Source};
use std::collections::BTreeMap;
use sysroot::Sysroot;

/// Gives every unix socket of the text table that is one. Rows forged by a newline in a name
/// are left out, and a gap tells of each such name; its own row gets the whole name. Names
/// are asked before and after the text is read.
pub fn unix_sockets(stand: &Stand, root: &Sysroot, sink: &mut dyn FnMut(Socket)) -> Told {
    let ask = SocketAsk {
        tables: vec![(Family::Unix, None)],
        states: States::ALL,
        port: None,
    };
    let mut forgeries = Forgeries::default();
    let table = Table {
        family: Family::Unix,
        proto: None,
        netns: stand.netns,
        order: order(root),
    };
    let names = |found: &mut Forgeries| {
        sockets_in(stand, root, Source::Netlink, &ask, &mut |socket| {
            found.look(&socket, &table);
        })
    };
    let before = names(&mut forgeries);
    let mut rows = Vec::new();
    let mut told = sockets_in(stand, root, Source::Procfs, &ask, &mut |row| rows.push(row));
    let after = names(&mut forgeries);
    for gap in before.gaps.into_iter().chain(after.gaps) {
        if !told.gaps.contains(&gap) {
            told.gaps.push(gap);
        }
    }
    told.gaps.extend(forgeries.judge(&mut rows));
    rows.into_iter().for_each(sink);
    told
}

/// Names with a newline, by the inode of their socket.
#[derive(Default)]
struct Forgeries(BTreeMap<u64, Forgery>);

impl Forgeries {
    fn look(&mut self, socket: &Socket, table: &Table) {
        if let Kind::Unix(unix) = &socket.kind
            && let Some(name) = &unix.path
            && let Some(found) = forgery(socket.inode, name, table)
        {
            self.0.insert(socket.inode.0, found);
        }
    }

    /// Puts the rows right, and says what was wrong with them.
    fn judge(self, rows: &mut Vec<Socket>) -> Vec<Gap> {
        let mut gaps = Vec::new();
        for Forgery {
            inode,
            name,
            rows: forged,
        } in self.0.into_values()
        {
            let mut left_out = 0;
            for fake in &forged {
                if let Some(at) = rows.iter().position(|row| row == fake) {
                    rows.remove(at);
                    left_out += 1;
                }
            }
            let begins = |row: &&mut Socket| row.inode == inode;
            for row in rows.iter_mut().filter(begins) {
                if let Kind::Unix(unix) = &mut row.kind {
                    unix.path = Some(name.clone());
                }
            }
            let rows = counted(left_out, "row", "rows");
            let reason = format!(
                "name-injection: a newline in the name of socket {inode} forges {rows}, left out"
            );
            gaps.push(Gap::new("/proc/net/unix", reason));
        }
        gaps
    }
}
