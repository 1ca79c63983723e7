//! Listeners that live in an io_uring.

use super::words::Words;
use super::{Double, hold_of, tcp};
use crate::sys::{self, Mapping};
use e2e::Hold;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

const SETUP_SQPOLL: u32 = 1 << 1;
const SETUP_NO_MMAP: u32 = 1 << 14;
const SETUP_REGISTERED_FD_ONLY: u32 = 1 << 15;
const SETUP_NO_SQARRAY: u32 = 1 << 16;
const ENTER_GETEVENTS: u32 = 1;
const ENTER_REGISTERED_RING: u32 = 1 << 4;
const REGISTER_FILES: u32 = 2;
const REGISTER_RING_FDS: u32 = 20;
/// Set in the operation's number where the ring is named by its index.
const REGISTER_USE_REGISTERED_RING: u32 = 1 << 31;
const PAGE: usize = 4096;

/// `uring reg|direct|nofd|hidden|sqpoll ADDR:PORT`
///
/// * `reg`: an ordinary listener is put into the ring's table, its descriptor closed;
/// * `direct`: made, bound and set listening by the ring, never a descriptor;
/// * `nofd`: as `reg`, and the ring's own descriptor closed, its memory still mapped;
/// * `hidden`: a ring that never had a descriptor nor a mapping of its own;
/// * `sqpoll`: the same with a kernel thread that polls.
pub(super) fn uring(words: &Words<'_>) -> io::Result<Double> {
    let addr = words.addr(1)?;
    match words.at(0)? {
        "reg" => registered(addr, words, true),
        "nofd" => registered(addr, words, false),
        "direct" => direct(addr),
        "hidden" => hidden(addr, words, 0),
        "sqpoll" => hidden(addr, words, SETUP_SQPOLL),
        other => Err(io::Error::other(format!("uring how? {other}"))),
    }
}

fn without_fd(mut hold: Hold) -> Hold {
    hold.fd = None;
    hold
}

fn plain_ring(params: &mut [u32; 30]) -> io::Result<OwnedFd> {
    sys::own(sys::io_uring_setup(4, params)?)
}

/// A table of four: the listener is in slot 2.
fn table(listener: i32) -> [i32; 4] {
    [-1, -1, listener, -1]
}

fn registered(addr: SocketAddr, words: &Words<'_>, keep_ring: bool) -> io::Result<Double> {
    let mut params = [0u32; 30];
    let ring = plain_ring(&mut params)?;
    let listener = tcp::listening(addr, words)?;
    let hold = without_fd(hold_of("listener", &listener)?);
    let files = &mut table(listener.as_raw_fd());
    sys::io_uring_register(ring.as_raw_fd(), REGISTER_FILES, files, 4)?;
    drop(listener);
    let mut double = Double {
        holds: vec![hold],
        ..Double::default()
    };
    if keep_ring {
        double.file("ring", ring)?;
    } else {
        // struct io_uring_rsrc_update: offset (all ones: any), reserved, data.
        let index = u64::try_from(ring.as_raw_fd()).map_err(io::Error::other)?;
        let update = &mut [u64::from(u32::MAX), index];
        sys::io_uring_register(ring.as_raw_fd(), REGISTER_RING_FDS, update, 1)?;
        map(&ring, &params)?;
        drop(ring);
    }
    Ok(double)
}

/// The two mappings of a ring: its queues, and its submission entries.
fn map(ring: &OwnedFd, params: &[u32; 30]) -> io::Result<(Mapping, Mapping)> {
    let at = |index: usize| params.get(index).copied().unwrap_or(0) as usize;
    // Offset of the submission array and its length, of the completions and theirs.
    let length = (at(16) + at(0) * 4).max(at(25) + at(1) * 16);
    let queues = Mapping::new(Some(ring.as_fd()), length, 0, true, true)?;
    let entries = Mapping::new(Some(ring.as_fd()), at(0) * 64, 0x1000_0000, true, true)?;
    Ok((queues, entries))
}

/// One operation, submitted and waited for; its result, which is negative for an error.
fn operate(ring: &OwnedFd, params: &[u32; 30], sqe: &[u32; 16]) -> io::Result<()> {
    let at = |index: usize| params.get(index).copied().unwrap_or(0) as usize;
    let (queues, entries) = map(ring, params)?;
    let tail = queues.load(at(11));
    let mask = queues.load(at(12));
    let slot = (tail & mask) as usize;
    for (place, word) in sqe.iter().enumerate() {
        entries.store(slot * 64 + place * 4, *word);
    }
    queues.store(at(16) + slot * 4, tail & mask);
    queues.store(at(11), tail.wrapping_add(1));
    sys::io_uring_enter(ring.as_raw_fd(), 1, 1, ENTER_GETEVENTS)?;
    let head = queues.load(at(20));
    let done = (head & queues.load(at(22))) as usize;
    let result = queues.load(at(25) + done * 16 + 8).cast_signed();
    queues.store(at(20), head.wrapping_add(1));
    if result < 0 {
        return Err(io::Error::from_raw_os_error(-result));
    }
    Ok(())
}

