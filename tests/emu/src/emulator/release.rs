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
/// fsat: one number for several of the `*at` calls, and since Solaris 11 another call.
const FSAT: u64 = 76;
const FORK1: u64 = 143;

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

    /// Whether it has no such call.
    pub(crate) fn lacks(self, number: u64) -> bool {
        match self {
            Release::Illumos => number == FORK1,
            Release::Solaris11 => number == FORK1 || OLD.contains(&number),
            Release::Solaris10 => false,
        }
    }

    /// Whether another call may go by the number, as on Solaris 10 umount by that of readlinkat:
    /// what would happen then must not be tried.
    pub(crate) fn means_another(self, number: u64) -> bool {
        match self {
            Release::Illumos | Release::Solaris11 => number == FSAT,
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
