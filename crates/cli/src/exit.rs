//! Exit codes: the same for all five programs.

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
    /// The code for a search: found, or not found by one who saw everything, or not.
    #[must_use]
    pub fn of_search(found: bool, gaps: bool) -> Exit {
        match (found, gaps) {
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
        assert_eq!(Exit::of_search(true, true).code(), 0);
        assert_eq!(Exit::of_search(true, false).code(), 0);
        assert_eq!(Exit::of_search(false, false).code(), 1);
        assert_eq!(Exit::of_search(false, true).code(), 3);
        assert_eq!(Exit::Failed.code(), 2);
    }
}
