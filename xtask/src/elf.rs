//! Reads the program headers of an ELF file: is it static? Sources: elf(5), and the
//! System V ABI, chapters 4 and 5.

/// What a file says of how it is loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Elf {
    /// `e_machine`: 3 is i386, 62 is x86-64, 183 is AArch64.
    pub machine: u16,
    /// `e_type`: 2 is ET_EXEC, 3 is ET_DYN (for a program: position independent).
    pub kind: u16,
    /// It names a loader (PT_INTERP).
    pub interpreter: bool,
    /// How many libraries it needs (DT_NEEDED entries).
    pub needed: usize,
}

const PT_DYNAMIC: u64 = 2;
const PT_INTERP: u64 = 3;
const DT_NULL: u64 = 0;
const DT_NEEDED: u64 = 1;

impl Elf {
    /// Nothing of the host is loaded with it.
    pub(crate) fn is_static(&self) -> bool {
        !self.interpreter && self.needed == 0
    }
}

/// Reads the headers of a little-endian ELF file of either class.
///
/// # Errors
/// One line on what is not as the format wants it.
pub(crate) fn parse(bytes: &[u8]) -> Result<Elf, String> {
    if bytes.get(..4) != Some(b"\x7fELF") {
        return Err("not an ELF file".into());
    }
    let wide = match (bytes.get(4), bytes.get(5)) {
        (Some(1), Some(1)) => false,
        (Some(2), Some(1)) => true,
        _ => return Err("not a little-endian ELF file of 32 or 64 bits".into()),
    };
    let file = File { bytes, wide };
    let mut elf = Elf {
        kind: u16::try_from(file.number(16, 2)?).unwrap_or_default(),
        machine: u16::try_from(file.number(18, 2)?).unwrap_or_default(),
        ..Elf::default()
    };
    let (table, size, count) = if wide {
        (
            file.number(32, 8)?,
            file.number(54, 2)?,
            file.number(56, 2)?,
        )
    } else {
        (
            file.number(28, 4)?,
            file.number(42, 2)?,
            file.number(44, 2)?,
        )
    };
    for index in 0..count {
        let at = index
            .checked_mul(size)
            .and_then(|offset| offset.checked_add(table))
            .ok_or("a program header lies outside the file")?;
        match file.number(at, 4)? {
            PT_INTERP => elf.interpreter = true,
            PT_DYNAMIC => elf.needed += file.needed(at)?,
            _ => {}
        }
    }
    Ok(elf)
}

struct File<'a> {
    bytes: &'a [u8],
    wide: bool,
}

impl File<'_> {
    /// The unsigned number of `size` bytes at `at`.
    fn number(&self, at: u64, size: usize) -> Result<u64, String> {
        let from = usize::try_from(at).ok();
        let field = from.and_then(|from| self.bytes.get(from..from.checked_add(size)?));
        let field = field.ok_or_else(|| format!("the file ends before byte {at}"))?;
        Ok(field
            .iter()
            .rev()
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
    }

    /// The number of DT_NEEDED entries in the segment whose program header is at `header`.
    fn needed(&self, header: u64) -> Result<usize, String> {
        let word = if self.wide { 8 } else { 4 };
        // p_offset and p_filesz: elf(5), Elf32_Phdr and Elf64_Phdr.
        let (offset, size) = if self.wide { (8, 32) } else { (4, 16) };
        let start = self.number(header + offset, word)?;
        let size = self.number(header + size, word)?;
        let entry = 2 * word as u64;
        let mut needed = 0;
        for index in 0..size / entry {
            let at = start
                .checked_add(index * entry)
                .ok_or("the dynamic section lies outside the file")?;
            match self.number(at, word)? {
                DT_NULL => break,
                DT_NEEDED => needed += 1,
                _ => {}
            }
        }
        Ok(needed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of 64 bits with these segments, and `dynamic` as the bytes of each PT_DYNAMIC.
    fn file(segments: &[u32], dynamic: &[u64]) -> Vec<u8> {
        let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
        bytes.resize(16, 0);
        bytes.extend(3u16.to_le_bytes()); // e_type
        bytes.extend(62u16.to_le_bytes()); // e_machine
        bytes.resize(32, 0);
        bytes.extend(64u64.to_le_bytes()); // e_phoff
        bytes.resize(54, 0);
        bytes.extend(56u16.to_le_bytes()); // e_phentsize
        bytes.extend(u16::try_from(segments.len()).unwrap().to_le_bytes());
        bytes.resize(64, 0);
        let end = 64 + 56 * segments.len() as u64;
        for kind in segments {
            bytes.extend(kind.to_le_bytes());
            bytes.extend(4u32.to_le_bytes()); // p_flags
            bytes.extend(end.to_le_bytes()); // p_offset
            bytes.extend([0; 16]);
            bytes.extend((dynamic.len() as u64 * 8).to_le_bytes()); // p_filesz
            bytes.extend([0; 16]);
        }
        bytes.extend(dynamic.iter().flat_map(|word| word.to_le_bytes()));
        bytes
    }

    #[test]
    fn a_static_program_names_no_loader_and_no_library() {
        let elf = parse(&file(&[1, 2], &[30, 8, 0, 0, 1, 1])).unwrap();
        assert_eq!((elf.machine, elf.kind), (62, 3));
        assert!(elf.is_static(), "what follows DT_NULL does not count");
    }

    #[test]
    fn a_loader_or_a_library_is_noticed() {
        assert!(!parse(&file(&[1, 3], &[])).unwrap().is_static());
        let elf = parse(&file(&[2], &[1, 7, 1, 9, 0, 0])).unwrap();
        assert_eq!(elf.needed, 2);
        assert!(!elf.is_static());
    }

    #[test]
    fn the_test_program_itself_needs_a_loader_on_glibc() {
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert_eq!(parse(&own).unwrap().is_static(), cfg!(target_env = "musl"));
    }

    #[test]
    fn a_damaged_file_is_an_error() {
        let whole = file(&[1, 2, 3], &[1, 7, 0, 0]);
        for length in 0..whole.len() - 32 {
            assert!(parse(&whole[..length]).is_err(), "{length} bytes");
        }
        assert!(parse(b"#!/bin/sh\n").is_err());
        let mut wild = whole.clone();
        wild[32..40].fill(0xff);
        assert!(parse(&wild).is_err());
        let mut wild = whole;
        wild[64 + 56 + 8..64 + 56 + 16].fill(0xff);
        assert!(parse(&wild).is_err());
    }
}
