//! Foreign bytes made harmless: they can neither move the cursor nor forge a line, and
//! what is printed says exactly which bytes were there.

use std::borrow::Cow;

/// Appends `bytes` to `out`. Control characters, invisible and direction-changing ones,
/// invalid UTF-8 and the backslash itself are written as escapes (`\n`, `\x1b`, `\u{202e}`,
/// `\xff`, `\\`); all else as it is.
pub fn escape(bytes: &[u8], out: &mut Vec<u8>) {
    if bytes
        .iter()
        .all(|&byte| (b' '..=b'~').contains(&byte) && byte != b'\\')
    {
        out.extend_from_slice(bytes);
        return;
    }
    for chunk in bytes.utf8_chunks() {
        for letter in chunk.valid().chars() {
            push(letter, out);
        }
        for byte in chunk.invalid() {
            out.extend_from_slice(format!("\\x{byte:02x}").as_bytes());
        }
    }
}

/// [`escape`] to a string of its own.
#[must_use]
pub fn escaped(bytes: &[u8]) -> String {
    let mut out = Vec::new();
    escape(bytes, &mut out);
    String::from_utf8(out).unwrap_or_default()
}

/// Text that was made printable before, as it is; text that was not, or that somebody says was,
/// as [`escaped`] would have it.
#[must_use]
pub fn once(text: &str) -> Cow<'_, str> {
    let bare = text.replace('\\', "");
    if escaped(bare.as_bytes()) == bare {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(escaped(text.as_bytes()))
    }
}

fn push(letter: char, out: &mut Vec<u8>) {
    match letter {
        '\\' => out.extend_from_slice(b"\\\\"),
        '\n' => out.extend_from_slice(b"\\n"),
        '\t' => out.extend_from_slice(b"\\t"),
        '\r' => out.extend_from_slice(b"\\r"),
        '\0'..='\x1f' | '\x7f' => {
            out.extend_from_slice(format!("\\x{:02x}", u32::from(letter)).as_bytes());
        }
        _ if misleads(letter) => {
            out.extend_from_slice(format!("\\u{{{:x}}}", u32::from(letter)).as_bytes());
        }
        _ => out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes()),
    }
}

/// Letters that are not seen, or that change how their neighbours are seen: C1 controls,
/// soft hyphen, zero-width and direction marks, line separators, fillers, tags, private use.
fn misleads(letter: char) -> bool {
    matches!(letter,
        '\u{80}'..='\u{a0}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}'
        | '\u{1680}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{2000}'..='\u{200f}'
        | '\u{2028}'..='\u{202f}' | '\u{205f}'..='\u{206f}' | '\u{2800}' | '\u{3000}' | '\u{3164}'
        | '\u{e000}'..='\u{f8ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{ffff}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{10ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(bytes: &[u8], shown: &str) {
        assert_eq!(escaped(bytes), shown);
    }

    #[test]
    fn harmful_bytes_are_spelled_out() {
        check(b"sshd: root@pts/0", "sshd: root@pts/0");
        check("Zoë 漢字".as_bytes(), "Zoë 漢字");
        check(b"ev\x1b[1;31m\nx", "ev\\x1b[1;31m\\nx");
        check(b"a\\b", "a\\\\b");
        check(b"\xff\xfe", "\\xff\\xfe");
        check(
            "a\u{202e}b\u{200b}c\u{9b}d".as_bytes(),
            "a\\u{202e}b\\u{200b}c\\u{9b}d",
        );
        check(b"\0abstract", "\\x00abstract");
        check(b"", "");
    }

    #[test]
    fn what_is_printable_is_made_so_once() {
        let shown = escaped(b"a\x1b\\b");
        assert_eq!(once(&shown), shown);
        assert_eq!(once("a\x1b\\b"), shown);
        assert_eq!(once("/usr/bin/ss"), "/usr/bin/ss");
    }

    proptest! {
        #[test]
        fn nothing_harmful_gets_through_and_nothing_is_lost(bytes: Vec<u8>, more: Vec<u8>) {
            let shown = escaped(&bytes);
            prop_assert!(shown.chars().all(|letter| !letter.is_control() && !misleads(letter)));
            prop_assert_eq!(shown == escaped(&more), bytes == more);
        }
    }
}
