//! BPF links and programs, as `BPF_OBJ_GET_INFO_BY_FD` tells them (`struct bpf_link_info` and
//! `bpf_prog_info`, `include/uapi/linux/bpf.h`).

use super::Order;
use super::text::decimal32;
use model::steering::{Action, Steer};
use model::{Foreign, IfIndex, NetNs};

/// What stands before the number of a link.
const LINK: &[u8] = b"bpf link ";

/// Room for either struct; the kernel writes what it has.
pub const INFO: usize = 256;

/// The program a link holds in place.
#[must_use]
pub fn program(link: &[u8], order: Order) -> Option<u32> {
    Some(order.u32(*link.get(8..)?.first_chunk()?))
}

/// The name of a program: at most 15 bytes, chosen by who loaded it.
#[must_use]
pub fn name(program: &[u8]) -> Option<&[u8]> {
    program.get(64..80)?.split(|&byte| byte == 0).next()
}

/// The user who loaded a program.
#[must_use]
pub fn loader(program: &[u8], order: Order) -> Option<u32> {
    Some(order.u32(*program.get(48..)?.first_chunk()?))
}

/// The number of a link, of what [`steer`] made of it.
#[must_use]
pub fn number(steer: &Steer) -> Option<u32> {
    decimal32(steer.place.as_bytes().strip_prefix(LINK)?)
}

/// The number of the link behind a descriptor, from its fdinfo (`bpf_link_show_fdinfo`,
/// `kernel/bpf/syscall.c`).
#[must_use]
pub fn of_descriptor(fdinfo: &[u8]) -> Option<u32> {
    let mut lines = fdinfo.split(|&byte| byte == b'\n');
    lines.find_map(|line| decimal32(line.strip_prefix(b"link_id:")?.trim_ascii()))
}

/// A link on the network, with what is known of its program. One on another network
/// namespace than `netns` says so. Links elsewhere (tracing, perf, …) steer nothing.
#[must_use]
pub fn steer(
    link: &[u8],
    info: Option<&[u8]>,
    netns: Option<NetNs>,
    order: Order,
) -> Option<Steer> {
    let word = |at: usize| Some(order.u32(*link.get(at..)?.first_chunk()?));
    let (kind, id, program) = (word(0)?, word(4)?, word(8)?);
    let (action, device, what) = match kind {
        3 => {
            let attached = word(24)?;
            (Action::Bpf, None, format!("cgroup, attach type {attached}"))
        }
        5 => {
            const SK_LOOKUP: u32 = 36;
            let (inode, attached) = (word(16)?, word(20)?);
            let elsewhere = netns.is_some_and(|netns| netns.0 != u64::from(inode));
            // In another namespace it chooses for nobody here.
            let action = if attached == SK_LOOKUP && !elsewhere {
                Action::SkLookup
            } else {
                Action::Bpf
            };
            let place = if elsewhere { "another netns" } else { "netns" };
            (
                action,
                None,
                format!("{place} {inode}, attach type {attached}"),
            )
        }
        6 => (Action::Xdp, word(16), "xdp".to_owned()),
        10 => {
            let (family, hook) = (word(16)?, word(20)?);
            (
                Action::Bpf,
                None,
                format!("netfilter family {family} hook {hook}"),
            )
        }
        11 | 13 => (Action::Tc, word(16), format!("attach type {}", word(20)?)),
        14 => (Action::Bpf, None, "sockmap".to_owned()),
        _ => return None,
    };
    let mut note = format!("{what}, program {program}").into_bytes();
    if let Some(info) = info {
        if let Some(uid) = loader(info, order) {
            note.extend_from_slice(format!(" loaded by uid {uid}").as_bytes());
        }
        note.push(b' ');
        note.extend_from_slice(name(info).unwrap_or_default());
    }
    Some(Steer {
        action,
        protocols: Vec::new(),
        ports: Vec::new(),
        to: None,
        device: device.map(IfIndex),
        hook: None,
        place: [LINK, id.to_string().as_bytes()].concat().into(),
        note: Some(Foreign::from(note.trim_ascii_end())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn link(words: [u32; 7]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    #[test]
    fn a_lookup_of_sockets() {
        let link = link([5, 7, 40, 0, 4_026_531_840, 36, 0]);
        let mut info = vec![0; INFO];
        info[48] = 33;
        info[64..70].copy_from_slice(b"pick\x1b[");
        let netns = Some(NetNs(4_026_531_840));
        let told = steer(&link, Some(&info), netns, Order::Little).unwrap();
        assert_eq!(told.action, Action::SkLookup);
        assert_eq!(told.place.as_bytes(), b"bpf link 7");
        assert_eq!(
            told.note.unwrap().as_bytes(),
            b"netns 4026531840, attach type 36, program 40 loaded by uid 33 pick\x1b["
        );
        let told = steer(&link, None, Some(NetNs(1)), Order::Little).unwrap();
        assert_eq!((told.action, number(&told)), (Action::Bpf, Some(7)));
        assert!(told.note.unwrap().as_bytes().starts_with(b"another netns"));
    }

    #[test]
    fn the_link_behind_a_descriptor() {
        let text = b"pos:\t0\nflags:\t02\nlink_type:\tnetns\nlink_id:\t92\nprog_id:\t157\n";
        assert_eq!(of_descriptor(text), Some(92));
        assert_eq!(of_descriptor(b"link_id:\tx\nprog_id:\t1\n"), None);
    }

    #[test]
    fn links_on_interfaces_and_elsewhere() {
        let tcx = steer(&link([11, 1, 2, 0, 3, 46, 0]), None, None, Order::Little).unwrap();
        assert_eq!((tcx.action, tcx.device), (Action::Tc, Some(IfIndex(3))));
        assert_eq!(
            steer(&link([2, 1, 2, 0, 3, 46, 0]), None, None, Order::Little),
            None
        );
        assert_eq!(steer(&[5, 0, 0, 0], None, None, Order::Little), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(link: Vec<u8>, info: Vec<u8>) {
            let _ = steer(&link, Some(&info), None, Order::Little);
        }
    }
}
