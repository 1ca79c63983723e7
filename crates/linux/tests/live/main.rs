//! Live tests: each makes what it then finds, in namespaces of its own.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests make files and start themselves anew, say what they skip, and fail where they cannot go on"
)]

mod behind;
mod counters;
mod identity;
mod make;
mod oracles;
mod pidfd;
mod private;
mod receipt;
mod stage;
mod steering;
