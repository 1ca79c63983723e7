//! How many sockets we may hold.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Descriptors that probes use at most, by design.
const FLIGHTS_MAX: u64 = 8_192;
/// Descriptors left for everything else.
const SPARE: u64 = 64;

/// Descriptors that probes may take, held sources and sockets under way together: what the
/// limit leaves, raised first as far as it may be. To be asked before any is taken.
#[must_use]
pub fn room() -> u32 {
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
