//! A file system whose server stops answering: FUSE as far as opening one file takes
//! (`include/uapi/linux/fuse.h`, version 7).

use super::Double;
use super::words::Words;
use nix::mount::{MsFlags, mount};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

const LOOKUP: u32 = 1;
const GETATTR: u32 = 3;
const OPEN: u32 = 14;
const INIT: u32 = 26;
const ENOSYS: i32 = 38;

/// `hungfs DIRECTORY [taken|awake]`: mounts one there, opens `DIRECTORY/file`, and answers nothing
/// from then on; with `taken` it takes every question in all the same, with `awake` it goes on
/// answering. Whoever asks one that is silent waits until this double ends, and so does whoever
/// ends him: what a stage asks there must be what asks apart.
pub(super) fn hung(words: &Words<'_>) -> io::Result<Double> {
    let at = words.at(0)?;
    std::fs::create_dir_all(at)?;
    let device = device()?;
    let options = format!(
        "fd={},rootmode=40000,user_id=0,group_id=0",
        device.as_raw_fd()
    );
    mount(
        Some("hungfs"),
        at,
        Some("fuse"),
        MsFlags::empty(),
        Some(options.as_str()),
    )?;
    let silent = Arc::new(AtomicBool::new(false));
    let server = device.try_clone()?;
    let quiet = Arc::clone(&silent);
    let takes = words.has("taken");
    thread::Builder::new().spawn(move || serve(server, &quiet, takes))?;
    let file = super::open(&format!("{at}/file"))?;
    let mut double = Double::default();
    double.keep.push(device.into());
    double.file("hung", file)?.path = Some(format!("{at}/file").as_str().into());
    silent.store(!words.has("awake"), Ordering::Release);
    Ok(double)
}

fn device() -> io::Result<File> {
    File::options().read(true).write(true).open("/dev/fuse")
}

/// Answers until it is to be silent. A failed reading is the end of the file system.
fn serve(mut device: File, silent: &AtomicBool, takes: bool) -> io::Result<()> {
    let mut request = vec![0; 1 << 18];
    loop {
        let mut waiting = [PollFd::new(device.as_fd(), PollFlags::POLLIN)];
        let ready = poll(&mut waiting, PollTimeout::from(100u8))?;
        // What it has not taken in, whoever asked can still be killed over.
        while silent.load(Ordering::Acquire) && !takes {
            thread::park();
        }
        if ready == 0 {
            continue;
        }
        let length = device.read(&mut request)?;
        if silent.load(Ordering::Acquire) {
            continue;
        }
        // Length, operation, number, node.
        let head = request.get(..length.min(24)).unwrap_or_default();
        let Some((&[_, _, _, _, o, p, q, r], &unique, &node)) = parts(head) else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        let answer = answer(u32::from_ne_bytes([o, p, q, r]), u64::from_ne_bytes(node));
        let error = if answer.is_none() { -ENOSYS } else { 0 };
        let body = answer.unwrap_or_default();
        let total = u32::try_from(16 + body.len()).map_err(io::Error::other)?;
        let mut reply = total.to_ne_bytes().to_vec();
        reply.extend(error.to_ne_bytes());
        reply.extend(unique);
        reply.extend(body);
        device.write_all(&reply)?;
    }
}

fn parts(head: &[u8]) -> Option<(&[u8; 8], &[u8; 8], &[u8; 8])> {
    let (first, rest) = head.split_first_chunk()?;
    let (second, rest) = rest.split_first_chunk()?;
    Some((first, second, rest.first_chunk()?))
}

fn answer(opcode: u32, node: u64) -> Option<Vec<u8>> {
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    match opcode {
        // Version 7.31, nothing special; write at most a page.
        INIT => Some(words(&[7, 31, 0, 0, 0, 4096, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0])),
        // Node 2, of which nothing may be kept in mind.
        LOOKUP => {
            let mut entry: Vec<u8> = words(&[2, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            entry.extend(attributes(2, 0o100_644));
            Some(entry)
        }
        GETATTR => {
            let mut told: Vec<u8> = words(&[0, 0, 0, 0]);
            told.extend(if node == 1 {
                attributes(1, 0o040_755)
            } else {
                attributes(2, 0o100_644)
            });
            Some(told)
        }
        // Handle, and FOPEN_NOFLUSH: closing it asks nobody.
        OPEN => Some(words(&[0, 0, 1 << 5, 0])),
        _ => None,
    }
}

/// `struct fuse_attr`: inode, 42 bytes long, no times, mode and one link.
fn attributes(inode: u32, mode: u32) -> Vec<u8> {
    let mut words = [0u32; 22];
    words[0] = inode;
    words[2] = 42;
    words[15] = mode;
    words[16] = 1;
    words.iter().flat_map(|word| word.to_ne_bytes()).collect()
}
