//! What static programs use instead of their C runtime's: `memcpy`, `memmove` and `memset` that
//! are quick with a few bytes, and no unwinder.
//!
//! Tables are made of pieces of five to twenty bytes, and rows are moved about by the
//! hundred thousand. musl's functions for x86-64 go about any length byte by byte and with
//! string instructions, whose start costs more than such a piece: they were a third of what
//! rlsof did on its own side of the system calls. Elsewhere musl's own are good, and stay.
#![no_std]

// illumos: its runtime, `sunrt`, has its own memcpy, and this.
#[cfg(all(any(target_env = "musl", target_os = "illumos"), panic = "abort"))]
mod unwind;
#[cfg(target_arch = "x86_64")]
pub mod x86_64;
