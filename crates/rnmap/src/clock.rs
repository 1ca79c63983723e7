//! The time of day in UTC, as nmap writes it. No zone file, no locale.

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970, UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Moment(pub(crate) u64);

impl Moment {
    /// Now, as the system has it.
    pub(crate) fn now() -> Moment {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Moment(since.map_or(0, |since| since.as_secs()))
    }

    /// `2026-11-24 02:31 UTC`
    pub(crate) fn minute(self) -> String {
        let (year, month, day) = render::civil(self.0 / 86_400);
        format!("{year:04}-{month:02}-{day:02} {} UTC", self.time())
    }

    /// `2026-11-24 02:31:23 UTC`
    pub(crate) fn second(self) -> String {
        let (year, month, day) = render::civil(self.0 / 86_400);
        let seconds = self.0 % 60;
        format!(
            "{year:04}-{month:02}-{day:02} {}:{seconds:02} UTC",
            self.time()
        )
    }

    /// `02:31`
    pub(crate) fn time(self) -> String {
        format!("{:02}:{:02}", self.0 / 3_600 % 24, self.0 / 60 % 60)
    }

    /// `Tue Nov 24 02:31:23 2026`, as C's ctime has it.
    pub(crate) fn ctime(self) -> String {
        const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
        const MONTHS: [&str; 12] = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ];
        let pick = |names: &[&'static str], at: u64| {
            let at = usize::try_from(at).unwrap_or(0);
            names.get(at).copied().unwrap_or_default()
        };
        let (year, month, day) = render::civil(self.0 / 86_400);
        let weekday = pick(&DAYS, self.0 / 86_400 % 7);
        let month = pick(&MONTHS, month - 1);
        let seconds = self.0 % 60;
        format!(
            "{weekday} {month} {day:2} {}:{seconds:02} {year}",
            self.time()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments() {
        assert_eq!(Moment(0).ctime(), "Thu Jan  1 00:00:00 1970");
        assert_eq!(Moment(951_782_400).second(), "2000-02-29 00:00:00 UTC");
        assert_eq!(Moment(1_795_426_056).minute(), "2026-11-23 09:27 UTC");
        assert_eq!(Moment(4_107_542_399).ctime(), "Sun Feb 28 23:59:59 2100");
        assert_eq!(Moment(4_107_542_400).second(), "2100-03-01 00:00:00 UTC");
    }
}
