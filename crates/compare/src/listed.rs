//! Sockets that some table lists: each judged, then put together by endpoint.

use crate::copies;
use crate::evidence;
use crate::owner::{self, Ownership, Refused, Untold};
use crate::sandwich::{self, ENOUGH, Side};
use crate::snapshot::{Sighting, Snapshot};
use crate::verdict::Verdict;
use model::{Inode, Owner, Proto, State};
use std::net::IpAddr;

/// What kind of socket it is, for the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// It would accept, or take what comes.
    Listener,
    /// It only keeps a port.
    Bound,
    /// It reads raw packets.
    Raw,
    /// It has a peer.
    Connection,
    /// It has no inode: the end or the beginning of a connection.
    Remains,
}

/// One socket, judged.
#[derive(Clone, Debug)]
pub struct Judged<'s> {
    /// The socket.
    pub sighting: &'s Sighting,
    /// What kind it is.
    pub class: Class,
    /// What the testimony amounts to.
    pub verdict: Verdict,
    /// Who holds it.
    pub owners: Vec<Owner>,
    /// Whether nobody was found holding it.
    pub nobody: bool,
    /// Why its row names no inode.
    pub untold: Option<Untold>,
    /// Who may hold it: they have its address, and not they alone.
    pub perhaps: Vec<Owner>,
    /// What more rounds may still settle, in plain words.
    pub doubt: Option<&'static str>,
}

/// Judges every socket.
#[must_use]
pub fn judge<'s>(snapshot: &'s Snapshot, refused: &Refused<'_>) -> Vec<Judged<'s>> {
    let asked: Vec<(&Sighting, Ownership)> = snapshot
        .sockets
        .values()
        .map(|sighting| (sighting, owner::ownership(snapshot, refused, sighting)))
        .collect();
    let nobodies = asked
        .iter()
        .filter(|(_, ownership)| *ownership == Ownership::Nobody)
        .filter(|(sighting, _)| owner::wants_holder(snapshot, sighting))
        .count();
    let walks = (refused, nobodies);
    asked
        .into_iter()
        .filter_map(|(sighting, ownership)| one(snapshot, sighting, ownership, walks))
        .collect()
}

fn class(sighting: &Sighting) -> Option<Class> {
    let inet = sighting.inet()?;
    Some(match inet.proto {
        Proto::Raw | Proto::Icmp => Class::Raw,
        _ if inet.state == State::Bound => Class::Bound,
        _ if inet.is_listener() => Class::Listener,
        _ if sighting.socket.inode == Inode(0) && sighting.socket.streams.is_none() => {
            Class::Remains
        }
        Proto::Tcp | Proto::Udp | Proto::UdpLite | Proto::Sctp | Proto::Mptcp | Proto::Dccp => {
            Class::Connection
        }
    })
}

fn one<'s>(
    snapshot: &'s Snapshot,
    sighting: &'s Sighting,
    ownership: Ownership,
    walks: (&Refused<'_>, usize),
) -> Option<Judged<'s>> {
    let class = class(sighting)?;
    let mut judged = Judged {
        sighting,
        class,
        verdict: Verdict::Transient,
        owners: Vec::new(),
        nobody: matches!(ownership, Ownership::Nobody | Ownership::Doubted),
        untold: None,
        perhaps: Vec::new(),
        doubt: None,
    };
    if snapshot.is_elsewhere(sighting) {
        return elsewhere(snapshot, judged);
    }
    let standing = standing(snapshot, sighting);
    if let Ownership::Held(owners) | Ownership::Unseen(owners) = &ownership {
        judged.owners.clone_from(owners);
    }
    let inode_zero = sighting.socket.inode == Inode(0);
    match standing {
        sandwich::Standing::Transient => {}
        sandwich::Standing::Hidden(_) | sandwich::Standing::Doubted(_) if inode_zero => {}
        sandwich::Standing::Hidden(Side::Text) => judged.verdict = Verdict::HiddenFromProcfs,
        sandwich::Standing::Hidden(_) => judged.verdict = Verdict::HiddenFromNetlink,
        sandwich::Standing::Doubted(side) => {
            judged.verdict = Verdict::Limited;
            judged.doubt = Some(match side {
                Side::Text => "procfs does not show it so far: three rounds are needed",
                Side::Diag | Side::Private | Side::Reread => {
                    "netlink does not show it so far: three rounds are needed"
                }
            });
        }
        sandwich::Standing::Agrees | sandwich::Standing::Alone(_) => {
            held(snapshot, &mut judged, ownership, walks);
            silent(snapshot, &mut judged);
            filtered(snapshot, &mut judged);
        }
    }
    Some(judged)
}

