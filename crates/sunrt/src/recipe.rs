//! How a static Solaris program is linked, and what its file must look like.
//!
//! The flags are for GNU ld (binutils 2.40 was used). `rust-lld` also links, but by default
//! writes a PT_PHDR, for which a Solaris kernel kills a static program at exec; it needs a
//! linker script with a PHDRS command. Build with
//!
//! ```text
//! CARGO_TARGET_X86_64_UNKNOWN_ILLUMOS_LINKER=ld
//! CARGO_TARGET_X86_64_UNKNOWN_ILLUMOS_RUSTFLAGS="$RUSTFLAGS of this module, joined by spaces"
//! cargo build --target x86_64-unknown-illumos -p rnetstat …
//! ```
//!
//! A program needs nothing of its own as long as some crate below it names `sunrt`.

/// The target; its std is in rustup and needs no Solaris file.
pub const TARGET: &str = "x86_64-unknown-illumos";

/// The linker's name. rustc takes the flavour from [`RUSTFLAGS`].
pub const LINKER: &str = "ld";

/// Flags for rustc, with what each is for.
pub const RUSTFLAGS: &[(&str, &str)] = &[
    ("-Clinker-flavor=ld", "no compiler driver, no -lc -lssp"),
    (
        "-Crelocation-model=static",
        "ET_EXEC: nobody would relocate it",
    ),
    ("-Clink-arg=-static", "no dynamic section"),
    (
        "-Clink-arg=-nostdlib",
        "or ld finds the build machine's own libc",
    ),
    ("-Clink-arg=--gc-sections", "leave out what is not called"),
    ("-Clink-arg=-znoseparate-code", "two segments: code, data"),
    ("-Cpanic=abort", "there is no unwinder"),
];

/// Names of the segment types a file must not have, with the reason.
const FORBIDDEN: &[(u32, &str)] = &[
    (2, "has PT_DYNAMIC: something would have to be loaded"),
    (3, "has PT_INTERP: the suspect's ld.so.1 would be run"),
    (
        6,
        "has PT_PHDR without PT_INTERP: the kernel kills it at exec",
    ),
    (7, "has PT_TLS: nobody sets it up"),
];

const PT_LOAD: u32 = 1;
const PAGE: u64 = 4096;

/// Says what is wrong with a program's file; nothing where a Solaris kernel would run it
/// without loading another one. The rules are those of the kernel's `exec/elf/elf.c`, the
/// same in 2005, 2010 and 2021.
pub fn complaints(file: &[u8]) -> impl Iterator<Item = &'static str> {
    head(file).into_iter().chain(segments(file))
}

fn head(file: &[u8]) -> Option<&'static str> {
    let half = |at: usize| Some(u16::from_le_bytes(*file.get(at..)?.first_chunk()?));
    let entry = u64_at(file, 24);
    let flags = u32_at(file, 48);
    if file.get(..6) != Some(b"\x7fELF\x02\x01") {
        Some("is no 64-bit little-endian ELF file")
    } else if half(18) != Some(62) {
        Some("is not for x86-64")
    } else if half(16) != Some(2) {
        Some("is not ET_EXEC")
    } else if entry.is_none_or(|entry| entry == 0) {
        Some("has no entry: the linker was given no program")
    } else if flags != Some(0) {
        Some("has machine flags")
    } else if segments_of(file).filter(|s| s.kind == PT_LOAD).count() == 0 {
        Some("has nothing to load")
    } else {
        None
    }
}

struct Segment {
    kind: u32,
    flags: u32,
    offset: u64,
    address: u64,
}

/// The program headers, as far as the file has them.
fn segments_of(file: &[u8]) -> impl Iterator<Item = Segment> {
    let start = u64_at(file, 32).and_then(|at| usize::try_from(at).ok());
    let half = |at: usize| {
        let bytes = file.get(at..).and_then(|bytes| bytes.first_chunk());
        bytes.map_or(0, |bytes| usize::from(u16::from_le_bytes(*bytes)))
    };
    let (size, count) = (half(54), half(56));
    (0..count).filter_map(move |number| {
        let at = start?.checked_add(number.checked_mul(size)?)?;
        let header = file.get(at..)?;
        Some(Segment {
            kind: u32_at(header, 0)?,
            flags: u32_at(header, 4)?,
            offset: u64_at(header, 8)?,
            address: u64_at(header, 16)?,
        })
    })
}

