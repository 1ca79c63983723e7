//! Pieces of an answer cut into lines.

use compare::statement::LINE_MAX;

/// What has come of a line that is not finished.
#[derive(Default)]
pub(crate) struct Lines {
    open: Vec<u8>,
}

impl Lines {
    /// Takes the next piece, and gives each line that it finishes, without the newline.
    pub(crate) fn push(&mut self, piece: &[u8], line: &mut dyn FnMut(&[u8])) {
        let mut rest = piece;
        while let Some(at) = rest.iter().position(|&byte| byte == b'\n') {
            let (head, tail) = rest.split_at(at);
            if self.open.is_empty() {
                line(head);
            } else {
                self.keep(head);
                line(&self.open);
                self.open.clear();
            }
            rest = tail.get(1..).unwrap_or_default();
        }
        self.keep(rest);
    }

    /// Gives the last line, where it has no newline.
    pub(crate) fn end(&mut self, line: &mut dyn FnMut(&[u8])) {
        if !self.open.is_empty() {
            line(&self.open);
            self.open.clear();
        }
    }

    /// A line that is too long is kept long enough to be seen as such.
    fn keep(&mut self, bytes: &[u8]) {
        let room = (LINE_MAX + 1).saturating_sub(self.open.len());
        self.open
            .extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_however_the_pieces_are_cut() {
        let text = b"one\n\ntwo\nend";
        for cut in 0..text.len() {
            let mut got = Vec::new();
            let mut lines = Lines::default();
            let (head, tail) = text.split_at(cut);
            for piece in [head, tail] {
                lines.push(piece, &mut |line| got.push(line.to_vec()));
            }
            lines.end(&mut |line| got.push(line.to_vec()));
            assert_eq!(got, [&b"one"[..], b"", b"two", b"end"], "{cut}");
        }
    }

    #[test]
    fn a_line_without_end_is_bounded() {
        let mut lines = Lines::default();
        let mut longest = 0;
        for _ in 0..40 {
            lines.push(&[b'x'; 64 << 10], &mut |_| {});
        }
        lines.end(&mut |line| longest = line.len());
        assert_eq!(longest, LINE_MAX + 1);
    }
}
