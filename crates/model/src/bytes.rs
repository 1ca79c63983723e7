//! Bytes somebody else chose: names, command lines, paths, banners.

use serde::de::{self, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// Foreign bytes, kept as they are until they are printed.
///
/// In JSON a string where they are UTF-8, otherwise `{"hex":"…"}`, so nothing is lost.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Foreign(pub Box<[u8]>);

impl Foreign {
    /// The bytes themselves.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<&[u8]> for Foreign {
    fn from(bytes: &[u8]) -> Foreign {
        Foreign(bytes.into())
    }
}

impl From<Vec<u8>> for Foreign {
    fn from(bytes: Vec<u8>) -> Foreign {
        Foreign(bytes.into())
    }
}

impl From<&str> for Foreign {
    fn from(text: &str) -> Foreign {
        Foreign(text.as_bytes().into())
    }
}

impl fmt::Debug for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}

impl Serialize for Foreign {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(&self.0) {
            Ok(text) => to.serialize_str(text),
            Err(_) => {
                let mut hex = String::with_capacity(self.0.len() * 2);
                for byte in &self.0 {
                    hex.push_str(&format!("{byte:02x}"));
                }
                let mut map = to.serialize_map(Some(1))?;
                map.serialize_entry("hex", &hex)?;
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Foreign {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Foreign, D::Error> {
        struct TextOrHex;
        impl<'de> Visitor<'de> for TextOrHex {
            type Value = Foreign;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or {\"hex\": \"…\"}")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Foreign, E> {
                Ok(Foreign::from(text))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Foreign, A::Error> {
                match map.next_entry::<String, String>()? {
                    Some((key, value)) if key == "hex" => unhex(&value)
                        .map(Foreign::from)
                        .ok_or_else(|| de::Error::custom("odd or foreign digits in \"hex\"")),
                    _ => Err(de::Error::custom("expected the one key \"hex\"")),
                }
            }
        }
        from.deserialize_any(TextOrHex)
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|d| u8::try_from(d).ok())
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs
        .iter()
        .map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], json: &str) {
        let foreign = Foreign::from(bytes);
        assert_eq!(serde_json::to_string(&foreign).unwrap(), json);
        assert_eq!(serde_json::from_str::<Foreign>(json).unwrap(), foreign);
    }

    #[test]
    fn text_stays_text_and_the_rest_is_hex() {
        check(b"sshd", r#""sshd""#);
        check(b"a\x1b[1m\n", r#""a\u001b[1m\n""#);
        check(b"\0\xff", r#"{"hex":"00ff"}"#);
        check(b"", r#""""#);
    }

    #[test]
    fn bad_hex_is_refused() {
        for bad in [
            r#"{"hex":"0"}"#,
            r#"{"hex":"zz"}"#,
            r#"{"hx":"00"}"#,
            "{}",
            "7",
        ] {
            assert!(serde_json::from_str::<Foreign>(bad).is_err(), "{bad}");
        }
    }
}
