//! When something was done, by clocks nobody need believe.

use serde::{Deserialize, Serialize};
use std::time::{SystemTime, UNIX_EPOCH};
use sysroot::Sysroot;

/// The host's clock, and what can be held against it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Clock {
    /// When the run began, milliseconds since 1970.
    pub(crate) began_ms: u64,
    /// When it ended.
    pub(crate) ended_ms: u64,
    /// What the battery-backed clock said when the run began, seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rtc_s: Option<u64>,
    /// Number of this boot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) boot_id: Option<String>,
}

/// Now, milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since
        .ok()
        .and_then(|since| u64::try_from(since.as_millis()).ok())
        .unwrap_or(0)
}

/// Reads what there is at the beginning of a run.
pub(crate) fn begin() -> Clock {
    let root = Sysroot::live();
    let read = |path: &str| {
        let bytes = root.as_ref().ok()?.read(path).ok()?;
        let text = std::str::from_utf8(&bytes).ok()?.trim();
        Some(text.to_owned())
    };
    Clock {
        began_ms: now_ms(),
        ended_ms: 0,
        rtc_s: read("/sys/class/rtc/rtc0/since_epoch").and_then(|text| text.parse().ok()),
        boot_id: read("/proc/sys/kernel/random/boot_id"),
    }
}
