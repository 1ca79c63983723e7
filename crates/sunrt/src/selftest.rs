//! Refuses to run where the kernel does not answer as we expect: no vendor promises the
//! system calls, and a wrong number may be another call. What is asked changes nothing.

use crate::kernel::{self, Errno};
use crate::sys::{self, UTSNAME};
use core::ffi::{CStr, c_int};

/// What went wrong.
pub(crate) struct Complaint {
    /// The check that failed.
    pub(crate) check: &'static str,
}

fn expect(holds: bool, check: &'static str) -> Result<(), Complaint> {
    if holds {
        Ok(())
    } else {
        Err(Complaint { check })
    }
}

fn need<T>(result: Result<T, Errno>, check: &'static str) -> Result<T, Complaint> {
    result.map_err(|_| Complaint { check })
}

const PSINFO: &CStr = c"/proc/self/psinfo";
const PSINFO_SIZE: u64 = 416;
const PR_PID: usize = 8;
const PR_DMODEL: usize = 256;
const LP64: u8 = 2;

/// Asks the kernel its name and what it says of ourselves, by every kind of call that
/// differs between releases.
pub(crate) fn run() -> Result<(), Complaint> {
    let mut names = [0; UTSNAME];
    need(kernel::uname(&mut names), "uname failed")?;
    let field = |number: usize| names.get(number * 257..).unwrap_or_default();
    expect(field(0).starts_with(b"SunOS\0"), "uname is not SunOS")?;
    let release = field(2);
    let known = [&b"5.10\0"[..], b"5.11\0"];
    expect(
        known.iter().any(|known| release.starts_with(known)),
        "release is neither 5.10 nor 5.11",
    )?;
    sys::choose(release);

    let mut psinfo = [0; PSINFO_SIZE as usize + 1];
    let fd = need(
        kernel::open(PSINFO, 0),
        "/proc/self/psinfo cannot be opened",
    )?;
    let length = kernel::read(fd, &mut psinfo);
    let size = kernel::size(fd);
    kernel::close(fd);
    let whole = Ok(PSINFO_SIZE as usize);
    expect(length == whole, "psinfo is not 416 bytes long")?;
    expect(size == Ok(PSINFO_SIZE), "fstat of psinfo is not 416 bytes")?;
    let pid = psinfo
        .get(PR_PID..)
        .and_then(|bytes| bytes.first_chunk())
        .map(|bytes| c_int::from_ne_bytes(*bytes));
    expect(pid == Some(kernel::pid()), "psinfo is of another process")?;
    expect(psinfo.get(PR_DMODEL) == Some(&LP64), "psinfo is not LP64")?;
    listed()
}

/// Whether `/proc/self` lists the file just read.
fn listed() -> Result<(), Complaint> {
    let check = "/proc/self cannot be listed";
    let fd = need(kernel::open(c"/proc/self", 0), check)?;
    let mut buffer = [0; 4096];
    let length = kernel::entries(fd, &mut buffer);
    kernel::close(fd);
    let records = buffer.get(..need(length, check)?).unwrap_or_default();
    let name = b"psinfo\0";
    let found = records.windows(name.len()).any(|bytes| bytes == name);
    expect(found, "/proc/self lists no psinfo")
}
