//! Sockets and who holds them, joined by inode: an outer join, every owner kept.

use model::process::Holding;
use model::record::SocketRow;
use model::{Inode, Owner, Socket};
use std::collections::HashMap;

/// Owners by the inode they hold.
#[derive(Clone, Debug, Default)]
pub struct Holders(HashMap<Inode, Vec<Owner>>);

impl Holders {
    /// Sorts holdings by inode; the owners of one socket keep their order.
    #[must_use]
    pub fn new(holdings: Vec<Holding>) -> Holders {
        let mut owners: HashMap<Inode, Vec<Owner>> = HashMap::with_capacity(holdings.len());
        for Holding { inode, owner } in holdings {
            owners.entry(inode).or_default().push(owner);
        }
        Holders(owners)
    }

    /// Owners of one socket; none of a socket without inode, which no file stands for.
    #[must_use]
    pub fn of(&self, inode: Inode) -> &[Owner] {
        match inode {
            Inode(0) => &[],
            inode => self.0.get(&inode).map_or(&[], Vec::as_slice),
        }
    }
}

/// Gives a socket its owners. One nobody was found holding keeps an empty list: that nobody
/// holds it is worth telling.
#[must_use]
pub fn hold(socket: Socket, holders: &Holders) -> SocketRow {
    let owners = holders.of(socket.inode).to_vec();
    SocketRow {
        socket,
        owners: Some(owners),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Foreign, Held, Kind, Netlink, Pid, ProcessId};

    fn holding(inode: u64, pid: u32) -> Holding {
        Holding {
            inode: Inode(inode),
            owner: Owner {
                id: ProcessId {
                    pid: Pid(pid),
                    start: 1,
                },
                tid: None,
                comm: Foreign::from("x"),
                uid: None,
                held: Held::Fd { fd: 3 },
            },
        }
    }

    fn pids(inode: u64, holdings: Vec<Holding>) -> Vec<u32> {
        let kind = Kind::Netlink(Netlink {
            protocol: 0,
            portid: 0,
            groups: 0,
        });
        let row = hold(Socket::new(kind, Inode(inode)), &Holders::new(holdings));
        row.owners
            .unwrap()
            .iter()
            .map(|owner| owner.id.pid.0)
            .collect()
    }

    #[test]
    fn all_owners_and_none() {
        let all = || vec![holding(7, 1), holding(8, 2), holding(7, 3), holding(0, 4)];
        assert_eq!(pids(7, all()), [1, 3]);
        assert_eq!(pids(9, all()), [0u32; 0]);
        assert_eq!(
            pids(0, all()),
            [0u32; 0],
            "TIME_WAIT has no owner by nature"
        );
    }
}
