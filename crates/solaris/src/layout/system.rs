//! Structures of `/proc`, kstat, sockfs and utssys.

/// `psinfo_t` (`sys/procfs.h`), the same from 2005 to 2021 on x86 and SPARC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Psinfo {
    /// Bytes it takes.
    pub size: usize,
    /// `pr_start.tv_sec`; the nanoseconds follow, a word each.
    pub start: usize,
    /// `pr_fname`, 16 bytes.
    pub fname: usize,
    /// `pr_psargs`, 80 bytes.
    pub psargs: usize,
    /// `pr_dmodel`: 1 ILP32, 2 LP64.
    pub dmodel: usize,
    /// `pr_zoneid`.
    pub zoneid: usize,
}

/// `psinfo_t` as a 64-bit reader gets it.
pub const PSINFO_LP64: Psinfo = Psinfo {
    size: 416,
    start: 88,
    fname: 136,
    psargs: 152,
    dmodel: 256,
    zoneid: 276,
};

/// `psinfo_t` as a 32-bit reader gets it.
pub const PSINFO_ILP32: Psinfo = Psinfo {
    size: 336,
    start: 64,
    fname: 88,
    psargs: 104,
    dmodel: 200,
    zoneid: 220,
};

/// Fields of `psinfo_t` at the same place in both data models.
pub mod psinfo {
    /// `pr_flag`.
    pub const FLAG: usize = 0;
    /// `pr_nlwp`: 0 for a zombie.
    pub const NLWP: usize = 4;
    /// `pr_pid`.
    pub const PID: usize = 8;
    /// `pr_ppid`.
    pub const PPID: usize = 12;
    /// `pr_pgid`.
    pub const PGID: usize = 16;
    /// `pr_uid`, the real user.
    pub const UID: usize = 24;
}

/// `prmap_t` (`sys/procfs.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prmap {
    /// Bytes an entry takes.
    pub stride: usize,
    /// `pr_size`, a word.
    pub size: usize,
    /// `pr_mapname`, 64 bytes.
    pub name: usize,
    /// `pr_offset`, 64 bits.
    pub offset: usize,
    /// `pr_mflags`.
    pub flags: usize,
}

/// `prmap_t` as a 64-bit reader gets it.
pub const PRMAP_LP64: Prmap = Prmap {
    stride: 104,
    size: 8,
    name: 16,
    offset: 80,
    flags: 88,
};

/// `prmap_t` as a 32-bit reader gets it.
pub const PRMAP_ILP32: Prmap = Prmap {
    stride: 96,
    size: 4,
    name: 8,
    offset: 72,
    flags: 80,
};

/// `kstat_t` (`sys/kstat.h`), the same from 2005 to 2021.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kstat {
    /// Bytes a header takes.
    pub stride: usize,
    /// `ks_kid`.
    pub kid: usize,
    /// `ks_module`, 31 bytes.
    pub module: usize,
    /// `ks_instance`.
    pub instance: usize,
    /// `ks_name`, 31 bytes.
    pub name: usize,
    /// `ks_type`, a byte.
    pub kind: usize,
    /// `ks_class`, 31 bytes.
    pub class: usize,
    /// `ks_data`, a pointer.
    pub data: usize,
    /// `ks_ndata`.
    pub ndata: usize,
    /// `ks_data_size`, a word.
    pub data_size: usize,
}

/// `kstat_t` as a 64-bit reader gets it.
pub const KSTAT_LP64: Kstat = Kstat {
    stride: 184,
    kid: 16,
    module: 20,
    instance: 52,
    name: 56,
    kind: 87,
    class: 88,
    data: 120,
    ndata: 128,
    data_size: 136,
};

/// `kstat_t` as a 32-bit reader gets it.
pub const KSTAT_ILP32: Kstat = Kstat {
    stride: 152,
    kid: 12,
    module: 16,
    instance: 48,
    name: 52,
    kind: 83,
    class: 84,
    data: 116,
    ndata: 120,
    data_size: 124,
};

/// `kstat_named_t` (`sys/kstat.h`).
pub mod named {
    /// Bytes an entry takes, both models.
    pub const STRIDE: usize = 48;
    /// `data_type`, a byte behind the 31 of the name.
    pub const KIND: usize = 31;
    /// `value`, 16 bytes; a text's pointer.
    pub const VALUE: usize = 32;
    /// `value.str.len`.
    pub const LENGTH: usize = 40;
}

