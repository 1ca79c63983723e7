//! Every seed, whole and damaged, through its parser. The damage is the same each time.

use foreign::{TARGETS, seeds};

/// Damaged copies of each seed.
const COPIES: usize = 200;
/// Seeds of one target that are damaged; all are tried whole.
const SEEDS_MAX: usize = 120;

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
            for _ in 0..COPIES {
                target(&numbers.damaged(seed));
                tried += 1;
            }
        }
        target(b"");
    }
    println!("{tried} inputs");
    assert!(tried > 50_000, "{tried} inputs");
}
