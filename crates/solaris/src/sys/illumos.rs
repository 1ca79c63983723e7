//! The dialogues with a live kernel: STREAMS messages, kstat, utssys. Everything is bounded.

use super::Sink;
use crate::layout::{Abi, KSTAT_LP64, Order};
use crate::parse::bytes::Fields;
use crate::parse::optmgmt::{self, Reply};
use crate::parse::{kstat as parse, mib, uname};
use std::ffi::CString;
use std::io;
use std::time::Duration;
use sunrt::kernel::{self, Fd, KSTAT};

const O_RDONLY: i32 = 0;
const O_RDWR: i32 = 2;
const EINTR: i32 = 4;
const ENXIO: i32 = 6;
const E2BIG: i32 = 7;
const EAGAIN: i32 = 11;
const ENOMEM: i32 = 12;

/// The most one table or statistic may have, in bytes.
const MOST: usize = 256 << 20;
/// The most tables one answer may have.
const TABLES: usize = 10_000;
/// How often the chain of statistics may change before we give up.
const TRIES: usize = 5;
/// Users of one file that are asked for at first; four times as many each time.
const USERS: usize = 32 << 10;

fn failed(errno: i32) -> io::Error {
    io::Error::from_raw_os_error(errno)
}

/// Asks again where a signal interrupted: the kernel does not.
fn patiently<T>(mut ask: impl FnMut() -> Result<T, i32>) -> io::Result<T> {
    loop {
        match ask() {
            Err(EINTR) => {}
            other => return other.map_err(failed),
        }
    }
}

/// A descriptor that is closed again.
struct Open(Fd);

impl Drop for Open {
    fn drop(&mut self) {
        kernel::close(self.0);
    }
}

fn open(path: &std::ffi::CStr, flags: i32) -> io::Result<Open> {
    kernel::open(path, flags).map(Open).map_err(failed)
}

/// The five names of the kernel.
pub(crate) fn uname(sink: Sink<'_>) -> io::Result<()> {
    let mut names = [0; 5 * uname::FIELD];
    kernel::uname(&mut names).map_err(failed)?;
    sink(&names);
    Ok(())
}

/// All MIB tables, as messages of two lengths and two parts. `/dev/arp` may be opened by
/// anybody; the modules are what `netstat` puts on it.
pub(crate) fn mib2(sink: Sink<'_>) -> io::Result<()> {
    let stream = open(c"/dev/arp", O_RDWR)?;
    for module in [c"tcp", c"udp", c"icmp"] {
        kernel::push(stream.0, module).map_err(failed)?;
    }
    kernel::put_message(stream.0, &optmgmt::request(mib::IP)).map_err(failed)?;
    let mut control = [0; 512];
    for _ in 0..TABLES {
        let came = patiently(|| kernel::get_control(stream.0, &mut control))?;
        let head = control.get(..came.length.unwrap_or(0)).unwrap_or_default();
        match optmgmt::reply(head, came.more_data, Order::Little) {
            Reply::End => return Ok(()),
            Reply::Table { length, .. } => {
                let data = data(stream.0, length)?;
                optmgmt::keep(head, &data, sink);
            }
            Reply::Refused(0) => return Err(strange("the modules refuse the question")),
            Reply::Refused(errno) => return Err(failed(errno)),
            Reply::Strange => return Err(strange("a message that is no answer")),
        }
    }
    Err(strange("tables without end"))
}

