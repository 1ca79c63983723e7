//! System call numbers of a 64-bit process (`sys/syscall.h`), as all eras have them where
//! they have them.

macro_rules! numbers {
    ($($name:ident = $number:literal;)*) => { $(pub(crate) const $name: usize = $number;)* };
}

numbers! {
    EXIT = 1; READ = 3; WRITE = 4; CLOSE = 6; LSEEK = 19; GETPID = 20; GETUID = 24;
    KILL = 37; GETGID = 47; IOCTL = 54; UTSSYS = 57; FDSYNC = 58; FCNTL = 62;
    CHDIR = 12; PIPE = 42; EXECVE = 59; WAITSYS = 107; SETRLIMIT = 128; GETDENTS = 81; GETMSG = 85; PUTMSG = 86; SIGACTION = 98; MMAP = 115; MPROTECT = 116;
    MUNMAP = 117; FCHDIR = 120; READV = 121; WRITEV = 122; GETRLIMIT = 129; UNAME = 135;
    PREAD = 173; PWRITE = 174; POLLSYS = 183; CLOCK_GETTIME = 191; NANOSLEEP = 199;
    RESOLVEPATH = 209; GETCWD = 229;

    SO_SOCKET = 230; BIND = 232; LISTEN = 233; ACCEPT = 234; CONNECT = 235; SHUTDOWN = 236;
    RECV = 237; RECVFROM = 238; SEND = 240; SENDTO = 242; GETPEERNAME = 243;
    GETSOCKNAME = 244; GETSOCKOPT = 245; SETSOCKOPT = 246;
}

// Solaris 11 and illumos. On Solaris 10 some of these numbers are other calls (22 is umount).
numbers! {
    LINKAT = 7; SYMLINKAT = 11; READLINKAT = 22; RENAMEAT = 64; UNLINKAT = 65; FSTATAT = 66;
    OPENAT = 68; FCHMODAT = 101; MKDIRAT = 102; FORKSYS = 142;
}

// Solaris 10 and illumos; gone from Solaris 11.
numbers! {
    OPEN = 5; LINK = 9; UNLINK = 10; CHMOD = 15; STAT = 18; FSTAT = 28; RMDIR = 79; MKDIR = 80;
    LSTAT = 88; SYMLINK = 89; READLINK = 90; FCHMOD = 93; RENAME = 134;
}

// Solaris 10 only: fork, and one number for what became the *at calls, told apart by its first argument.
numbers! {
    FORK1 = 143;
    FSAT = 76; FSAT_OPENAT = 0; FSAT_FSTATAT = 3; FSAT_UNLINKAT = 6;
}