/// A record of `sockfs:0:sock_unix_list` (`struct k_sockinfo`, `sys/socketvar.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnixRecord {
    /// `si_size`: bytes a record takes.
    pub stride: usize,
    /// `si_faddr_noxlate`: not 0 for the ends of a socketpair.
    pub noxlate: Option<usize>,
    /// `si_szoneid`.
    pub zone: usize,
    /// Three texts of 17 bytes: own address, local vnode, peer's vnode.
    pub addresses: usize,
    /// `si_inode`.
    pub inode: Option<usize>,
}

/// Known unix records, by stride; the same for every ABI of a 64-bit kernel.
pub const UNIX_RECORDS: &[UnixRecord] = &[
    // Solaris 10.
    UnixRecord {
        stride: 2148,
        noxlate: None,
        zone: 2092,
        addresses: 2096,
        inode: None,
    },
    // July 2010, and so Solaris 11 as forked.
    UnixRecord {
        stride: 2152,
        noxlate: Some(2092),
        zone: 2096,
        addresses: 2100,
        inode: None,
    },
    // illumos since October 2019.
    UnixRecord {
        stride: 2160,
        noxlate: Some(2092),
        zone: 2096,
        addresses: 2100,
        inode: Some(2152),
    },
];

/// Fields of a unix record at the same place in every era.
pub mod unix {
    /// `si_size`.
    pub const SIZE: usize = 0;
    /// `si_state`.
    pub const STATE: usize = 12;
    /// `si_ux_laddr_sou_magic`.
    pub const LOCAL_MAGIC: usize = 16;
    /// `si_serv_type`.
    pub const SERVICE: usize = 24;
    /// `si_laddr_soa_len`.
    pub const LOCAL_LENGTH: usize = 28;
    /// `si_faddr_soa_len`.
    pub const PEER_LENGTH: usize = 32;
    /// `si_laddr_sun_path`, 1025 bytes.
    pub const LOCAL_PATH: usize = 40;
    /// `si_faddr_sun_path`, 1025 bytes.
    pub const PEER_PATH: usize = 1065;
    /// Bytes a path takes.
    pub const PATH: usize = 1025;
}

/// `prfdinfo_t` (`sys/procfs.h`, illumos since January 2020; the same in Solaris 11.4).
pub mod fdinfo {
    /// `pr_fd`.
    pub const FD: usize = 0;
    /// `pr_mode`.
    pub const MODE: usize = 4;
    /// `pr_ino`.
    pub const INODE: usize = 8;
    /// `pr_size`.
    pub const SIZE: usize = 16;
    /// `pr_offset`; -1 where it means nothing.
    pub const OFFSET: usize = 24;
    /// `pr_uid`.
    pub const UID: usize = 32;
    /// `pr_gid`.
    pub const GID: usize = 36;
    /// `pr_major`; the minor number follows.
    pub const DEVICE: usize = 40;
    /// `pr_rmajor`; the minor number follows.
    pub const RDEV: usize = 48;
    /// `pr_fileflags`, as `F_GETXFL` gives them.
    pub const FLAGS: usize = 56;
    /// `pr_fdflags`.
    pub const FD_FLAGS: usize = 60;
    /// `pr_locktype`, 16 bits: 1 read, 2 write, 3 none.
    pub const LOCK: usize = 64;
    /// `pr_lockpid`.
    pub const LOCK_PID: usize = 68;
    /// `pr_peerpid`; -1 where there is none.
    pub const PEER_PID: usize = 76;
    /// `pr_peername`, 16 bytes.
    pub const PEER_NAME: usize = 180;
    /// `pr_misc`: items of size, type, data.
    pub const ITEMS: usize = 196;
}

/// `fu_data_t` and `f_user_t` (`sys/utssys.h`), both models.
pub mod fuser {
    /// `fud_user_count`.
    pub const COUNT: usize = 4;
    /// `fud_user`.
    pub const USERS: usize = 8;
    /// Bytes a user takes.
    pub const STRIDE: usize = 16;
}