/// The two words of a wide field, on a little-endian machine.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the halves are what is wanted"
)]
fn halves(wide: u64) -> [u32; 2] {
    [wide as u32, (wide >> 32) as u32]
}

/// A submission entry (struct io_uring_sqe): `offset` and `address` are its two wide fields.
fn entry(head: [u8; 4], fd: u32, offset: u64, address: u64, length: u32, slot: u32) -> [u32; 16] {
    let [offset_low, offset_high] = halves(offset);
    let [address_low, address_high] = halves(address);
    let mut sqe = [0; 16];
    let words = [
        u32::from_ne_bytes(head),
        fd,
        offset_low,
        offset_high,
        address_low,
        address_high,
        length,
    ];
    for (to, from) in sqe.iter_mut().zip(words) {
        *to = from;
    }
    if let Some(place) = sqe.get_mut(11) {
        *place = slot;
    }
    sqe
}

fn direct(addr: SocketAddr) -> io::Result<Double> {
    const SOCKET: u8 = 45;
    const BIND: u8 = 56;
    const LISTEN: u8 = 57;
    const FIXED_FILE: u8 = 1;
    let mut params = [0u32; 30];
    let ring = plain_ring(&mut params)?;
    sys::io_uring_register(ring.as_raw_fd(), REGISTER_FILES, &mut table(-1), 4)?;
    let SocketAddr::V4(v4) = addr else {
        return Err(io::Error::other("only IPv4"));
    };
    let (inet, stream) = (2, 1);
    operate(
        &ring,
        &params,
        &entry([SOCKET, 0, 0, 0], inet, stream, 0, 0, 3),
    )?;
    // struct sockaddr_in: family, port, address; in memory that outlives the call.
    let name = Mapping::new(None, PAGE, 0, false, true)?;
    let [high, low] = v4.port().to_be_bytes();
    let [family_low, family_high] = 2u16.to_ne_bytes();
    name.store(0, u32::from_ne_bytes([family_low, family_high, high, low]));
    name.store(4, u32::from_ne_bytes(v4.ip().octets()));
    operate(
        &ring,
        &params,
        &entry([BIND, FIXED_FILE, 0, 0], 2, 16, name.address(), 0, 0),
    )?;
    operate(
        &ring,
        &params,
        &entry([LISTEN, FIXED_FILE, 0, 0], 2, 0, 0, 5, 0),
    )?;
    let mut double = Double {
        holds: vec![Hold {
            role: "listener".to_owned(),
            pid: std::process::id(),
            local: Some(addr),
            ..Hold::default()
        }],
        ..Double::default()
    };
    double.file("ring", ring)?;
    Ok(double)
}

fn hidden(addr: SocketAddr, words: &Words<'_>, more: u32) -> io::Result<Double> {
    // The ring lives in ordinary memory of ours, and is known by an index only.
    let queues = Mapping::new(None, PAGE, 0, true, true)?;
    let entries = Mapping::new(None, PAGE, 0, true, true)?;
    let mut params = [0u32; 30];
    let flags = SETUP_NO_MMAP | SETUP_REGISTERED_FD_ONLY | SETUP_NO_SQARRAY | more;
    let [entries_low, entries_high] = halves(entries.address());
    let [queues_low, queues_high] = halves(queues.address());
    let set = [(2, flags), (18, entries_low), (19, entries_high)];
    for (place, word) in set.into_iter().chain([(28, queues_low), (29, queues_high)]) {
        if let Some(slot) = params.get_mut(place) {
            *slot = word;
        }
    }
    let index = i32::try_from(sys::io_uring_setup(4, &mut params)?).map_err(io::Error::other)?;
    let listener = tcp::listening(addr, words)?;
    let hold = without_fd(hold_of("listener", &listener)?);
    let files = &mut table(listener.as_raw_fd());
    let operation = REGISTER_FILES | REGISTER_USE_REGISTERED_RING;
    sys::io_uring_register(index, operation, files, 4)?;
    drop(listener);
    // Proof that the ring lives: an empty submission is accepted.
    sys::io_uring_enter(index, 0, 0, ENTER_REGISTERED_RING)?;
    Ok(Double {
        holds: vec![hold],
        ..Double::default()
    })
}
