//! Every descriptor of a table, by number.

use std::io;
use sysroot::{Dir, Entry};

/// Gives every descriptor of a table, which `each` says was there or not. `listing` is working
/// space.
///
/// Since Linux 6.2 the directory says how many there are, and most tables have no hole: there
/// counting up meets all of them, which spares the kernel the listing, a quarter of what looking
/// at a table costs. At the first hole the rest is listed. What is opened or closed meanwhile is
/// met or not, either way.
pub(crate) fn each(
    fds: &Dir,
    listing: &mut [u8],
    each: &mut dyn FnMut(u32, Entry<'_>) -> bool,
) -> io::Result<()> {
    let count = fds.count();
    let mut next = 0;
    let mut digits = [0; 10];
    while u64::from(next) < count {
        let name = decimal(next, &mut digits);
        let entry = Entry {
            name,
            inode: 0,
            is_dir: false,
        };
        if !each(next, entry) {
            break;
        }
        next += 1;
    }
    if count > 0 && u64::from(next) == count {
        return Ok(());
    }
    fds.entries(listing, &mut |entry| {
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
    use std::os::fd::AsFd;
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
    fn numbers_are_written_as_the_kernel_writes_them() {
        for number in [0, 7, 10, 4096, u32::MAX] {
            let text = number.to_string();
            assert_eq!(decimal(number, &mut [0; 10]), text.as_bytes());
        }
    }
}
