//! Every seed, whole and damaged, through its parser. The damage is the same each time.

use foreign::{TARGETS, seeds};

/// Damaged copies of each seed.
const COPIES: usize = 200;
/// Seeds of one target that are damaged; all are tried whole.
const SEEDS_MAX: usize = 120;
/// Targets that read a whole recorded host for each input: fewer copies.
const SLOW: [(&str, usize); 1] = [("recording", 6)];
/// Targets that make system calls, which Miri has no model of.
const CALLING: [&str; 1] = ["recording"];
/// Seeds of one target that Miri looks at, the smallest, and the longest of them.
const UNDER_MIRI: usize = 3;
const BYTES_UNDER_MIRI: usize = 4_096;

/// A generator of numbers that are no secret (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let limit = u64::try_from(limit.max(1)).expect("64 bits");
        usize::try_from(self.0 % limit).expect("below a usize")
    }

    fn one_of<T: Copy + Default>(&mut self, all: &[T]) -> T {
        all.get(self.below(all.len())).copied().unwrap_or_default()
    }

    /// Cut, overwritten, doubled in part, or with a run of one byte: what a broken, a lying
    /// or a growing table looks like.
    fn damaged(&mut self, seed: &[u8]) -> Vec<u8> {
        let mut bytes = seed.to_vec();
        match self.below(5) {
            0 => bytes.truncate(self.below(seed.len() + 1)),
            1 => {
                let (from, to) = (self.below(seed.len()), self.below(seed.len()));
                let part = seed.get(from.min(to)..from.max(to)).unwrap_or_default();
                let at = self.below(bytes.len() + 1);
                bytes.splice(at..at, part.iter().copied());
            }
            2 => {
                let at = self.below(bytes.len() + 1);
                let byte = self.one_of(&[0, 0xff, b'\n', b' ', 0x1b, b'9']);
                let length = self.one_of(&[1, 7, 64, 4096]);
                bytes.splice(at..at, std::iter::repeat_n(byte, length));
            }
            _ => {
                for _ in 0..=self.below(8) {
                    let at = self.below(bytes.len());
                    let byte = u8::try_from(self.below(256)).expect("a byte");
                    if let Some(place) = bytes.get_mut(at) {
                        *place = byte;
                    }
                }
            }
        }
        bytes
    }
}

#[test]
fn no_damage_to_a_recorded_file_breaks_its_parser() {
    let seeds = seeds::gather().expect("the fixtures are there");
    let mut numbers = Numbers(0x2024_1126_0000_0001);
    let mut tried = 0;
    for (name, target) in TARGETS {
        let inputs = &seeds[name];
        assert!(!inputs.is_empty(), "{name} has no seed");
        for (index, seed) in inputs.iter().enumerate() {
            target(seed);
            tried += 1;
            if index >= SEEDS_MAX {
                continue;
            }
            let slow = SLOW.iter().find(|slow| slow.0 == *name);
            for _ in 0..slow.map_or(COPIES, |slow| slow.1) {
                target(&numbers.damaged(seed));
                tried += 1;
            }
        }
        target(b"");
    }
    println!("{tried} inputs");
    assert!(tried > 50_000, "{tried} inputs");
}

/// What `cargo xtask miri` runs: every target once with its smallest seeds, whole and damaged
/// once. It holds without Miri too, and takes no time then.
#[test]
fn every_parser_once() {
    let seeds = seeds::gather().expect("the fixtures are there");
    let mut numbers = Numbers(0x2024_1126_0000_0002);
    let called = |target: &&foreign::Target| !CALLING.contains(&target.0);
    for (name, target) in TARGETS.iter().filter(called) {
        let mut inputs: Vec<&Vec<u8>> = seeds[name].iter().collect();
        inputs.sort_by_key(|seed| seed.len());
        let small = inputs
            .iter()
            .take_while(|seed| seed.len() <= BYTES_UNDER_MIRI);
        // Where all are long, the beginning of the shortest is taken.
        let shortest = inputs.iter().take(1);
        let mut tried = 0;
        for seed in small.take(UNDER_MIRI).chain(shortest) {
            let seed = seed.get(..BYTES_UNDER_MIRI).unwrap_or(seed);
            target(seed);
            target(&numbers.damaged(seed));
            tried += 2;
        }
        target(b"");
        println!("{name}: {tried} inputs");
        assert!(tried > 0, "{name}");
    }
}
