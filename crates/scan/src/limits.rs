//! How many sockets we may hold.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Probes under way at most, by design.
const FLIGHTS_MAX: u64 = 8_192;
/// Descriptors left for everything else.
const SPARE: u64 = 64;

/// Probes that may be under way at a time: what the descriptor limit leaves, raised first
/// as far as it may be.
#[must_use]
pub fn flights() -> u32 {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return 64;
    };
    let wanted = hard.min(FLIGHTS_MAX + SPARE);
    let limit = if soft < wanted && setrlimit(Resource::RLIMIT_NOFILE, wanted, hard).is_ok() {
        wanted
    } else {
        soft
    };
    u32::try_from(limit.saturating_sub(SPARE).clamp(1, FLIGHTS_MAX)).unwrap_or(64)
}
