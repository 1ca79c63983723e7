//! `/dev/arp`: modules are pushed, a request is put, the recorded tables come back.

use super::handle::{Handle, Open};
use super::{Kernel, Reply};
use solaris::parse::optmgmt;

const I_PUSH: u64 = 0x5302;
const EBADF: i32 = 9;
const EINVAL: i32 = 22;
const ENOSTR: i32 = 60;
const MORECTL: i64 = 1;
const MOREDATA: i64 = 2;
const REQUEST: usize = 28;
const T_OPTMGMT_ACK: u32 = 22;
const T_SUCCESS: u32 = 0x20;
/// The module whose presence the answer needs.
const NEEDED: [&[u8]; 3] = [b"tcp", b"udp", b"icmp"];

impl Kernel {
    /// `I_PUSH`; none for what is not a stream.
    pub(crate) fn stream_ioctl(&self, open: &Open, a: [u64; 6]) -> Option<Option<Reply>> {
        let Handle::Stream { modules, .. } = &mut *open.handle.borrow_mut() else {
            return None;
        };
        if a[1] != I_PUSH {
            return Some(Some(Reply::Error(EINVAL)));
        }
        let Some(name) = self.tracee.text(a[2]) else {
            return Some(None);
        };
        if !NEEDED.contains(&name.as_slice()) {
            return Some(Some(Reply::Error(EINVAL)));
        }
        modules.push(name);
        Some(Some(Reply::Value(0)))
    }

    /// A request: all recorded tables wait from then on.
    pub(crate) fn putmsg(&self, a: [u64; 6]) -> Option<Reply> {
        let Some(open) = self.handles.get(a[0]) else {
            return Some(Reply::Error(EBADF));
        };
        let Handle::Stream { modules, messages } = &mut *open.handle.borrow_mut() else {
            return Some(Reply::Error(ENOSTR));
        };
        let (length, at) = (self.tracee.half(a[1] + 4)?, self.tracee.word(a[1] + 8)?);
        let control = self.tracee.bytes(at, length.into())?;
        if control != optmgmt::request(solaris::parse::mib::IP) || control.len() != REQUEST {
            return Some(Reply::Error(EINVAL));
        }
        if modules.len() != NEEDED.len() {
            return Some(Reply::Error(EINVAL));
        }
        let recorded = self.tree.answer("mib2")?;
        for item in optmgmt::answer(&recorded, "mib2").items {
            let length = u32::try_from(item.data.len()).ok()?;
            let control = acknowledge(item.level, item.name, length);
            messages.push_back((control, Some(item.data.to_owned())));
        }
        messages.push_back((acknowledge(0, 0, 0), None));
        Some(Reply::Value(0))
    }

    /// The next message, its control part first, as much of it as there is room for.
    pub(crate) fn getmsg(&self, a: [u64; 6]) -> Option<Reply> {
        let Some(open) = self.handles.get(a[0]) else {
            return Some(Reply::Error(EBADF));
        };
        let Handle::Stream { messages, .. } = &mut *open.handle.borrow_mut() else {
            return Some(Reply::Error(ENOSTR));
        };
        let Some((control, data)) = messages.front_mut() else {
            // A real stream would wait for ever.
            return Some(Reply::Error(EINVAL));
        };
        let mut none = None;
        let mut first = Some(std::mem::take(control));
        let left_control = self.part(a[1], &mut first)?;
        *control = first.unwrap_or_default();
        let left_data = match a[2] {
            0 => data.is_some(),
            at => self.part(at, if control.is_empty() { data } else { &mut none })?,
        };
        if !left_control && !left_data {
            messages.pop_front();
        }
        Some(Reply::Value(
            if left_control { MORECTL } else { 0 } | if left_data { MOREDATA } else { 0 },
        ))
    }

    /// Fills a `strbuf` from the front of a part; says whether some of it is left.
    fn part(&self, strbuf: u64, part: &mut Option<Vec<u8>>) -> Option<bool> {
        if strbuf == 0 {
            return Some(part.as_ref().is_some_and(|part| !part.is_empty()));
        }
        let room = self.tracee.half(strbuf)?.cast_signed();
        let at = self.tracee.word(strbuf + 8)?;
        let length = match (part.as_mut(), usize::try_from(room)) {
            (Some(bytes), Ok(room)) if !(bytes.is_empty() && strbuf == 0) => {
                let given: Vec<u8> = bytes.drain(..room.min(bytes.len())).collect();
                self.tracee.put(at, &given)?;
                i32::try_from(given.len()).ok()?
            }
            _ => -1,
        };
        self.tracee.put(strbuf + 4, &length.to_le_bytes())?;
        let left = part.as_ref().is_some_and(|bytes| !bytes.is_empty());
        if !left {
            *part = None;
        }
        Some(left)
    }
}

fn acknowledge(level: u32, name: u32, length: u32) -> Vec<u8> {
    [T_OPTMGMT_ACK, 12, 16, T_SUCCESS, level, name, length]
        .iter()
        .flat_map(|word| word.to_le_bytes())
        .collect()
}
