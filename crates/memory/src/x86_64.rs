//! The functions, in assembly: compiled code of any other kind may itself call `memcpy`.
//!
//! Up to 128 bytes are all read before the first is written, by two ends that may meet: no
//! loop, and places may overlap. What is longer goes by words, its odd end by a word that
//! was read before. Registers and the direction flag are as the System V ABI wants them.
#![expect(
    unsafe_code,
    reason = "these are functions of C, and their symbols replace those of musl"
)]

use core::arch::naked_asm;
use core::ffi::c_int;

/// Copies bytes that do not overlap. Here the same as [`memmove`].
///
/// # Safety
/// Both places hold `length` bytes.
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
#[unsafe(naked)]
pub unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, length: usize) -> *mut u8 {
    naked_asm!("jmp {}", sym memmove)
}

/// Copies bytes that may overlap.
///
/// # Safety
/// Both places hold `length` bytes.
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
#[unsafe(naked)]
pub unsafe extern "C" fn memmove(to: *mut u8, from: *const u8, length: usize) -> *mut u8 {
    naked_asm!(
        "mov rax, rdi",
        "cmp rdx, 16",
        "jae 4f",
        "cmp edx, 8",
        "jae 3f",
        "cmp edx, 4",
        "jae 2f",
        "test edx, edx",
        "jz 9f",
        // One to three: the first, the middle, the last.
        "mov ecx, edx",
        "shr ecx",
        "movzx r8d, byte ptr [rsi]",
        "movzx r9d, byte ptr [rsi + rcx]",
        "movzx r10d, byte ptr [rsi + rdx - 1]",
        "mov byte ptr [rdi], r8b",
        "mov byte ptr [rdi + rcx], r9b",
        "mov byte ptr [rdi + rdx - 1], r10b",
        "ret",
        "2:",
        "mov r8d, dword ptr [rsi]",
        "mov r9d, dword ptr [rsi + rdx - 4]",
        "mov dword ptr [rdi], r8d",
        "mov dword ptr [rdi + rdx - 4], r9d",
        "ret",
        "3:",
        "mov r8, qword ptr [rsi]",
        "mov r9, qword ptr [rsi + rdx - 8]",
        "mov qword ptr [rdi], r8",
        "mov qword ptr [rdi + rdx - 8], r9",
        "ret",
        "4:",
        "movups xmm0, xmmword ptr [rsi]",
        "movups xmm7, xmmword ptr [rsi + rdx - 16]",
        "cmp rdx, 32",
        "jbe 7f",
        "movups xmm1, xmmword ptr [rsi + 16]",
        "movups xmm6, xmmword ptr [rsi + rdx - 32]",
        "cmp rdx, 64",
        "jbe 6f",
        "cmp rdx, 128",
        "ja {long}",
        "movups xmm2, xmmword ptr [rsi + 32]",
        "movups xmm3, xmmword ptr [rsi + 48]",
        "movups xmm4, xmmword ptr [rsi + rdx - 64]",
        "movups xmm5, xmmword ptr [rsi + rdx - 48]",
        "movups xmmword ptr [rdi + 32], xmm2",
        "movups xmmword ptr [rdi + 48], xmm3",
        "movups xmmword ptr [rdi + rdx - 64], xmm4",
        "movups xmmword ptr [rdi + rdx - 48], xmm5",
        "6:",
        "movups xmmword ptr [rdi + 16], xmm1",
        "movups xmmword ptr [rdi + rdx - 32], xmm6",
        "7:",
        "movups xmmword ptr [rdi], xmm0",
        "movups xmmword ptr [rdi + rdx - 16], xmm7",
        "9:",
        "ret",
        long = sym long,
    )
}

/// The rest of [`memmove`], for more than 128 bytes; `rax` is `to` already.
#[unsafe(naked)]
unsafe extern "C" fn long(to: *mut u8, from: *const u8, length: usize) -> *mut u8 {
    naked_asm!(
        "mov rcx, rdi",
        "sub rcx, rsi",
        "cmp rcx, rdx",
        "mov rcx, rdx",
        "jb 2f",
        // Forwards; the last word was read before anything was written.
        "mov r8, qword ptr [rsi + rdx - 8]",
        "shr rcx, 3",
        "rep movsq",
        "mov qword ptr [rax + rdx - 8], r8",
        "ret",
        // Backwards, since the target lies inside what is read; the first word likewise.
        "2:",
        "mov r8, qword ptr [rsi]",
        "shr rcx, 3",
        "lea rsi, [rsi + rdx - 8]",
        "lea rdi, [rdi + rdx - 8]",
        "std",
        "rep movsq",
        "cld",
        "mov qword ptr [rax], r8",
        "ret",
    )
}

