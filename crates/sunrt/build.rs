//! The prebuilt std names the system's libraries; the linker gets empty archives for them,
//! since every symbol it wants of them is in this crate.
#![expect(
    clippy::disallowed_methods,
    reason = "cargo tells a build script where to write by environment variables"
)]

use std::{env, fs, io, path::PathBuf};

const LIBRARIES: &[&str] = &[
    "c", "gcc_s", "kstat", "lgrp", "m", "nsl", "posix4", "pthread", "resolv", "rt", "sendfile",
    "socket", "ssp", "umem", "xnet",
];

fn main() -> io::Result<()> {
    use io::Write;
    let mut cargo = io::stdout().lock();
    writeln!(cargo, "cargo:rerun-if-changed=build.rs")?;
    if env::var_os("CARGO_CFG_TARGET_OS").is_none_or(|os| os != "illumos") {
        return Ok(());
    }
    let Some(out) = env::var_os("OUT_DIR").map(PathBuf::from) else {
        return Err(io::Error::other("cargo gives no OUT_DIR"));
    };
    for library in LIBRARIES {
        fs::write(out.join(format!("lib{library}.a")), "!<arch>\n")?;
    }
    writeln!(cargo, "cargo:rustc-link-search=native={}", out.display())
}
