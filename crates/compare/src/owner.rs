//! Who holds a socket, how, and what it means when nobody was found.

use crate::copies;
use crate::named;
use crate::sandwich::{ENOUGH, Testimony};
use crate::snapshot::{Sighting, Snapshot, View};
use crate::verdict::Verdict;
use model::asked::RingTrace;
use model::called::Called;
use model::{Gap, Held, Inode, KernelPort, Owner, Pid, Proto, Source, State};
use std::collections::BTreeSet;

/// What the owner walks say of one socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// These hold it.
    Held(Vec<Owner>),
    /// No process can: it has no inode.
    ByNature,
    /// Its row names no inode, so a walk can tell nothing of it; at most who may hold it, by
    /// the addresses of descriptors.
    Untold(Untold, Vec<Owner>),
    /// These hold it by copies of their descriptors, and walks that began after it was listed
    /// and ended before it was listed again met it nowhere, in every round that is needed.
    Unseen(Vec<Owner>),
    /// Nobody was found, by walks that began after it was listed and ended before it was
    /// listed again, in every round that is needed.
    Nobody,
    /// The same so far; more rounds are needed.
    Doubted,
    /// It was not there for long enough to say.
    Unsettled,
    /// Nobody walked the processes.
    Unasked,
}

/// Why a row names no inode (Solaris).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Untold {
    /// No row of this kernel does: illumos before October 2019, and Oracle's.
    Release,
    /// Others do: a socket of the kernel's own, or one that is being made or closed.
    Row,
}

/// What one round's walk says of a socket.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Walked {
    /// Listed before and after a walk that did not meet it.
    Missed,
    /// Not listed before or not after.
    Unsettled,
    /// No walk.
    Not,
}

/// What the walks were refused, put together once for all sockets.
#[derive(Clone, Debug, Default)]
pub struct Refused<'s> {
    /// Gaps that mean "this process may hold what nobody was found holding", in order.
    pub places: Vec<&'s Gap>,
    /// The processes that said no.
    denied: BTreeSet<Pid>,
}

