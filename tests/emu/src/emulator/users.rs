//! `utssys(2)` with `UTS_FUSERS`, from recorded answers.

use super::{Kernel, Reply};

const UTS_FUSERS: u64 = 3;
const EINVAL: i32 = 22;
const ENOENT: i32 = 2;
const E2BIG: i32 = 7;
const HEAD: usize = 8;

impl Kernel {
    /// Who uses a file.
    pub(crate) fn utssys(&self, a: [u64; 6]) -> Option<Reply> {
        let [path, flags, UTS_FUSERS, buffer, ..] = a else {
            return Some(Reply::Error(EINVAL));
        };
        let path = self.tracee.text(path)?;
        let flags = u32::try_from(flags & 0xff).ok()?;
        let name = solaris::parse::fuser::recorded_name(&path, flags);
        let Some(answer) = self.tree.answer(&name) else {
            return Some(Reply::Error(ENOENT));
        };
        let room = self.tracee.half(buffer)?;
        let users = answer.len().saturating_sub(HEAD) / 16;
        if usize::try_from(room).is_ok_and(|room| room < users) {
            return Some(Reply::Error(E2BIG));
        }
        Some(self.put(buffer, &answer, 0))
    }
}