fn strange(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// The data part, in as many pieces as it comes in.
fn data(stream: Fd, length: u32) -> io::Result<Vec<u8>> {
    let room = usize::try_from(length).unwrap_or(MOST);
    if room > MOST {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut buffer = vec![0; room.max(1)];
    let mut data = Vec::new();
    loop {
        let came = patiently(|| kernel::get_data(stream, &mut buffer))?;
        let piece = buffer.get(..came.length.unwrap_or(0)).unwrap_or_default();
        data.extend_from_slice(piece);
        if !came.more_data {
            return Ok(data);
        }
        if piece.is_empty() || data.len() > MOST {
            return Err(strange("data without end"));
        }
    }
}

/// The headers of all statistics.
pub(crate) fn kstat_chain(sink: Sink<'_>) -> io::Result<()> {
    let device = open(c"/dev/kstat", O_RDONLY)?;
    sink(&chain(device.0)?);
    Ok(())
}

/// The chain, read while it did not change.
fn chain(device: Fd) -> io::Result<Vec<u8>> {
    for _ in 0..TRIES {
        let before = kernel::kstat_chain(device).map_err(failed)?;
        let (after, data) = statistic(device, &mut [0; KSTAT], 1 << 20)?;
        if before == after {
            return Ok(data);
        }
    }
    Err(strange("the chain of statistics keeps changing"))
}

/// Reads what a header names; gives the chain's number with it.
fn statistic(device: Fd, header: &mut [u8; KSTAT], guess: usize) -> io::Result<(i32, Vec<u8>)> {
    let mut data = vec![0; guess.max(64)];
    for _ in 0..20 {
        let result = kernel::kstat_read(device, header, &mut data);
        let size = Fields::new(header, Abi::X86_64).word(KSTAT_LP64.data_size);
        let size = size.and_then(|size| usize::try_from(size).ok());
        let size = size.filter(|size| *size <= MOST).unwrap_or(MOST);
        match result {
            Ok(id) => {
                data.truncate(size);
                return Ok((id, data));
            }
            // It may have grown since the kernel said so.
            Err(ENOMEM) => data.resize(size.max(data.len()) + 4096, 0),
            Err(EAGAIN) => std::thread::sleep(Duration::from_millis(5)),
            Err(errno) => return Err(failed(errno)),
        }
    }
    Err(strange("a statistic that keeps growing"))
}

/// The data of one statistic, by module, instance and name.
pub(crate) fn kstat(which: (&str, i32, &str), sink: Sink<'_>) -> io::Result<()> {
    let (module, instance, name) = which;
    let device = open(c"/dev/kstat", O_RDONLY)?;
    for _ in 0..TRIES {
        let chain = chain(device.0)?;
        let raw = chain.as_chunks::<KSTAT>().0.iter().find(|raw| {
            let header = parse::header(Fields::new(&raw[..], Abi::X86_64), &KSTAT_LP64);
            header.is_some_and(|header| {
                (header.module, header.instance, header.name)
                    == (module.as_bytes(), instance, name.as_bytes())
            })
        });
        let Some(raw) = raw else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let mut header = *raw;
        let size = Fields::new(raw, Abi::X86_64).word(KSTAT_LP64.data_size);
        let guess = size
            .and_then(|size| usize::try_from(size).ok())
            .unwrap_or(0);
        match statistic(device.0, &mut header, guess.min(MOST)) {
            Ok((_, data)) => {
                sink(&data);
                return Ok(());
            }
            // It went away between the chain and the question.
            Err(error) if error.raw_os_error() == Some(ENXIO) => {}
            Err(error) => return Err(error),
        }
    }
    Err(strange("the chain of statistics keeps changing"))
}

/// Who uses a file.
pub(crate) fn fusers(path: &[u8], flags: u32, sink: Sink<'_>) -> io::Result<()> {
    let path = CString::new(path)?;
    let flags = flags.cast_signed();
    let mut room = USERS;
    loop {
        let mut buffer = vec![0; 8 + 16 * room];
        match kernel::users(&path, flags, &mut buffer) {
            Ok(()) => {
                let count = Fields::new(&buffer, Abi::X86_64).u32(4).unwrap_or(0);
                let users = usize::try_from(count).unwrap_or(room).min(room);
                sink(buffer.get(..8 + 16 * users).unwrap_or_default());
                return Ok(());
            }
            Err(E2BIG) if room < USERS << 8 => room *= 4,
            Err(errno) => return Err(failed(errno)),
        }
    }
}
