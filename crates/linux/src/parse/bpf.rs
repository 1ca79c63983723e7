//! Classic BPF: what a socket filter does, in words, and which ports it looks for
//! (`include/uapi/linux/{bpf_common,filter}.h`).

use super::Order;
use model::Filter;
use model::gap::counted;

/// Instructions the kernel accepts at most (`BPF_MAXINSNS`).
const INSTRUCTIONS_MAX: usize = 4096;

/// `struct sock_filter`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Instruction {
    code: u16,
    then: u8,
    otherwise: u8,
    k: u32,
}

/// Reads a filter as `SO_GET_FILTER` and `PACKET_DIAG_FILTER` give it: 8 bytes an instruction.
/// A rest of less than that is no instruction and is told as such.
#[must_use]
pub fn filter(program: &[u8], order: Order) -> Filter {
    let (chunks, rest) = program.as_chunks::<8>();
    let all: Vec<Instruction> = chunks
        .iter()
        .take(INSTRUCTIONS_MAX)
        .map(|bytes| instruction(bytes, order))
        .collect();
    let mut text: Vec<String> = all
        .iter()
        .enumerate()
        .map(|(at, it)| words(at, it))
        .collect();
    if !rest.is_empty() {
        let left = counted(rest.len() as u64, "byte that is", "bytes that are");
        text.push(left + " no instruction");
    }
    Filter {
        ports: ports(&all),
        text,
    }
}

fn instruction(&[c, d, then, otherwise, k @ ..]: &[u8; 8], order: Order) -> Instruction {
    Instruction {
        code: order.u16([c, d]),
        then,
        otherwise,
        k: order.u32(k),
    }
}

/// What is in the accumulator, as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loaded {
    /// A port of the packet.
    Port,
    /// Something else.
    Other,
}

/// Where half-words hold a port: offsets from the start of the frame or of the IP header,
/// for IPv4 without options and for IPv6.
const PORTS_AT: [u32; 8] = [20, 22, 34, 36, 40, 42, 54, 56];
/// The same relative to the end of an IPv4 header whose length is in the index register.
const PORTS_AFTER: [u32; 4] = [0, 2, 14, 16];

const LOAD_HALF_AT: u16 = 0x28;
const LOAD_HALF_AFTER: u16 = 0x48;

/// The ports a filter compares with. Jumps only lead forward, so one pass tells what the
/// accumulator may hold at each instruction.
fn ports(all: &[Instruction]) -> Vec<u16> {
    let mut before: Vec<Option<Loaded>> = vec![None; all.len()];
    if let Some(first) = before.first_mut() {
        *first = Some(Loaded::Other);
    }
    let mut ports = Vec::new();
    for (at, it) in all.iter().enumerate() {
        let Some(loaded) = before.get(at).copied().flatten() else {
            continue;
        };
        let after = match it.code {
            LOAD_HALF_AT if PORTS_AT.contains(&it.k) => Loaded::Port,
            LOAD_HALF_AFTER if PORTS_AFTER.contains(&it.k) => Loaded::Port,
            // Other loads, arithmetic and `txa` change it.
            code if matches!(code & 7, 0 | 4) || code == 0x87 => Loaded::Other,
            _ => loaded,
        };
        // jeq, jgt, jge with a constant.
        if loaded == Loaded::Port && matches!(it.code, 0x15 | 0x25 | 0x35) {
            ports.extend(u16::try_from(it.k));
        }
        for next in successors(at, it) {
            if let Some(slot) = before.get_mut(next) {
                *slot = match *slot {
                    None => Some(after),
                    Some(known) if known == after => Some(known),
                    Some(_) => Some(Loaded::Other),
                };
            }
        }
    }
    ports.sort_unstable();
    ports.dedup();
    ports
}

fn successors(at: usize, it: &Instruction) -> Vec<usize> {
    let to = |offset: u32| at + 1 + usize::try_from(offset).unwrap_or(usize::MAX - at - 1);
    match it.code & 0x07 {
        5 if it.code & 0xf0 == 0 => vec![to(it.k)],
        5 => vec![to(it.then.into()), to(it.otherwise.into())],
        6 => vec![],
        _ => vec![at + 1],
    }
}

/// One instruction in the notation of `tcpdump -d`; the places jumped to are absolute.
fn words(at: usize, it: &Instruction) -> String {
    let Instruction {
        code,
        then,
        otherwise,
        k,
    } = *it;
    let operand = if code & 0x08 == 0 {
        format!("#{k:#x}")
    } else {
        "x".to_owned()
    };
    match code & 0x07 {
        0 | 1 => load(code, k),
        2 => format!("st M[{k}]"),
        3 => format!("stx M[{k}]"),
        4 => arithmetic(code, &operand),
        5 => {
            let to = |offset: u8| at + 1 + usize::from(offset);
            let (yes, no) = (to(then), to(otherwise));
            match code & 0xf0 {
                0x00 => format!("ja {}", u64::from(k) + u64::try_from(at).unwrap_or(0) + 1),
                0x10 => format!("jeq {operand} jt {yes} jf {no}"),
                0x20 => format!("jgt {operand} jt {yes} jf {no}"),
                0x30 => format!("jge {operand} jt {yes} jf {no}"),
                0x40 => format!("jset {operand} jt {yes} jf {no}"),
                _ => unknown(code, k),
            }
        }
        6 if code & 0x18 == 0x10 => "ret a".to_owned(),
        6 => format!("ret #{k}"),
        _ if code == 0x07 => "tax".to_owned(),
        _ if code == 0x87 => "txa".to_owned(),
        _ => unknown(code, k),
    }
}

