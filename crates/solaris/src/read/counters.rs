//! Counters the kernel keeps beside its tables: another way to ask how many there are.

pub use super::counted::{Counted, counted};

use super::answer;
use super::kernel::named;
use crate::parse::kstat::{self, Kind, Value};
use crate::sys;
use model::{Gap, Gaps};
use std::collections::BTreeMap;
use std::io;
use sysroot::Sysroot;

const CHAIN: &str = "kstat-chain";

/// The data of one statistic.
///
/// # Errors
/// `NotFound` where there is none of that name; those of `/dev/kstat`.
pub fn data(root: &Sysroot, module: &str, instance: i32, name: &str) -> io::Result<Vec<u8>> {
    let recorded = format!("kstat-{module}.{instance}.{name}");
    answer(root, &recorded, |sink| {
        sys::kstat((module, instance, name), sink)
    })
}

/// The named numbers of class `mib2`, as `module:instance:name:value`. In a zone with its own
/// IP the instance is the number of its stack, so all instances are given.
#[must_use]
pub fn counters(root: &Sysroot) -> (BTreeMap<String, i128>, Gaps) {
    let mut found = BTreeMap::new();
    let (named, mut gaps) = named(root);
    let bytes = match answer(root, CHAIN, sys::kstat_chain) {
        Ok(bytes) => bytes,
        Err(error) => {
            gaps.push(Gap::io(CHAIN, &error));
            return (found, gaps);
        }
    };
    let (headers, lost) = kstat::chain(&bytes, named.abi, CHAIN).into_parts();
    gaps.extend(lost);
    for header in headers {
        let (Ok(module), Ok(name)) = (
            std::str::from_utf8(header.module),
            std::str::from_utf8(header.name),
        ) else {
            continue;
        };
        let wanted = header.kind == Kind::Named && header.class == b"mib2";
        if !wanted {
            continue;
        }
        let place = format!("kstat {module}:{}:{name}", header.instance);
        let bytes = match data(root, module, header.instance, name) {
            Ok(bytes) => bytes,
            Err(error) => {
                gaps.push(Gap::io(place, &error));
                continue;
            }
        };
        let (values, lost) =
            kstat::named(&bytes, header.ndata, None, named.abi, &place).into_parts();
        gaps.extend(lost);
        for (key, value) in values {
            if let (Ok(key), Value::Number(number)) = (std::str::from_utf8(key), value) {
                found.insert(format!("{module}:{}:{name}:{key}", header.instance), number);
            }
        }
    }
    (found, gaps)
}