/// A port of another namespace: only one view can show it, and of its owner only what the
/// walks found. Connections there are nobody's question.
fn elsewhere<'s>(snapshot: &Snapshot, mut judged: Judged<'s>) -> Option<Judged<'s>> {
    judged.verdict = Verdict::OtherNetns;
    judged.nobody = false;
    if judged.owners.is_empty() {
        judged.owners = copies::owners(snapshot, judged.sighting.socket.inode);
    }
    matches!(judged.class, Class::Listener | Class::Bound | Class::Raw).then_some(judged)
}

fn standing(snapshot: &Snapshot, sighting: &Sighting) -> sandwich::Standing {
    let mut denials = 0;
    let rounds: Vec<sandwich::Round> = (1..=snapshot.rounds())
        .filter_map(|round| {
            let passes: Vec<(Side, sandwich::Testimony)> = snapshot
                .round(round)
                .filter_map(|(at, view)| Some((view.side()?, snapshot.testimony(at, sighting))))
                .collect();
            denials += passes
                .iter()
                .filter(|pass| **pass == (Side::Text, sandwich::Testimony::Absent))
                .count();
            (!passes.is_empty()).then(|| sandwich::round(&passes))
        })
        .collect();
    let is_udp = sighting.inet().is_some_and(|inet| inet.proto != Proto::Tcp);
    sandwich::standing(&rounds, is_udp, denials)
}

/// `walks` is what they were refused, and how many sockets want a holder.
fn held(
    snapshot: &Snapshot,
    judged: &mut Judged<'_>,
    ownership: Ownership,
    (refused, nobodies): (&Refused<'_>, usize),
) {
    let plain = match judged.class {
        Class::Listener | Class::Connection | Class::Remains => Verdict::Agree,
        Class::Bound => Verdict::BoundNotListening,
        Class::Raw => Verdict::Sniffer,
    };
    judged.verdict = match ownership {
        Ownership::ByNature => Verdict::NoProcessByNature,
        Ownership::Held(owners) => match owner::manner(&owners) {
            Verdict::Agree => plain,
            manner => manner,
        },
        Ownership::Unseen(_) => Verdict::HiddenProcess,
        Ownership::Nobody => {
            let (verdict, owners) = owner::nobody(snapshot, refused, judged.sighting, nobodies);
            judged.owners = owners;
            verdict
        }
        Ownership::Doubted => {
            judged.doubt = Some("no owner so far: three rounds are needed");
            Verdict::Limited
        }
        Ownership::Untold(why, perhaps) => {
            (judged.untold, judged.perhaps) = (Some(why), perhaps);
            Verdict::Limited
        }
        Ownership::Unasked => Verdict::Limited,
        Ownership::Unsettled => Verdict::Transient,
    };
}

/// A listener that does not answer on an address of its own is worth a word, unless the
/// device it is bound to is reason enough.
fn silent(snapshot: &Snapshot, judged: &mut Judged<'_>) {
    let Some(inet) = judged.sighting.inet() else {
        return;
    };
    if judged.class != Class::Listener
        || inet.proto != Proto::Tcp
        || evidence::bound_device(inet).is_some()
    {
        return;
    }
    match evidence::silences(snapshot, inet) {
        (0, _) => {}
        (silent, _) if silent >= ENOUGH && judged.verdict == Verdict::Agree => {
            judged.verdict = Verdict::SilentListener;
        }
        (silent, asked) if silent == asked && silent < ENOUGH => {
            judged.doubt = judged
                .doubt
                .or(Some("it did not answer: three rounds are needed"));
        }
        _ => {}
    }
}

/// A listener that answers here and not there is filtered on the way.
fn filtered(snapshot: &Snapshot, judged: &mut Judged<'_>) {
    let listens = judged.class == Class::Listener && judged.verdict == Verdict::Agree;
    let inet = judged.sighting.inet().filter(|_| listens);
    if inet.is_some_and(|inet| matches!(evidence::remote(snapshot, inet).0, 'f' | 'n')) {
        judged.verdict = Verdict::FilteredRemote;
    }
}

/// What sockets must share to be reported together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group {
    class: Class,
    proto: Proto,
    port: u16,
    addr: IpAddr,
    netns: Option<model::NetNs>,
    device: Option<model::IfIndex>,
    /// They are put together only where they amount to the same: whoever holds one of several that
    /// share the port (`SO_REUSEPORT`) has nothing to do with another that is hidden.
    verdict: Verdict,
}

/// The group a socket is reported in; none for a connection that all agree on.
#[must_use]
pub fn group(judged: &Judged<'_>) -> Option<Group> {
    let inet = judged.sighting.inet()?;
    let agreed = matches!(
        judged.verdict,
        Verdict::Agree | Verdict::OwnerThread | Verdict::OwnerIoUring
    );
    if judged.class == Class::Connection && agreed {
        return None;
    }
    Some(Group {
        class: judged.class,
        proto: inet.proto,
        port: inet.port,
        addr: inet.local,
        netns: judged.sighting.socket.netns,
        device: evidence::bound_device(inet),
        verdict: judged.verdict,
    })
}