impl<'s> Refused<'s> {
    /// Looks through all walks.
    #[must_use]
    pub fn of(snapshot: &'s Snapshot) -> Refused<'s> {
        const DENIED: [i32; 2] = [1, 13];
        let walks = snapshot.views.iter();
        let walks = walks.filter(|view| view.source == Source::Walk);
        let mut places: Vec<&Gap> = walks
            .flat_map(|view| &view.gaps)
            .filter(|gap| gap.errno.is_some() && gap.place.starts_with("/proc/"))
            .collect();
        places.sort_unstable();
        places.dedup();
        let said_no = |gap: &&&Gap| gap.errno.is_some_and(|errno| DENIED.contains(&errno));
        let process = |gap: &&Gap| {
            let (pid, _) = gap.place.strip_prefix("/proc/")?.split_once('/')?;
            Some(Pid(pid.parse().ok()?))
        };
        let denied = places.iter().filter(said_no).filter_map(process).collect();
        Refused { places, denied }
    }
}

/// Asks the walks for the owner of a socket.
#[must_use]
pub fn ownership(snapshot: &Snapshot, refused: &Refused<'_>, sighting: &Sighting) -> Ownership {
    let inode = sighting.socket.inode;
    if inode == Inode(0) {
        return without_inode(snapshot, sighting);
    }
    let owners: Vec<Owner> = snapshot.owners(inode).cloned().collect();
    if !owners.is_empty() {
        return Ownership::Held(owners);
    }
    // One whose process the walk was refused is no surprise to have been missed.
    let copied = copies::owners(snapshot, inode);
    let mut holders = copied.iter().map(|owner| owner.id.pid);
    if holders.any(|pid| refused.denied.contains(&pid)) {
        return Ownership::Held(copied);
    }
    let rounds: Vec<Walked> = (1..=snapshot.rounds())
        .map(|round| walked(snapshot, sighting, round))
        .filter(|walked| *walked != Walked::Not)
        .collect();
    let missed = rounds
        .iter()
        .rev()
        .take_while(|walked| **walked == Walked::Missed)
        .count();
    match (rounds.len(), missed) {
        (0, _) if copied.is_empty() => Ownership::Unasked,
        (1.., missed) if missed >= ENOUGH => match copied.is_empty() {
            true => Ownership::Nobody,
            false => Ownership::Unseen(copied),
        },
        (rounds @ 1.., missed) if rounds == missed => Ownership::Doubted,
        _ if copied.is_empty() => Ownership::Unsettled,
        _ => Ownership::Held(copied),
    }
}

/// A socket without inode: on Linux the end of a connection or its beginning. On Solaris
/// addresses tell some holders where no inodes do; where they do, one that is being closed
/// has none any more.
fn without_inode(snapshot: &Snapshot, sighting: &Sighting) -> Ownership {
    let state = sighting.inet().map(|inet| inet.state);
    if sighting.socket.streams.is_none() || state == Some(State::TimeWait) {
        return Ownership::ByNature;
    }
    if named::tells_inodes(snapshot) {
        let closing = [
            State::SynRecv,
            State::FinWait1,
            State::FinWait2,
            State::Closing,
            State::LastAck,
        ];
        return match state.is_some_and(|state| closing.contains(&state)) {
            true => Ownership::ByNature,
            false => Ownership::Untold(Untold::Row, Vec::new()),
        };
    }
    match named::holders(snapshot, sighting) {
        Called::Surely(owners) => Ownership::Held(owners),
        Called::Perhaps(owners) => Ownership::Untold(Untold::Release, owners),
        Called::Nobody => Ownership::Untold(Untold::Release, Vec::new()),
    }
}

fn walked(snapshot: &Snapshot, sighting: &Sighting, round: u32) -> Walked {
    let walk = snapshot.round(round).position(|(_, view)| view.walked());
    let Some(walk) = walk else { return Walked::Not };
    let seen = |at: usize, view: &View| {
        view.side().is_some() && snapshot.testimony(at, sighting) == Testimony::Seen
    };
    let mut before = snapshot.round(round).take(walk);
    let mut after = snapshot.round(round).skip(walk);
    let before = before.any(|(at, view)| seen(at, view));
    let after = after.any(|(at, view)| seen(at, view));
    if before && after {
        Walked::Missed
    } else {
        Walked::Unsettled
    }
}

/// The processes that hold ports, for a closer look.
#[must_use]
pub fn of_ports(snapshot: &Snapshot) -> BTreeSet<Pid> {
    let ports = snapshot.sockets.values().filter(|sighting| {
        sighting
            .inet()
            .is_some_and(|inet| inet.is_listener() || inet.state == State::Bound)
    });
    let inodes = ports.map(|sighting| sighting.socket.inode);
    let inodes = inodes.chain(snapshot.packets.keys().copied());
    let owners = inodes.flat_map(|inode| {
        let walked = snapshot.owners(inode).map(|owner| owner.id.pid);
        let copied = snapshot.copies.held.get(&inode).into_iter().flatten();
        walked.chain(copied.map(|copied| copied.pid))
    });
    owners.collect()
}

/// The verdict on how a socket is held, where its holders are known.
#[must_use]
pub fn manner(owners: &[Owner]) -> Verdict {
    // A mapped ring is the packet socket's own way of being held, not a hiding place.
    let plain = |owner: &&Owner| {
        owner.tid.is_none() && matches!(owner.held, Held::Fd { .. } | Held::Mapped)
    };
    let in_thread = |owner: &&Owner| owner.tid.is_some() && matches!(owner.held, Held::Fd { .. });
    let in_ring = |owner: &&Owner| matches!(owner.held, Held::IoUring { .. });
    if owners.iter().any(|owner| plain(&owner)) {
        Verdict::Agree
    } else if owners.iter().any(|owner| in_thread(&owner)) {
        Verdict::OwnerThread
    } else if owners.iter().any(|owner| in_ring(&owner)) {
        Verdict::OwnerIoUring
    } else {
        Verdict::OwnerInFlight
    }
}

/// Whether a socket that nobody was found holding wants a holder that we did not find: it is ours,
/// and neither the kernel nor its own nature accounts for it.
#[must_use]
pub fn wants_holder(snapshot: &Snapshot, sighting: &Sighting) -> bool {
    !snapshot.is_elsewhere(sighting)
        && !is_unaccepted(sighting)
        && kernel_port(snapshot, sighting).is_none()
}

/// The verdict where nobody was found holding a socket, `nobodies` being the number of those that
/// want a holder, and the most that can be said of who holds it.
#[must_use]
pub fn nobody(
    snapshot: &Snapshot,
    refused: &Refused<'_>,
    sighting: &Sighting,
    nobodies: usize,
) -> (Verdict, Vec<Owner>) {
    if is_unaccepted(sighting) {
        return (Verdict::NoProcessByNature, Vec::new());
    }
    if kernel_port(snapshot, sighting).is_some() {
        return (Verdict::KernelSocket, Vec::new());
    }
    if is_endpoint(sighting) && refused.places.is_empty() {
        return (Verdict::Limited, Vec::new());
    }
    let waiting: Vec<Owner> = snapshot.in_flight().cloned().collect();
    let count: u64 = waiting
        .iter()
        .map(|owner| match owner.held {
            Held::InFlight { count, .. } => count,
            Held::Fd { .. } | Held::IoUring { .. } | Held::Mapped => 0,
        })
        .sum();
    // Descriptors wait in messages, and there are enough of them for all such sockets. What waits is
    // in no table: a kernel that counts too few of those has none of these waiting.
    let counted = copies::left(snapshot);
    let enough = |count: u64| u64::try_from(nobodies).is_ok_and(|nobodies| nobodies <= count);
    if count > 0 && enough(count) && counted.is_none_or(enough) {
        return (Verdict::OwnerInFlight, waiting);
    }
    // There is one place left, and the kernel counts enough sockets that are in no table.
    if counted.is_some_and(enough) && only_mapped_ring(snapshot) {
        return (Verdict::OwnerIoUring, Vec::new());
    }
    let verdict = if !refused.places.is_empty() || snapshot.facts.hides_others() {
        Verdict::OwnerUnreadable
    } else if snapshot.facts.sees_all_pids() == Some(false) {
        Verdict::OwnerOutsidePidns
    } else {
        Verdict::OwnerUnknown
    };
    (verdict, Vec::new())
}

/// Whether one process alone has an io_uring that no descriptor leads to, and it is mapped.
fn only_mapped_ring(snapshot: &Snapshot) -> bool {
    let mut rings = snapshot.rings.values();
    let first = rings.next().map(|ring| ring.by);
    first == Some(RingTrace::Mapped) && rings.next().is_none()
}

/// The tunnel or server inside the kernel that holds this port, where there is one now. The
/// number alone would excuse anybody.
#[must_use]
pub fn kernel_port<'s>(snapshot: &'s Snapshot, sighting: &Sighting) -> Option<&'s KernelPort> {
    let inet = sighting.inet()?;
    let mut ports = snapshot.facts.kernel_ports.iter();
    ports.find(|held| (held.proto, held.port) == (inet.proto, inet.port))
}

