//! Which calls a release has, and what it calls itself.

/// Families of kernels that differ in their calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Release {
    /// illumos in any distribution: old and new forms.
    Illumos,
    /// Oracle Solaris 11: only the `*at` forms.
    Solaris11,
    /// Solaris 10: only the old forms.
    Solaris10,
}

/// open link unlink chmod stat fstat access rmdir mkdir lstat symlink readlink fchmod rename.
const OLD: [u64; 14] = [5, 9, 10, 15, 18, 28, 33, 79, 80, 88, 89, 90, 93, 134];
/// linkat symlinkat readlinkat faccessat renameat unlinkat fstatat openat fchmodat mkdirat forksys.
const AT: [u64; 11] = [7, 11, 22, 45, 64, 65, 66, 68, 101, 102, 142];
/// fsat, one number for several of the `*at` calls, and fork1.
const TEN: [u64; 2] = [76, 143];

impl Release {
    /// From its name on our command line.
    pub(crate) fn named(name: &str) -> Option<Release> {
        Some(match name {
            "illumos" => Release::Illumos,
            "s11" => Release::Solaris11,
            "s10" => Release::Solaris10,
            _ => return None,
        })
    }

    /// Whether `pipe` writes its ends; before 2013 they were its results.
    pub(crate) fn writes_pipe_ends(self) -> bool {
        self == Release::Illumos
    }

    /// Whether it lacks a call, or means another one by the number.
    pub(crate) fn lacks(self, number: u64) -> bool {
        match self {
            Release::Illumos => TEN.contains(&number),
            Release::Solaris11 => TEN.contains(&number) || OLD.contains(&number),
            Release::Solaris10 => AT.contains(&number),
        }
    }

    /// `struct utsname` where the tree has none.
    pub(crate) fn utsname(self) -> Vec<u8> {
        let (release, version) = match self {
            Release::Illumos => ("5.11", "omnios-r151054-emu"),
            Release::Solaris11 => ("5.11", "11.4.86.201.2"),
            Release::Solaris10 => ("5.10", "Generic_147148-26"),
        };
        let mut bytes = Vec::new();
        for text in ["SunOS", "emu", release, version, "i86pc"] {
            let end = bytes.len() + solaris::parse::uname::FIELD;
            bytes.extend_from_slice(text.as_bytes());
            bytes.resize(end, 0);
        }
        bytes
    }
}