fn load(code: u16, k: u32) -> String {
    let name = match (code & 0x07, code & 0x18) {
        (0, 0x00) => "ld",
        (0, 0x08) => "ldh",
        (0, 0x10) => "ldb",
        (1, 0x00) => "ldx",
        (1, 0x10) if code & 0xe0 == 0xa0 => return format!("ldxb 4*([{k}]&0xf)"),
        _ => return unknown(code, k),
    };
    match code & 0xe0 {
        0x00 => format!("{name} #{k:#x}"),
        0x20 => match ancillary(k) {
            Some(what) => format!("{name} {what}"),
            None => format!("{name} [{k}]"),
        },
        0x40 => format!("{name} [x + {k}]"),
        0x60 => format!("{name} M[{k}]"),
        0x80 => format!("{name} #pktlen"),
        _ => unknown(code, k),
    }
}

/// Offsets that mean something about the packet instead of a place in it (`SKF_AD_OFF`).
fn ancillary(k: u32) -> Option<&'static str> {
    const OFFSET: u32 = 0xffff_f000;
    Some(match k.checked_sub(OFFSET)? {
        0 => "#proto",
        4 => "#type",
        8 => "#ifindex",
        20 => "#mark",
        24 => "#queue",
        28 => "#hatype",
        32 => "#rxhash",
        36 => "#cpu",
        44 => "#vlan_tci",
        48 => "#vlan_avail",
        56 => "#random",
        60 => "#vlan_proto",
        _ => return None,
    })
}

fn arithmetic(code: u16, operand: &str) -> String {
    const NAMES: [&str; 11] = [
        "add", "sub", "mul", "div", "or", "and", "lsh", "rsh", "neg", "mod", "xor",
    ];
    match NAMES.get(usize::from(code >> 4 & 0xf)) {
        Some(&"neg") => "neg".to_owned(),
        Some(name) => format!("{name} {operand}"),
        None => unknown(code, 0),
    }
}

fn unknown(code: u16, k: u32) -> String {
    format!("code {code:#x} #{k:#x}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn program(all: &[(u16, u8, u8, u32)]) -> Vec<u8> {
        all.iter()
            .flat_map(|&(code, then, otherwise, k)| {
                let (code, k) = (code.to_le_bytes(), k.to_le_bytes());
                [code[0], code[1], then, otherwise, k[0], k[1], k[2], k[3]]
            })
            .collect()
    }

    #[test]
    fn udp_to_port_53_is_told() {
        let told = filter(
            &program(&[
                (0x28, 0, 0, 12),
                (0x15, 0, 6, 0x800),
                (0x30, 0, 0, 23),
                (0x15, 0, 4, 17),
                (0xb1, 0, 0, 14),
                (0x48, 0, 0, 16),
                (0x15, 0, 1, 53),
                (0x06, 0, 0, 65535),
                (0x06, 0, 0, 0),
            ]),
            Order::Little,
        );
        assert_eq!(told.ports, [53]);
        assert_eq!(
            told.text,
            [
                "ldh [12]",
                "jeq #0x800 jt 2 jf 8",
                "ldb [23]",
                "jeq #0x11 jt 4 jf 8",
                "ldxb 4*([14]&0xf)",
                "ldh [x + 16]",
                "jeq #0x35 jt 7 jf 8",
                "ret #65535",
                "ret #0"
            ]
        );
    }

    #[test]
    fn a_value_that_may_be_something_else_is_no_port() {
        let told = filter(
            &program(&[
                (0x28, 0, 0, 12),
                (0x15, 0, 1, 0x800),
                (0x28, 0, 0, 36),
                (0x15, 0, 0, 4444),
                (0x06, 0, 0, 0),
            ]),
            Order::Little,
        );
        assert_eq!(told.ports, [0u16; 0]);
    }

    #[test]
    fn what_is_no_instruction_is_told() {
        assert_eq!(filter(&[], Order::Little).text, [""; 0]);
        let told = filter(&[1, 2, 3], Order::Little);
        assert_eq!(told.text, ["3 bytes that are no instruction"]);
        let told = filter(
            &program(&[(0xffff, 9, 9, 1), (0x05, 0, 0, u32::MAX)]),
            Order::Little,
        );
        assert_eq!(told.text, ["code 0xffff #0x1", "ja 4294967297"]);
    }

    proptest! {
        #[test]
        fn every_instruction_is_one_line(bytes: Vec<u8>, big: bool) {
            let order = if big { Order::Big } else { Order::Little };
            let told = filter(&bytes, order);
            prop_assert_eq!(told.text.len(), bytes.len().div_ceil(8));
            prop_assert!(told.text.iter().all(|line| !line.contains('\n')));
        }
    }
}
