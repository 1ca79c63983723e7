//! `/proc/PID/psinfo` (`psinfo_t` of `sys/procfs.h`): who a process is, readable by all.

use super::bytes::Fields;
use crate::layout::{Abi, Model, PSINFO_ILP32, PSINFO_LP64, Psinfo, psinfo as at};
use model::{Foreign, Pid, Process, ProcessId, Uid, ZoneId};

/// `SSYS` of `sys/proc.h`: part of the kernel, without files.
const SYSTEM: u32 = 1;

/// What the file tells beside the process itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The process. Its command line is `pr_psargs`: at most 79 bytes, joined by spaces.
    pub process: Process,
    /// It has ended and waits for its parent: it holds nothing.
    pub zombie: bool,
    /// The data model it runs in, where it is told.
    pub model: Option<Model>,
}

/// Reads the file. Its length tells the reader's data model: 416 bytes LP64, 336 ILP32.
///
/// # Errors
/// What is wrong with it.
pub fn psinfo(bytes: &[u8], abi: Abi) -> Result<Told, String> {
    let layout = match bytes.len() {
        336 => &PSINFO_ILP32,
        416.. => &PSINFO_LP64,
        length => return Err(format!("{length} bytes are no psinfo")),
    };
    let model = match layout.size {
        336 => Model::Ilp32,
        _ => Model::Lp64,
    };
    let abi = Abi { model, ..abi };
    read(Fields::new(bytes, abi), layout).ok_or_else(|| "no process has such a number".to_owned())
}

fn read(fields: Fields<'_>, layout: &Psinfo) -> Option<Told> {
    let flag = fields.u32(at::FLAG)?;
    let seconds = fields.word(layout.start)?;
    let width = match fields.abi.model {
        Model::Ilp32 => 4,
        Model::Lp64 => 8,
    };
    let nanoseconds = fields.word(layout.start + width)?;
    let system = flag & SYSTEM != 0;
    let process = Process {
        id: ProcessId {
            pid: pid(fields, at::PID)?,
            start: seconds
                .wrapping_mul(1_000_000_000)
                .wrapping_add(nanoseconds),
        },
        ppid: pid(fields, at::PPID),
        pgid: pid(fields, at::PGID),
        uid: fields.u32(at::UID).map(Uid),
        comm: Foreign::from(fields.text(layout.fname, 16)?),
        cmdline: Some(Foreign::from(fields.text(layout.psargs, 80)?)),
        exe: None,
        netns: None,
        kernel_thread: system,
        zone: fields
            .i32(layout.zoneid)
            .and_then(|zone| u32::try_from(zone).ok())
            .map(ZoneId),
    };
    let model = match fields.bytes.get(layout.dmodel) {
        Some(1) => Some(Model::Ilp32),
        Some(2) => Some(Model::Lp64),
        _ => None,
    };
    Some(Told {
        process,
        // A system process may show no LWP without being dead.
        zombie: fields.u32(at::NLWP)? == 0 && !system,
        model,
    })
}

fn pid(fields: Fields<'_>, at: usize) -> Option<Pid> {
    u32::try_from(fields.i32(at)?).ok().map(Pid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample(layout: &Psinfo, abi: Abi) -> Vec<u8> {
        let mut bytes = vec![0; layout.size];
        let mut put = |at: usize, value: u32| {
            let raw = match abi.order {
                crate::layout::Order::Little => value.to_le_bytes(),
                crate::layout::Order::Big => value.to_be_bytes(),
            };
            bytes[at..at + 4].copy_from_slice(&raw);
        };
        put(4, 1);
        put(8, 502);
        put(12, 1);
        put(24, 60001);
        put(layout.zoneid, 3);
        // The low half of the seconds and of the nanoseconds.
        let low = match (abi.model, abi.order) {
            (Model::Lp64, crate::layout::Order::Big) => 4,
            _ => 0,
        };
        put(layout.start + low, 1_600_000_000);
        let width = if abi.model == Model::Lp64 { 8 } else { 4 };
        put(layout.start + width + low, 5);
        bytes[layout.fname..][..4].copy_from_slice(b"sshd");
        bytes[layout.psargs..][..13].copy_from_slice(b"/usr/lib/sshd");
        bytes[layout.dmodel] = 1;
        bytes
    }

    #[test]
    fn both_models_and_both_orders() {
        for (layout, abi) in [
            (&PSINFO_LP64, Abi::X86_64),
            (&PSINFO_LP64, Abi::SPARCV9),
            (&PSINFO_ILP32, Abi::I386),
            (&PSINFO_ILP32, Abi::SPARC),
        ] {
            let told = psinfo(&sample(layout, abi), abi).unwrap();
            let process = told.process;
            assert_eq!(process.id.pid, Pid(502));
            assert_eq!(process.id.start, 1_600_000_000_000_000_005);
            assert_eq!(process.uid, Some(Uid(60001)));
            assert_eq!(process.comm, Foreign::from("sshd"));
            assert_eq!(process.cmdline, Some(Foreign::from("/usr/lib/sshd")));
            assert_eq!(process.zone, Some(ZoneId(3)));
            assert!(!told.zombie);
            assert_eq!(told.model, Some(Model::Ilp32));
        }
    }

    #[test]
    fn what_is_no_psinfo_says_so() {
        assert!(psinfo(&[0; 100], Abi::X86_64).is_err());
        let mut bytes = sample(&PSINFO_LP64, Abi::X86_64);
        bytes[11] = 0x80;
        assert!(psinfo(&bytes, Abi::X86_64).is_err(), "a negative pid");
    }

    proptest! {
        #[test]
        fn a_process_or_what_is_wrong(bytes in proptest::collection::vec(any::<u8>(), 0..450), big: bool) {
            let abi = if big { Abi::SPARCV9 } else { Abi::I386 };
            match psinfo(&bytes, abi) {
                Ok(told) => {
                    prop_assert!(bytes.len() == 336 || bytes.len() >= 416);
                    prop_assert!(told.process.id.pid.0 <= u32::MAX / 2);
                }
                Err(reason) => prop_assert!(!reason.is_empty()),
            }
        }
    }
}
