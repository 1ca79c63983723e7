//! Records put together by offset.

/// A record of zeros to be filled in.
pub(crate) struct Record(pub(crate) Vec<u8>);

impl Record {
    pub(crate) fn new(length: usize) -> Record {
        Record(vec![0; length])
    }

    /// Bytes at an offset; what would not fit is a bug of ours.
    pub(crate) fn bytes(mut self, at: usize, bytes: &[u8]) -> Record {
        let end = at + bytes.len();
        match self.0.get_mut(at..end) {
            Some(place) => place.copy_from_slice(bytes),
            None => unreachable!("a field at {at} to {end} is inside its record"),
        }
        self
    }

    pub(crate) fn u32(self, at: usize, value: u32) -> Record {
        self.bytes(at, &value.to_le_bytes())
    }

    pub(crate) fn i32(self, at: usize, value: i32) -> Record {
        self.bytes(at, &value.to_le_bytes())
    }

    pub(crate) fn u64(self, at: usize, value: u64) -> Record {
        self.bytes(at, &value.to_le_bytes())
    }
}
