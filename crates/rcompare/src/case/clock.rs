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
    /// How far the host's clock was ahead of that one, seconds. A battery-backed clock that
    /// keeps local time is off by its zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ahead_of_rtc_s: Option<i64>,
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
    let rtc_s = read("/sys/class/rtc/rtc0/since_epoch").and_then(|text| text.parse().ok());
    let began_ms = now_ms();
    Clock {
        began_ms,
        ended_ms: 0,
        rtc_s,
        ahead_of_rtc_s: rtc_s.and_then(|rtc| ahead(began_ms, rtc)),
        boot_id: read("/proc/sys/kernel/random/boot_id"),
    }
}

fn ahead(now_ms: u64, rtc_s: u64) -> Option<i64> {
    let (now, rtc) = (i64::try_from(now_ms / 1000), i64::try_from(rtc_s));
    now.ok()?.checked_sub(rtc.ok()?)
}

/// A moment as people write it, in UTC: `2026-11-26 21:04:05`.
pub(crate) fn utc(at_ms: u64) -> String {
    let seconds = at_ms / 1000;
    let (mut year, mut days) = (1970_u64, seconds / 86_400);
    let leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    // A hostile case may hold any number: what is beyond a thousand years is not a date.
    if days > 365 * 1000 {
        return format!("{at_ms} ms");
    }
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let february = 28 + u64::from(leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!(
        "{year}-{month:02}-{:02} {hour:02}:{minute:02}:{second:02}",
        days + 1
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(utc(0), "1970-01-01 00:00:00");
        assert_eq!(utc(951_782_400_000), "2000-02-29 00:00:00");
        assert_eq!(utc(1_735_689_599_999), "2024-12-31 23:59:59");
        assert_eq!(utc(1_795_728_245_000), "2026-11-26 21:24:05");
        assert_eq!(utc(u64::MAX), format!("{} ms", u64::MAX));
    }

    #[test]
    fn a_clock_may_be_ahead_or_behind() {
        assert_eq!(ahead(10_000, 7), Some(3));
        assert_eq!(ahead(10_000, 12), Some(-2));
        assert_eq!(ahead(0, u64::MAX), None);
    }
}
