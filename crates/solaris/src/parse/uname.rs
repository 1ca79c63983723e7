//! `struct utsname`: five texts of 257 bytes, and which kernel they mean.

use crate::layout::Abi;

/// Bytes a text takes.
pub const FIELD: usize = 257;

/// Which family of kernel; they differ in calls and tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// Oracle or Sun Solaris 10.
    Solaris10,
    /// Oracle Solaris 11.
    Solaris11,
    /// illumos in any distribution, and what came before it as OpenSolaris.
    Illumos,
    /// None of these.
    Other,
}

/// What a kernel calls itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uname<'a> {
    /// `SunOS`.
    pub sysname: &'a [u8],
    /// The host's name.
    pub nodename: &'a [u8],
    /// `5.10` or `5.11`.
    pub release: &'a [u8],
    /// The build: `Generic_…`, `11.4.…`, `omnios-…`, `joyent_…`.
    pub version: &'a [u8],
    /// `i86pc`, `sun4u`, `sun4v`.
    pub machine: &'a [u8],
}

/// Reads the structure; a text that is not there is empty.
#[must_use]
pub fn uname(bytes: &[u8]) -> Uname<'_> {
    let text = |number: usize| {
        let field = bytes.get(number * FIELD..).unwrap_or_default();
        let field = field.get(..FIELD).unwrap_or(field);
        field.split(|&byte| byte == 0).next().unwrap_or_default()
    };
    Uname {
        sysname: text(0),
        nodename: text(1),
        release: text(2),
        version: text(3),
        machine: text(4),
    }
}

impl Uname<'_> {
    /// Which family of kernel this is. Both live under release 5.11 and are told apart by the
    /// version: Oracle's begins with `11.`.
    #[must_use]
    pub fn kernel(&self) -> Kernel {
        match (self.sysname, self.release) {
            (b"SunOS", b"5.10") => Kernel::Solaris10,
            (b"SunOS", b"5.11") if self.version.starts_with(b"11.") => Kernel::Solaris11,
            (b"SunOS", b"5.11") => Kernel::Illumos,
            _ => Kernel::Other,
        }
    }

    /// How a 64-bit process on it sees records.
    #[must_use]
    pub fn abi(&self) -> Abi {
        Abi::of_machine(self.machine)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(release: &str, version: &str, kernel: Kernel) {
        let mut bytes = Vec::new();
        for text in ["SunOS", "host", release, version, "i86pc"] {
            bytes.extend_from_slice(text.as_bytes());
            bytes.resize(bytes.len().next_multiple_of(FIELD), 0);
        }
        assert_eq!(uname(&bytes).kernel(), kernel);
    }

    #[test]
    fn kernels_by_name() {
        check("5.10", "Generic_147148-26", Kernel::Solaris10);
        check("5.11", "11.4.86.201.2", Kernel::Solaris11);
        check("5.11", "11.0", Kernel::Solaris11);
        check("5.11", "omnios-r151054-abc", Kernel::Illumos);
        check("5.11", "joyent_20210701T000000Z", Kernel::Illumos);
        check("5.9", "Generic", Kernel::Other);
        assert_eq!(uname(b"SunOS").kernel(), Kernel::Other);
        assert_eq!(uname(&[]).machine, b"");
    }

    proptest! {
        #[test]
        fn a_text_ends_in_its_own_field(bytes in proptest::collection::vec(any::<u8>(), 0..1400)) {
            let names = uname(&bytes);
            for text in [names.sysname, names.nodename, names.release, names.version, names.machine] {
                prop_assert!(text.len() <= FIELD && !text.contains(&0));
            }
            let _ = (names.kernel(), names.abi());
        }
    }
}
