//! `/dev/kstat`, from the recorded chain and what was read of it.

use super::{Kernel, Reply};
use solaris::layout::Abi;
use solaris::parse::kstat;

const CHAIN_ID: u64 = 0x4b01;
const READ: u64 = 0x4b02;
const ENOTTY: i32 = 25;
const ENXIO: i32 = 6;
const ENOMEM: i32 = 12;
const EFAULT: i32 = 14;
const KID: u64 = 16;
const DATA: u64 = 120;
const NDATA: u64 = 128;
const DATA_SIZE: u64 = 136;

impl Kernel {
    /// The two requests a reader makes.
    pub(crate) fn kstat_ioctl(&self, a: [u64; 6]) -> Option<Reply> {
        match a[1] {
            CHAIN_ID => Some(Reply::Value(self.chain_id())),
            READ => self.kstat_read(a[2]),
            _ => Some(Reply::Error(ENOTTY)),
        }
    }

    /// The number of our chain. A tree's `answers/kstat-restless` says in how many questions it
    /// is another one each time, as where statistics come and go.
    fn chain_id(&self) -> i64 {
        let restless = self.tree.answer("kstat-restless").unwrap_or_default();
        let restless = std::str::from_utf8(&restless).unwrap_or_default();
        let turns = restless.trim().parse().unwrap_or(0);
        let id = self.chain_asked.get().saturating_add(1).min(turns);
        self.chain_asked.set(id);
        id
    }

    /// Kid 0 is the chain itself; the others are named by the chain.
    fn kstat_read(&self, header: u64) -> Option<Reply> {
        let kid = self.tracee.half(header + KID)?.cast_signed();
        let chain = self.tree.answer("kstat-chain")?;
        let headers = kstat::chain(&chain, Abi::X86_64, "kstat").rows;
        let (data, count) = if kid == 0 {
            (chain.clone(), u32::try_from(headers.len()).ok()?)
        } else {
            let Some(found) = headers.iter().find(|header| header.kid == kid) else {
                return Some(Reply::Error(ENXIO));
            };
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_owned()).ok();
            let (module, name) = (text(found.module)?, text(found.name)?);
            let recorded = format!("kstat-{module}.{}.{name}", found.instance);
            match self.tree.answer(&recorded) {
                Some(data) => (data, found.ndata),
                None => return Some(Reply::Error(ENXIO)),
            }
        };
        let room = self.tracee.word(header + DATA_SIZE)?;
        let length = data.len() as u64;
        self.tracee.put(header + DATA_SIZE, &length.to_le_bytes())?;
        self.tracee.put(header + NDATA, &count.to_le_bytes())?;
        if room < length {
            return Some(Reply::Error(ENOMEM));
        }
        let at = self.tracee.word(header + DATA)?;
        Some(match self.tracee.put(at, &data) {
            Some(()) => Reply::Value(self.chain_id()),
            None => Reply::Error(EFAULT),
        })
    }
}
