//! How long a row of a MIB table takes: a figure, printed, not a test. `cargo bench -p solaris`.

use solaris::layout::{Abi, TCP4, TCP4_ENTRIES};
use solaris::parse::tcp::{Version, table};
use std::io::{self, Write};
use std::time::Instant;

const ROWS: u32 = 100_000;
const TURNS: u32 = 20;

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    for entry in TCP4_ENTRIES {
        let mut bytes = vec![0; entry.stride * ROWS as usize];
        for (row, number) in bytes.chunks_mut(entry.stride).zip(0u32..) {
            let mut put = |at: usize, value: u32| {
                if let Some(field) = row.get_mut(at..at + 4) {
                    field.copy_from_slice(&value.to_le_bytes());
                }
            };
            put(TCP4.state, 5);
            put(TCP4.local, 0x0100_007f);
            put(TCP4.port, number % 65_536);
            put(entry.info.snxt, number);
            put(entry.info.state, 0);
        }
        // The best of several: what else the machine does only ever adds.
        let mut best = f64::INFINITY;
        for _ in 0..TURNS {
            let before = Instant::now();
            let parsed = table(&bytes, entry.stride, Version::V4, Abi::X86_64, &[], "bench");
            let spent = before.elapsed();
            assert_eq!(parsed.rows.len(), ROWS as usize);
            best = best.min(spent.as_secs_f64() * 1e9 / f64::from(ROWS));
        }
        writeln!(
            out,
            "{:4} bytes an entry: {best:5.1} ns a row",
            entry.stride
        )?;
    }
    Ok(())
}
