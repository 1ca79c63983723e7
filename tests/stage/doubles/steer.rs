//! A BPF program that gives connections to one port to the socket of another.

use super::Double;
use super::tcp;
use super::words::Words;
use crate::sys;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd};

// Commands of bpf(2), and the kinds asked for (`include/uapi/linux/bpf.h`).
const MAP_CREATE: u32 = 0;
const MAP_UPDATE_ELEM: u32 = 2;
const PROG_LOAD: u32 = 5;
const LINK_CREATE: u32 = 28;
const MAP_SOCKMAP: u64 = 15;
const PROG_SK_LOOKUP: u64 = 30;
const ATTACH_SK_LOOKUP: u64 = 36;

/// `sklookup TO FROM`: a listener on port TO, which also gets what is sent to
/// port FROM, and takes it.
pub(super) fn sk_lookup(words: &Words<'_>) -> io::Result<Double> {
    let (to, from) = (words.number::<u16>(0)?, words.number::<u16>(1)?);
    let listener = tcp::listening(SocketAddr::from((Ipv4Addr::LOCALHOST, to)), words)?;
    // Key of 4 bytes, value of 8 (a socket), one entry.
    let map = sys::bpf(MAP_CREATE, &mut [MAP_SOCKMAP | 4 << 32, 8 | 1 << 32])?;
    let (key, value) = (0u32, number(&listener)?);
    let entry = &mut [
        number(&map)?,
        (&raw const key) as u64,
        (&raw const value) as u64,
        0,
    ];
    sys::bpf_plain(MAP_UPDATE_ELEM, entry)?;
    let program = load(from, number(&map)?)?;
    let netns = super::open("/proc/self/ns/net")?;
    let link = sys::bpf(
        LINK_CREATE,
        &mut [number(&program)? | number(&netns)? << 32, ATTACH_SK_LOOKUP],
    )?;
    let mut double = Double::default();
    double.file("link", link)?;
    double.holds.push(super::hold_of("listener", &listener)?);
    // A full queue would be silence, not an answer.
    double.then = Some(Box::new(move || {
        loop {
            listener.accept()?;
        }
    }));
    Ok(double)
}

fn number(fd: &impl AsRawFd) -> io::Result<u64> {
    u64::try_from(fd.as_raw_fd()).map_err(io::Error::other)
}

/// One instruction (`struct bpf_insn`): operation, target and source register, offset, value.
const fn step(operation: u8, target: u8, source: u8, offset: u16, value: u32) -> u64 {
    operation as u64
        | (target as u64) << 8
        | (source as u64) << 12
        | (offset as u64) << 16
        | (value as u64) << 32
}

/// `if (ctx->local_port == from && (sk = map[0])) bpf_sk_assign(ctx, sk, 0); return SK_PASS;`
fn load(from: u16, map: u64) -> io::Result<OwnedFd> {
    const LOOKUP_ELEM: u32 = 1;
    const SK_RELEASE: u32 = 86;
    const SK_ASSIGN: u32 = 124;
    let map = u32::try_from(map).map_err(io::Error::other)?;
    let program = [
        step(0xbf, 6, 1, 0, 0),                   // r6 = ctx
        step(0x61, 2, 1, 60, 0),                  // r2 = ctx->local_port
        step(0x55, 2, 0, 14, from.into()),        // if r2 != from goto pass
        step(0x62, 10, 0, 0xfffc, 0),             // *(u32 *)(r10 - 4) = 0
        step(0x18, 1, 1, 0, map),                 // r1 = map (of two words)
        step(0, 0, 0, 0, 0),                      //
        step(0xbf, 2, 10, 0, 0),                  // r2 = r10
        step(0x07, 2, 0, 0, 4u32.wrapping_neg()), // r2 -= 4
        step(0x85, 0, 0, 0, LOOKUP_ELEM),         // r0 = map[0]
        step(0x15, 0, 0, 7, 0),                   // if r0 == 0 goto pass
        step(0xbf, 7, 0, 0, 0),                   // r7 = r0
        step(0xbf, 1, 6, 0, 0),                   // r1 = ctx
        step(0xbf, 2, 7, 0, 0),                   // r2 = the socket
        step(0xb7, 3, 0, 0, 0),                   // r3 = 0
        step(0x85, 0, 0, 0, SK_ASSIGN),           //
        step(0xbf, 1, 7, 0, 0),                   // r1 = the socket
        step(0x85, 0, 0, 0, SK_RELEASE),          // (falls through to pass)
        step(0xb7, 0, 0, 0, 1),                   // pass: r0 = SK_PASS
        step(0x95, 0, 0, 0, 0),                   // return
    ];
    let licence = c"GPL";
    let mut attribute = [0u64; 9];
    attribute[0] = PROG_SK_LOOKUP | (program.len() as u64) << 32;
    attribute[1] = program.as_ptr() as u64;
    attribute[2] = licence.as_ptr() as u64;
    attribute[6] = u64::from_le_bytes(*b"double\0\0"); // prog_name
    attribute[8] = ATTACH_SK_LOOKUP << 32; // expected_attach_type, after prog_ifindex
    sys::bpf(PROG_LOAD, &mut attribute)
}