fn segments(file: &[u8]) -> impl Iterator<Item = &'static str> {
    segments_of(file).filter_map(|segment| {
        let forbidden = FORBIDDEN.iter().find(|(kind, _)| *kind == segment.kind);
        if let Some((_, reason)) = forbidden {
            return Some(*reason);
        }
        if segment.kind != PT_LOAD {
            return None;
        }
        if segment.flags & 3 == 3 {
            return Some("has a segment to write and to execute");
        }
        let congruent = segment.offset % PAGE == segment.address % PAGE;
        (!congruent).then_some("has a segment whose offset and address do not agree")
    })
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    /// A file with these segment types and nothing else.
    fn file(kinds: &[(u32, u32, u64, u64)]) -> Vec<u8> {
        let mut bytes = std::vec![0u8; 64];
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        bytes[16] = 2;
        bytes[18] = 62;
        bytes[24] = 1;
        bytes[32] = 64;
        bytes[54] = 56;
        bytes[56] = u8::try_from(kinds.len()).unwrap();
        for (kind, flags, offset, address) in kinds {
            bytes.extend_from_slice(&kind.to_le_bytes());
            bytes.extend_from_slice(&flags.to_le_bytes());
            bytes.extend_from_slice(&offset.to_le_bytes());
            bytes.extend_from_slice(&address.to_le_bytes());
            bytes.extend_from_slice(&[0; 32]);
        }
        bytes
    }

    #[track_caller]
    fn check(bytes: &[u8], expected: &[&str]) {
        let found: Vec<&str> = complaints(bytes).collect();
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.contains(expected), "{found}");
        }
    }

    const CODE: (u32, u32, u64, u64) = (1, 5, 0, 0x40_0000);
    const DATA: (u32, u32, u64, u64) = (1, 6, 0x2ff8, 0x60_2ff8);

    #[test]
    fn a_good_file_and_each_bad_one() {
        check(&file(&[CODE, DATA]), &[]);
        check(&file(&[(6, 4, 64, 64), CODE]), &["PT_PHDR"]);
        check(
            &file(&[(3, 4, 0, 0), CODE, (2, 6, 0, 0)]),
            &["PT_INTERP", "PT_DYNAMIC"],
        );
        check(&file(&[CODE, (7, 4, 0, 0)]), &["PT_TLS"]);
        check(&file(&[(1, 7, 0, 0)]), &["write and to execute"]);
        check(&file(&[(1, 5, 1, 2)]), &["do not agree"]);
        check(&file(&[]), &["nothing to load"]);
        check(b"#!/bin/sh\n", &["no 64-bit"]);
        let mut shared = file(&[CODE]);
        shared[16] = 3;
        check(&shared, &["not ET_EXEC"]);
        let mut empty = file(&[CODE]);
        empty[24] = 0;
        check(&empty, &["no entry"]);
    }

    /// What must be said of one segment, told the other way round than the code asks.
    fn expected(kind: u32, flags: u32, offset: u64, address: u64) -> usize {
        match kind {
            2 | 3 | 6 | 7 => 1,
            1 if flags & 1 != 0 && flags & 2 != 0 => 1,
            1 => usize::from(offset & 0xfff != address & 0xfff),
            _ => 0,
        }
    }

    proptest! {
        #[test]
        fn each_segment_is_judged_alone(segments in proptest::collection::vec(
            (0u32..9, 0u32..8, any::<u64>(), any::<u64>()), 0..9)) {
            let load = segments.iter().any(|it| it.0 == 1);
            let wrong: usize = segments.iter().map(|it| expected(it.0, it.1, it.2, it.3)).sum();
            let found = complaints(&file(&segments)).count();
            prop_assert_eq!(found, wrong + usize::from(!load));
        }

        #[test]
        fn no_bytes_are_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..300), is_elf: bool) {
            let mut bytes = bytes;
            if is_elf {
                bytes.splice(0..0, *b"\x7fELF\x02\x01");
            }
            prop_assert!(complaints(&bytes).count() <= 1 + usize::from(u16::MAX));
            prop_assert!(is_elf || complaints(&bytes).next().is_some() || bytes.len() > 64);
        }
    }

    #[test]
    fn a_file_cut_anywhere_is_survived() {
        let whole = file(&[CODE, DATA]);
        for length in 0..whole.len() {
            let _ = complaints(&whole[..length]).count();
        }
    }
}
