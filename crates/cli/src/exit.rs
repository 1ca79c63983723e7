//! Exit codes: the same for all five programs.

use model::Gap;
use std::process::ExitCode;

/// How a program leaves. Gaps weaken only claims of absence: what was found stays found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: answered, and nothing is wrong.
    Good,
    /// 1: answered, and nothing matched; for rcompare, a finding stands.
    Nothing,
    /// 2: the request could not be met.
    Failed,
    /// 3: nothing matched, or all agreed, but not everything could be looked at.
    Blind,
}

impl Exit {
    /// The code for a search: found, or not found by one who saw everything that could be
    /// meant, or not. `gaps` are those that bear on what was asked; that a process ended
    /// is none of them.
    #[must_use]
    pub fn of_search(found: bool, gaps: &[Gap]) -> Exit {
        match (found, model::gap::weaken(gaps)) {
            (true, _) => Exit::Good,
            (false, false) => Exit::Nothing,
            (false, true) => Exit::Blind,
        }
    }

    /// The number.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Exit::Good => 0,
            Exit::Nothing => 1,
            Exit::Failed => 2,
            Exit::Blind => 3,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_weaken_only_absence() {
        let refused = [Gap::new("/proc/7/fd", "no")];
        assert_eq!(Exit::of_search(true, &refused).code(), 0);
        assert_eq!(Exit::of_search(true, &[]).code(), 0);
        assert_eq!(Exit::of_search(false, &[]).code(), 1);
        assert_eq!(Exit::of_search(false, &refused).code(), 3);
        let ended = [Gap::ended("/proc/7")];
        assert_eq!(Exit::of_search(false, &ended).code(), 1);
        assert_eq!(Exit::Failed.code(), 2);
    }
}
