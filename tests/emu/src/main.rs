//! `emu`: runs a static Solaris or illumos program (x86-64) on Linux.
//!
//! ```text
//! emu --os illumos|s11|s10 [--root DIR] [--trace] PROGRAM ARGUMENTS…
//! ```
//!
//! The program stops at every system call (`PTRACE_SYSEMU`) and is answered from here.
//! `/proc`, `/dev/arp`, `/dev/kstat` and `utssys` are answered from DIR, which is a recorded
//! tree as `--record` writes it; other paths are the machine's own unless DIR has them.
//!
//! It shows that a program and its runtime agree with the facts we gathered. It cannot show
//! that the facts are right: no Solaris kernel is involved.

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod emulator;

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn main() -> std::process::ExitCode {
    emulator::main()
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
fn main() {}
