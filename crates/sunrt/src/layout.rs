//! The structures that std (by the libc crate) hands to us are the kernel's. Checked when
//! compiled: a new libc crate with other ideas does not build.

use core::mem::offset_of;

const _: () = {
    assert!(size_of::<libc::stat>() == 128);
    assert!(offset_of!(libc::stat, st_ino) == 8);
    assert!(offset_of!(libc::stat, st_mode) == 16);
    assert!(offset_of!(libc::stat, st_nlink) == 20);
    assert!(offset_of!(libc::stat, st_uid) == 24);
    assert!(offset_of!(libc::stat, st_rdev) == 32);
    assert!(offset_of!(libc::stat, st_size) == 40);
    assert!(offset_of!(libc::stat, st_atime) == 48);
    assert!(offset_of!(libc::stat, st_mtime) == 64);
    assert!(offset_of!(libc::stat, st_ctime) == 80);
    assert!(offset_of!(libc::stat, st_blksize) == 96);
    assert!(offset_of!(libc::stat, st_blocks) == 104);
    assert!(offset_of!(libc::dirent, d_off) == 8);
    assert!(offset_of!(libc::dirent, d_reclen) == 16);
    assert!(offset_of!(libc::dirent, d_name) == 18);
    assert!(size_of::<libc::timespec>() == 16);
    assert!(size_of::<libc::pollfd>() == 8);
    assert!(size_of::<libc::iovec>() == 16);
    assert!(size_of::<libc::sockaddr_in>() == 16);
    assert!(size_of::<libc::sockaddr_in6>() == 32);
    assert!(offset_of!(libc::sockaddr_in6, sin6_scope_id) == 24);
    assert!(size_of::<libc::sockaddr_un>() == 110);
    assert!(size_of::<libc::sockaddr_storage>() == 256);
    assert!(size_of::<libc::sigaction>() == 32);
    assert!(offset_of!(libc::sigaction, sa_sigaction) == 8);
    assert!(size_of::<libc::stack_t>() == 24);
    assert!(size_of::<libc::pthread_mutex_t>() == 24);
    assert!(size_of::<libc::pthread_cond_t>() == 16);
    assert!(size_of::<libc::flock>() == 64);
    assert!(offset_of!(libc::flock, l_start) == 8);
    assert!(offset_of!(libc::flock, l_len) == 16);
    assert!(size_of::<libc::rlimit>() == 16);
    assert!(size_of::<libc::siginfo_t>() == 256);
    assert!(offset_of!(libc::siginfo_t, si_code) == 4);
    assert!(size_of::<libc::sigset_t>() == 16);
    assert!(size_of::<libc::utsname>() == crate::sys::UTSNAME);
};
