//! `malloc` and its family: free lists of fixed sizes cut from mapped chunks; larger blocks
//! are mapped one by one. Sixteen bytes before each block given out tell where it begins.
//!
//! There is one thread, so relaxed atomics are plain variables that need no unsafe.

use crate::errno::{self, EINVAL, ENOMEM};
use crate::number as nr;
use crate::sys::call;
use core::ffi::c_int;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering::Relaxed};

const PAGE: usize = 4096;
const CHUNK: usize = 256 << 10;
const SIZES: usize = 24;
/// The size class of a block that is mapped by itself.
const MAPPED: u32 = u32::MAX;
/// The most that can be asked for; leaves room for the header.
const MOST: usize = isize::MAX as usize - 2 * PAGE;

/// What stands before a block.
#[repr(C)]
#[derive(Clone, Copy)]
struct Head {
    /// Bytes from the beginning of the block to what was given out.
    offset: u32,
    /// Its size class.
    class: u32,
    /// Bytes that may be used.
    room: usize,
}

const HEAD: usize = size_of::<Head>();

static FREE: [AtomicPtr<u8>; SIZES] = [const { AtomicPtr::new(null_mut()) }; SIZES];
static CHUNK_AT: AtomicUsize = AtomicUsize::new(0);
static CHUNK_END: AtomicUsize = AtomicUsize::new(0);

/// 32, 48, 64, 96, 128, 192, … up to 96 KiB.
const fn size_of_class(class: usize) -> usize {
    (if class.is_multiple_of(2) { 32 } else { 48 }) << (class / 2)
}

fn class_for(size: usize) -> Option<usize> {
    (0..SIZES).find(|&class| size_of_class(class) >= size)
}

fn map(length: usize) -> *mut u8 {
    const READ_WRITE: c_int = 3;
    const PRIVATE_ANON: c_int = 0x102;
    let no_file: c_int = -1;
    // SAFETY: a new mapping touches nothing that exists.
    match unsafe { call!(nr::MMAP, 0, length, READ_WRITE, PRIVATE_ANON, no_file, 0) } {
        Ok(at) => at as *mut u8,
        Err(_) => null_mut(),
    }
}

/// A block of a class: one given back, or the next of the chunk.
fn take(class: usize) -> *mut u8 {
    let Some(list) = FREE.get(class) else {
        return null_mut();
    };
    let top = list.load(Relaxed);
    if !top.is_null() {
        // SAFETY: a block on the list begins with the address of the next one.
        let next = unsafe { top.cast::<*mut u8>().read() };
        list.store(next, Relaxed);
        return top;
    }
    let size = size_of_class(class);
    if CHUNK_END.load(Relaxed) - CHUNK_AT.load(Relaxed) < size {
        let chunk = map(CHUNK);
        if chunk.is_null() {
            return chunk;
        }
        CHUNK_AT.store(chunk as usize, Relaxed);
        CHUNK_END.store(chunk as usize + CHUNK, Relaxed);
    }
    CHUNK_AT.fetch_add(size, Relaxed) as *mut u8
}

fn allocate(size: usize, align: usize) -> *mut u8 {
    let extra = HEAD + align.saturating_sub(16);
    let Some(want) = size.max(1).checked_add(extra).filter(|&want| want < MOST) else {
        return null_mut();
    };
    let (block, total, class) = match class_for(want) {
        Some(class) => (take(class), size_of_class(class), class as u32),
        None => {
            let length = want.next_multiple_of(PAGE);
            (map(length), length, MAPPED)
        }
    };
    if block.is_null() {
        return block;
    }
    let start = block as usize;
    let offset = (start + HEAD).next_multiple_of(align.max(16)) - start;
    let head = Head {
        offset: offset as u32,
        class,
        room: total - offset,
    };
    let given = block.wrapping_add(offset);
    // SAFETY: `offset` is at least HEAD, so the header lies inside the block, aligned to 16.
    unsafe { given.wrapping_sub(HEAD).cast::<Head>().write(head) };
    given
}

/// The header of what was given out.
///
/// # Safety
/// `given` came from [`allocate`] and was not given back.
unsafe fn head(given: *mut u8) -> Head {
    // SAFETY: the header stands there.
    unsafe { given.wrapping_sub(HEAD).cast::<Head>().read() }
}

/// Memory of a size, or null.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn malloc(size: usize) -> *mut u8 {
    let given = allocate(size, 16);
    if given.is_null() {
        errno::set(ENOMEM);
    }
    given
}

/// Memory filled with zeros, or null.
#[unsafe(no_mangle)]
extern "C" fn calloc(count: usize, size: usize) -> *mut u8 {
    let Some(length) = count.checked_mul(size) else {
        errno::set(ENOMEM);
        return null_mut();
    };
    let given = malloc(length);
    // SAFETY: it was just given out.
    let mapped = given.is_null() || unsafe { head(given) }.class == MAPPED;
    if !mapped {
        // SAFETY: it has room for `length` bytes. Fresh maps are zero already.
        unsafe { given.write_bytes(0, length) };
    }
    given
}

/// Memory aligned as asked for.
///
/// # Safety
/// `place` can be written.
#[unsafe(no_mangle)]
unsafe extern "C" fn posix_memalign(place: *mut *mut u8, align: usize, size: usize) -> c_int {
    if !align.is_power_of_two() || align > 1 << 30 {
        return EINVAL;
    }
    let given = allocate(size, align);
    if given.is_null() {
        return ENOMEM;
    }
    // SAFETY: the caller's promise.
    unsafe { place.write(given) };
    0
}

/// Takes memory back.
///
/// # Safety
/// It is null, or came from this family and was not given back.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn free(given: *mut u8) {
    if given.is_null() {
        return;
    }
    // SAFETY: the caller's promise.
    let head = unsafe { head(given) };
    let block = given.wrapping_sub(head.offset as usize);
    match FREE.get(head.class as usize) {
        Some(list) => {
            // SAFETY: the block is ours again and holds at least 32 bytes.
            unsafe { block.cast::<*mut u8>().write(list.load(Relaxed)) };
            list.store(block, Relaxed);
        }
        None => {
            let length = head.offset as usize + head.room;
            // SAFETY: the mapping was made for this block alone.
            let _ = unsafe { call!(nr::MUNMAP, block, length) };
        }
    }
}

/// Makes memory larger or smaller, moving it if need be.
///
/// # Safety
/// As [`free`].
#[unsafe(no_mangle)]
unsafe extern "C" fn realloc(given: *mut u8, size: usize) -> *mut u8 {
    if given.is_null() {
        return malloc(size);
    }
    // SAFETY: the caller's promise.
    let room = unsafe { head(given) }.room;
    if size <= room && (room < PAGE || size >= room / 4) {
        return given;
    }
    let moved = malloc(size);
    if !moved.is_null() {
        // SAFETY: both hold the smaller of the two sizes, and they are two blocks.
        unsafe { moved.copy_from_nonoverlapping(given, room.min(size)) };
        // SAFETY: the caller's promise.
        unsafe { free(given) };
    }
    moved
}
