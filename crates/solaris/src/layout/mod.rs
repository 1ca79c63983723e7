//! Every offset, with its source.
//!
//! The offsets were read back from debugging information after compiling the public CDDL
//! headers of four eras (the 2005 launch tree, December 2006, July 2010 and 2021) for
//! x86-64, i386, sparcv9 and sparc. `tests/fixtures/layouts.txt` holds that machine-made
//! list, and `tests/layouts.rs` compares each number here with it.

mod mib;
mod system;

pub use mib::*;
pub use system::*;

/// Byte order of the machine that wrote a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// x86.
    Little,
    /// SPARC.
    Big,
}

/// Data model of the process that asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// 32-bit: `long` and pointers are 4 bytes.
    Ilp32,
    /// 64-bit: `long` and pointers are 8 bytes.
    Lp64,
}

/// How records are written: order and data model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abi {
    /// Byte order.
    pub order: Order,
    /// Data model.
    pub model: Model,
}

impl Abi {
    /// 64-bit x86.
    pub const X86_64: Abi = Abi {
        order: Order::Little,
        model: Model::Lp64,
    };
    /// 32-bit x86.
    pub const I386: Abi = Abi {
        order: Order::Little,
        model: Model::Ilp32,
    };
    /// 64-bit SPARC.
    pub const SPARCV9: Abi = Abi {
        order: Order::Big,
        model: Model::Lp64,
    };
    /// 32-bit SPARC.
    pub const SPARC: Abi = Abi {
        order: Order::Big,
        model: Model::Ilp32,
    };

    /// As a 64-bit process on a machine of this name (`uname -m`) sees it.
    #[must_use]
    pub fn of_machine(machine: &[u8]) -> Abi {
        if machine.starts_with(b"sun4") {
            Abi::SPARCV9
        } else {
            Abi::X86_64
        }
    }
}