/// Fills bytes.
///
/// # Safety
/// The place holds `length` bytes.
#[cfg_attr(target_env = "musl", unsafe(no_mangle))]
#[unsafe(naked)]
pub unsafe extern "C" fn memset(to: *mut u8, byte: c_int, length: usize) -> *mut u8 {
    naked_asm!(
        "mov rax, rdi",
        "movzx esi, sil",
        "mov r8, 0x0101010101010101",
        "imul r8, rsi",
        "cmp rdx, 16",
        "jae 4f",
        "cmp edx, 8",
        "jae 3f",
        "cmp edx, 4",
        "jae 2f",
        "test edx, edx",
        "jz 9f",
        "mov ecx, edx",
        "shr ecx",
        "mov byte ptr [rdi], r8b",
        "mov byte ptr [rdi + rcx], r8b",
        "mov byte ptr [rdi + rdx - 1], r8b",
        "ret",
        "2:",
        "mov dword ptr [rdi], r8d",
        "mov dword ptr [rdi + rdx - 4], r8d",
        "ret",
        "3:",
        "mov qword ptr [rdi], r8",
        "mov qword ptr [rdi + rdx - 8], r8",
        "ret",
        "4:",
        "cmp rdx, 128",
        "ja 8f",
        "movq xmm0, r8",
        "punpcklqdq xmm0, xmm0",
        "cmp rdx, 32",
        "jbe 7f",
        "cmp rdx, 64",
        "jbe 6f",
        "movups xmmword ptr [rdi + 32], xmm0",
        "movups xmmword ptr [rdi + 48], xmm0",
        "movups xmmword ptr [rdi + rdx - 64], xmm0",
        "movups xmmword ptr [rdi + rdx - 48], xmm0",
        "6:",
        "movups xmmword ptr [rdi + 16], xmm0",
        "movups xmmword ptr [rdi + rdx - 32], xmm0",
        "7:",
        "movups xmmword ptr [rdi], xmm0",
        "movups xmmword ptr [rdi + rdx - 16], xmm0",
        "9:",
        "ret",
        "8:",
        "mov qword ptr [rdi + rdx - 8], r8",
        "mov rcx, rdx",
        "shr rcx, 3",
        "mov r9, rax",
        "mov rax, r8",
        "rep stosq",
        "mov rax, r9",
        "ret",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    extern crate std;
    use std::vec::Vec;

    /// Every length of the short ways, and longer ones around their words.
    fn lengths() -> impl Iterator<Item = usize> {
        (0..=300).chain([1000, 1023, 1024, 1025, 4096, 4103, 70_001])
    }

    fn letters(count: usize) -> Vec<u8> {
        (0..=250).cycle().step_by(7).take(count).collect()
    }

    #[test]
    fn a_copy_is_whole_and_touches_nothing_beside_it() {
        for length in lengths() {
            for shift in [0, 1, 7, 15] {
                let from = letters(length + shift);
                let mut to = std::vec![0xee; length + 40];
                // SAFETY: both hold `length` bytes behind the shift.
                let told = unsafe {
                    memcpy(
                        to.as_mut_ptr().wrapping_add(16),
                        from.as_ptr().wrapping_add(shift),
                        length,
                    )
                };
                assert_eq!(told, to.as_mut_ptr().wrapping_add(16));
                assert_eq!(to[16..16 + length], from[shift..], "{length} bytes");
                let beside = to[..16].iter().chain(&to[16 + length..]);
                assert!(
                    beside.into_iter().all(|byte| *byte == 0xee),
                    "{length} bytes"
                );
            }
        }
    }

    #[test]
    fn places_may_overlap_by_any_distance() {
        for length in lengths().filter(|length| *length < 5000) {
            for distance in (0..=40).chain([63, 64, 127, 128, 129, 200]) {
                let text = letters(length + distance);
                let mut up = text.clone();
                // SAFETY: both places lie in `up`.
                unsafe { memmove(up.as_mut_ptr().wrapping_add(distance), up.as_ptr(), length) };
                assert_eq!(up[distance..], text[..length], "up by {distance}");
                let mut down = text.clone();
                // SAFETY: both places lie in `down`.
                unsafe {
                    memmove(
                        down.as_mut_ptr(),
                        down.as_ptr().wrapping_add(distance),
                        length,
                    )
                };
                assert_eq!(down[..length], text[distance..], "down by {distance}");
            }
        }
    }

    #[test]
    fn a_filling_is_whole_and_touches_nothing_beside_it() {
        for length in lengths() {
            let mut to = std::vec![0xee; length + 40];
            // SAFETY: `to` holds `length` bytes behind the first 16. Only a byte of the
            // number counts.
            let told = unsafe { memset(to.as_mut_ptr().wrapping_add(16), 0x3a5, length) };
            assert_eq!(told, to.as_mut_ptr().wrapping_add(16));
            assert!(to[16..16 + length].iter().all(|byte| *byte == 0xa5));
            let beside = to[..16].iter().chain(&to[16 + length..]);
            assert!(
                beside.into_iter().all(|byte| *byte == 0xee),
                "{length} bytes"
            );
        }
    }
}
