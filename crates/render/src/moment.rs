//! Moments as people write them, in UTC, whatever the zone of the machine.

/// `2026-11-26 21:40:56Z` of milliseconds since 1970.
#[must_use]
pub fn moment(ms: u64) -> String {
    const DAY: u64 = 86_400;
    let seconds = ms / 1000;
    let (days, second) = (seconds / DAY, seconds % DAY);
    let (year, month, day) = civil(days);
    format!(
        "{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}Z",
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// Year, month and day of a day since 1970. Years begin with March here, so that the odd day
/// of a leap year is the last.
#[must_use]
pub fn civil(days: u64) -> (u64, u64, u64) {
    const TO_0000_03_01: u64 = 719_468;
    const ERA: u64 = 146_097;
    let days = days.saturating_add(TO_0000_03_01);
    let (era, of_era) = (days / ERA, days % ERA);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_many_years() {
        assert_eq!(moment(0), "1970-01-01 00:00:00Z");
        assert_eq!(moment(951_782_399_999), "2000-02-28 23:59:59Z");
        assert_eq!(moment(951_782_400_000), "2000-02-29 00:00:00Z");
        assert_eq!(moment(1_795_729_256_000), "2026-11-26 21:40:56Z");
        assert_eq!(moment(4_107_542_400_000), "2100-03-01 00:00:00Z");
        assert!(moment(u64::MAX).ends_with('Z'));
    }
}
