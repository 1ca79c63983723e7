//! Every descriptor of a table, by number.

use std::io;
use sysroot::{Dir, Entry};

/// Gives every descriptor of a table, which `each` says was there or not. `listing` is working
/// space.
///
/// Most tables have no hole: there counting up meets all of them, which spares the kernel the
/// listing, a quarter of what looking at a table costs. What comes after the first hole is listed.
/// How many there are (which the directory says since Linux 6.2) would not do to know the end
/// by: one that is opened in a hole meanwhile would pass for the last. It tells apart what counts
/// descriptors by their numbers, and so can begin to list at one. What is opened or closed
/// meanwhile is met or not, either way; what stays open is met.
pub(crate) fn each(
    fds: &Dir,
    listing: &mut [u8],
    each: &mut dyn FnMut(u32, Entry<'_>) -> bool,
) -> io::Result<()> {
    let mut next = 0;
    let mut digits = [0; 10];
    let count = u32::try_from(fds.count()).unwrap_or(0);
    let mut is_there = true;
    // No further than it says: a file system of somebody's own may answer to every name.
    while is_there && next < count {
        let name = decimal(next, &mut digits);
        let entry = Entry {
            name,
            inode: 0,
            is_dir: false,
        };
        is_there = each(next, entry);
        next += u32::from(is_there);
    }
    // `.` and `..` come before the first.
    let position = if next > 0 { next.saturating_add(2) } else { 0 };
    fds.entries_from(position, listing, &mut |entry| {
        if let Some(fd) = entry.number().filter(|&fd| fd >= next) {
            each(fd, entry);
        }
    })
}

/// A number's digits, in the end of the room for them.
fn decimal(number: u32, digits: &mut [u8; 10]) -> &[u8] {
    let (mut rest, mut from) = (number, digits.len());
    for (at, digit) in digits.iter_mut().enumerate().rev() {
        // A remainder of ten is one digit.
        *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        from = at;
        if rest == 0 {
            break;
        }
    }
    digits.get(from..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sched::{CloneFlags, unshare};
    use std::os::fd::{AsFd, AsRawFd};
    use sysroot::Sysroot;

    /// What was met, and what is listed, of a table nobody else opens or closes anything in.
    #[track_caller]
    fn met_and_listed(hole: bool) {
        let thread = std::thread::spawn(move || {
            unshare(CloneFlags::CLONE_FILES).unwrap();
            let clone = |_| std::io::stderr().as_fd().try_clone_to_owned().unwrap();
            let mut held: Vec<_> = (0..9).map(clone).collect();
            if hole {
                held.remove(4);
            }
            let root = Sysroot::live().unwrap();
            let fds = root.dir("/proc/thread-self/fd").unwrap();
            let (mut met, mut listed, mut link) = (Vec::new(), Vec::new(), Vec::new());
            each(&fds, &mut [0; 4096], &mut |fd, entry| {
                let there = fds.link(entry.name, &mut link).is_ok();
                met.extend(there.then_some(fd));
                there
            })
            .unwrap();
            fds.entries(&mut [0; 4096], &mut |entry| listed.extend(entry.number()))
                .unwrap();
            drop(held);
            (met, listed)
        });
        let (met, listed) = thread.join().unwrap();
        assert!(met.len() > 9, "{met:?}");
        assert_eq!(met, listed);
    }

    #[test]
    fn tables_with_and_without_holes_are_met_whole() {
        met_and_listed(false);
        met_and_listed(true);
    }

    #[test]
    fn what_stays_open_is_met_though_a_hole_is_filled_meanwhile() {
        let thread = std::thread::spawn(|| {
            unshare(CloneFlags::CLONE_FILES).unwrap();
            let clone = || std::io::stderr().as_fd().try_clone_to_owned().unwrap();
            let mut held: Vec<_> = (0..9).map(|_| clone()).collect();
            let last = u32::try_from(held[8].as_raw_fd()).unwrap();
            let root = Sysroot::live().unwrap();
            let fds = root.dir("/proc/thread-self/fd").unwrap();
            let hole = u32::try_from(held.remove(4).as_raw_fd()).unwrap();
            let (mut met, mut link, mut filled) = (Vec::new(), Vec::new(), None);
            each(&fds, &mut [0; 4096], &mut |fd, entry| {
                if fd + 1 == hole {
                    filled = Some(clone());
                }
                let there = fds.link(entry.name, &mut link).is_ok();
                met.extend(there.then_some(fd));
                there
            })
            .unwrap();
            assert!(filled.is_some_and(|it| u32::try_from(it.as_raw_fd()) == Ok(hole)));
            assert!(met.contains(&last), "{last}: {met:?}");
        });
        thread.join().unwrap();
    }

    #[test]
    fn numbers_are_written_as_the_kernel_writes_them() {
        for number in [0, 7, 10, 4096, u32::MAX] {
            let text = number.to_string();
            assert_eq!(decimal(number, &mut [0; 10]), text.as_bytes());
        }
    }
}