/// Whether it is a TLI endpoint of Solaris. RPC servers hand such to the kernel and close them,
/// and nothing tells which: that nobody holds one is what an ordinary file server shows.
#[must_use]
pub fn is_endpoint(sighting: &Sighting) -> bool {
    let streams = sighting.socket.streams.as_ref();
    streams.is_some_and(|told| told.endpoint_device.is_some())
}

/// Handshakes under way have no file yet, whatever inode a source gives them.
fn is_unaccepted(sighting: &Sighting) -> bool {
    sighting.inet().is_some_and(|inet| {
        inet.proto == Proto::Tcp && matches!(inet.state, State::SynRecv | State::NewSynRecv)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Pid, ProcessId};

    fn owner(tid: Option<u32>, held: Held) -> Owner {
        Owner {
            id: ProcessId {
                pid: Pid(7),
                start: 1,
            },
            tid: tid.map(Pid),
            comm: "lsn".into(),
            uid: None,
            held,
        }
    }

    #[test]
    fn the_plainest_holder_decides() {
        let fd = owner(None, Held::Fd { fd: 3 });
        let thread = owner(Some(8), Held::Fd { fd: 3 });
        let ring = owner(None, Held::IoUring { ring: 3, slot: 2 });
        assert_eq!(manner(std::slice::from_ref(&thread)), Verdict::OwnerThread);
        assert_eq!(manner(std::slice::from_ref(&ring)), Verdict::OwnerIoUring);
        assert_eq!(
            manner(&[thread.clone(), ring.clone()]),
            Verdict::OwnerThread
        );
        assert_eq!(manner(&[thread, ring, fd]), Verdict::Agree);
    }
}
