//! The C runtime of a static Solaris or illumos program (x86-64).
//!
//! Rust's prebuilt std for `x86_64-unknown-illumos` wants some 110 C symbols. This crate
//! defines them over raw system calls, so that an ordinary program becomes one static file
//! that loads nothing of the suspect's. Which calls there are is decided once, from
//! `uname(2)`: Solaris 10 lacks the `*at` forms, Solaris 11 has only them. A self-test at
//! the start refuses to run where the kernel does not answer as expected.
//!
//! * **One thread.** `pthread_create` fails with `EAGAIN`.
//! * **No signal handler** is installed; ignoring and default action work.
//! * **No name resolution**, no unwinding. A child process by fork, exec and wait only.
//! * No vendor promises these system calls: libc is their promise. See `docs/SOLARIS.md`.
//!
//! `kernel` offers the few calls std has no words for (STREAMS, kstat, utssys) with safe
//! signatures. [`recipe`] tells how such a program is linked and what its file must look
//! like, [`records`] what a directory holds; they are all there is of this crate on other systems.
//!
//! Unsafe is what this crate is for: each exported function has the contract of the C
//! function it stands in for, and only its caller, std, can keep it. The calls themselves
//! pass through one function, `sys::raw`.
#![no_std]
#![cfg_attr(
    target_os = "illumos",
    expect(
        unsafe_code,
        reason = "C symbols over raw system calls; there is no libc below us that could be safe"
    )
)]
#![cfg_attr(
    target_os = "illumos",
    allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "C integers and registers are converted both ways; widths are asserted in layout.rs"
    )
)]

pub mod recipe;
pub mod records;

// That nothing unwinds is the same for every static program.
#[cfg(target_os = "illumos")]
use memory as _;

#[cfg(target_os = "illumos")]
mod child;
#[cfg(target_os = "illumos")]
mod dir;
#[cfg(target_os = "illumos")]
mod errno;
#[cfg(target_os = "illumos")]
mod file;
#[cfg(target_os = "illumos")]
mod heap;
#[cfg(target_os = "illumos")]
pub mod kernel;
#[cfg(target_os = "illumos")]
mod layout;
#[cfg(target_os = "illumos")]
mod mem;
#[cfg(target_os = "illumos")]
mod net;
#[cfg(target_os = "illumos")]
mod number;
#[cfg(target_os = "illumos")]
mod path;
#[cfg(target_os = "illumos")]
mod process;
#[cfg(target_os = "illumos")]
mod selftest;
#[cfg(target_os = "illumos")]
mod start;
#[cfg(target_os = "illumos")]
mod sys;
#[cfg(target_os = "illumos")]
mod thread;
#[cfg(target_os = "illumos")]
mod time;
