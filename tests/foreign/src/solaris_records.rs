//! Structures of Solaris and illumos: four ways to write each.

use crate::choice;
use solaris::layout::Abi;
use solaris::parse::Parsed;
use solaris::parse::tcp::Version;
use solaris::parse::{
    fdinfo, fuser, kstat as statistics, map, mib, mnttab, optmgmt, psinfo as process, sctp,
    sockinfo, tcp, udp, uname, unix,
};

const ABIS: [Abi; 4] = [Abi::X86_64, Abi::I386, Abi::SPARCV9, Abi::SPARC];

fn abi(number: usize) -> Abi {
    *ABIS.iter().cycle().nth(number).unwrap()
}

/// The answer of the STREAMS modules, whole and table by table.
pub(crate) fn mib2(bytes: &[u8]) {
    let answer = optmgmt::answer(bytes, "t");
    let tables = mib::tables(&answer);
    assert!(tables.sockets.len() <= bytes.len());
    let (number, rest) = choice(bytes);
    let abi = abi(number);
    let (stride, table) = choice(rest);
    let infos = sockinfo::table(table, stride, abi).unwrap_or_default();
    for version in [Version::V4, Version::V6] {
        if stride > 0 {
            let records = table.len().div_ceil(stride);
            // Entries too short for an address are one gap, whatever their number.
            let tcp = tcp::table(table, stride, version, abi, &infos, "t");
            assert!(tcp.rows.len() + tcp.lost.len() == records || is_one_gap(&tcp));
            let udp = udp::table(table, stride, version, abi, &infos, "t");
            assert!(udp.rows.len() + udp.lost.len() == records || is_one_gap(&udp));
        }
    }
    let _ = sctp::table(table, abi, "t");
    let _ = optmgmt::reply(rest, number & 4 != 0, abi.order);
}

fn is_one_gap<T>(parsed: &Parsed<T>) -> bool {
    parsed.rows.is_empty() && parsed.lost.len() == 1
}

/// The chain of statistics, named values, and the list of unix sockets among them.
pub(crate) fn kstat(bytes: &[u8]) {
    let (number, rest) = choice(bytes);
    let abi = abi(number);
    let chain = statistics::chain(rest, abi, "t");
    let stride = statistics::layout(abi).stride;
    assert_eq!(
        chain.rows.len() + chain.lost.len(),
        rest.len().div_ceil(stride)
    );
    let _ = statistics::named(rest, u32::MAX, Some(4096), abi, "t");
    let _ = statistics::named(rest, 3, None, abi, "t");
    let listed = unix::table(rest, abi, "t");
    assert!(listed.lost.len() <= 1 + listed.rows.len() + rest.len());
}

/// `/proc/PID/psinfo`, `/proc/PID/map`, and the small files.
pub(crate) fn psinfo(bytes: &[u8]) {
    let (number, rest) = choice(bytes);
    let abi = abi(number);
    let _ = process::psinfo(rest, abi);
    let _ = map::table(rest, abi, "t");
    let _ = fuser::users(rest, abi, "t");
    let _ = mnttab::table(rest, "t");
    let told = uname::uname(rest);
    let _ = (told.kernel(), told.abi());
}

/// `/proc/PID/fdinfo/N`.
pub(crate) fn prfdinfo(bytes: &[u8]) {
    let (number, rest) = choice(bytes);
    let _ = fdinfo::fdinfo(rest, abi(number), "t");
}
