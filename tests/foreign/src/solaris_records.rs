//! Structures of Solaris and illumos: four ways to write each.

use crate::choice;
use solaris::layout::Abi;
use solaris::parse::Parsed;
use solaris::parse::tcp::Version;
use solaris::parse::{
    addresses, fdinfo, fuser, kstat as statistics, map, mib, mnttab, optmgmt, psinfo as process,
    sctp, sockinfo, tcp, udp, uname, unix,
};
use sunrt::records;

const ABIS: [Abi; 4] = [Abi::X86_64, Abi::I386, Abi::SPARCV9, Abi::SPARC];

fn abi(number: usize) -> Abi {
    *ABIS.iter().cycle().nth(number).unwrap()
}

/// The answer of the STREAMS modules, whole and table by table.
pub(crate) fn mib2(bytes: &[u8]) {
    let answer = optmgmt::answer(bytes, "t");
    let tables = mib::tables(&answer);
    assert!(tables.sockets.len() <= bytes.len());
    assert!(addresses::addresses(&answer).0.len() <= bytes.len());
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
            let own = addresses::table(table, stride, version, abi, "t");
            assert!(own.rows.len() + own.lost.len() == records || is_one_gap(&own));
        }
    }
    let _ = sctp::table(table, abi, "t");
    let _ = optmgmt::reply(rest, number & 4 != 0, abi.order);
}

fn is_one_gap<T>(parsed: &Parsed<T>) -> bool {
    parsed.rows.is_empty() && parsed.lost.len() == 1
}

/// The chain of statistics and named values.
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
}

/// The list of unix sockets: no record is dropped, whatever size it tells.
pub(crate) fn unix_list(bytes: &[u8]) {
    let (number, rest) = choice(bytes);
    let listed = unix::table(rest, abi(number), "t");
    let told = listed.rows.len() + listed.lost.len();
    assert!((told == 0) == rest.is_empty());
    // No record is shorter than its two names.
    assert!(told <= 1 + rest.len() / 2090);
}

/// `/proc/PID/psinfo`.
pub(crate) fn psinfo(bytes: &[u8]) {
    let (number, rest) = choice(bytes);
    let told = process::psinfo(rest, abi(number));
    assert!(told.is_err() || rest.len() == 336 || rest.len() >= 416);
}

/// `/proc/PID/map`.
pub(crate) fn prmap(bytes: &[u8]) {
    let (number, rest) = choice(bytes);
    let table = map::table(rest, abi(number), "t");
    let told = table.rows.len() + table.lost.len();
    assert!(told == rest.len().div_ceil(104) || told == rest.len().div_ceil(96));
}

/// What `utssys(2)` answers.
pub(crate) fn utssys(bytes: &[u8]) {
    let (number, rest) = choice(bytes);
    let users = fuser::users(rest, abi(number), "t");
    assert!(users.rows.len() + users.lost.len() <= 1 + rest.len().div_ceil(16));
    for user in users.rows {
        if let fuser::User::Process { uses, .. } = user {
            assert!(fuser::letters(uses).len() <= 8);
        }
    }
}

/// `/etc/mnttab`: every line is a mount or a gap.
pub(crate) fn mnttab(bytes: &[u8]) {
    let table = mnttab::table(bytes, "t");
    let lines = bytes.split(|&byte| byte == b'\n');
    let lines = lines.filter(|line| !line.is_empty()).count();
    assert_eq!(table.rows.len() + table.lost.len(), lines);
}

/// `struct utsname`.
pub(crate) fn utsname(bytes: &[u8]) {
    let told = uname::uname(bytes);
    let _ = (told.kernel(), told.abi());
    assert!(told.machine.len() <= uname::FIELD);
}

/// `/proc/PID/fdinfo/N`.
pub(crate) fn prfdinfo(bytes: &[u8]) {
    let (number, rest) = choice(bytes);
    let _ = fdinfo::fdinfo(rest, abi(number), "t");
}

/// Directory records: they lie one behind the other, each with its name within it.
pub(crate) fn dirent(bytes: &[u8]) {
    let mut left = bytes;
    while let Some(record) = records::record(left) {
        assert!(record.length > record.name.len() && !record.name.contains(&0));
        left = left.get(record.length..).unwrap();
    }
    assert_eq!(
        records::records(bytes)
            .map(|record| record.length)
            .sum::<usize>(),
        bytes.len() - left.len()
    );
}
