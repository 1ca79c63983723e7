//! Bytes somebody else chose: names, command lines, paths, banners.

use serde::de::{self, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// Foreign bytes, kept as they are until they are printed.
///
/// In JSON a string where they are UTF-8, otherwise `{"hex":"…"}`, so nothing is lost.
#[derive(Clone)]
pub struct Foreign(Bytes);

/// As many bytes as take no more room than a pointer to them would: enough for `socket:[…]`,
/// of which there are tens of thousands, and for the name of a command.
const SHORT: usize = 22;

#[derive(Clone)]
enum Bytes {
    /// The first so many.
    Short(u8, [u8; SHORT]),
    Long(Box<[u8]>),
}

impl Foreign {
    /// The bytes themselves.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Bytes::Short(length, bytes) => bytes.get(..usize::from(*length)).unwrap_or_default(),
            Bytes::Long(bytes) => bytes,
        }
    }

    /// The bytes in their place, if they are few.
    fn short(bytes: &[u8]) -> Option<Foreign> {
        let mut place = [0; SHORT];
        place.get_mut(..bytes.len())?.copy_from_slice(bytes);
        let length = u8::try_from(bytes.len()).ok()?;
        Some(Foreign(Bytes::Short(length, place)))
    }
}

impl Default for Foreign {
    fn default() -> Foreign {
        Foreign(Bytes::Short(0, [0; SHORT]))
    }
}

impl PartialEq for Foreign {
    fn eq(&self, other: &Foreign) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Foreign {}

impl PartialOrd for Foreign {
    fn partial_cmp(&self, other: &Foreign) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Foreign {
    fn cmp(&self, other: &Foreign) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl Hash for Foreign {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl From<&[u8]> for Foreign {
    fn from(bytes: &[u8]) -> Foreign {
        Foreign::short(bytes).unwrap_or_else(|| Foreign(Bytes::Long(bytes.into())))
    }
}

impl From<Vec<u8>> for Foreign {
    fn from(bytes: Vec<u8>) -> Foreign {
        Foreign::short(&bytes).unwrap_or_else(|| Foreign(Bytes::Long(bytes.into())))
    }
}

impl From<&str> for Foreign {
    fn from(text: &str) -> Foreign {
        Foreign::from(text.as_bytes())
    }
}

impl fmt::Debug for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.as_bytes().escape_ascii())
    }
}

impl Serialize for Foreign {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let bytes = self.as_bytes();
        match std::str::from_utf8(bytes) {
            Ok(text) => to.serialize_str(text),
            Err(_) => {
                let mut hex = String::with_capacity(bytes.len() * 2);
                for byte in bytes {
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
    fn few_bytes_and_many_are_alike() {
        for length in [0, 1, SHORT - 1, SHORT, SHORT + 1, 100] {
            let bytes = vec![b'x'; length];
            let foreign = Foreign::from(bytes.as_slice());
            assert_eq!(foreign.as_bytes(), bytes);
            assert_eq!(foreign, Foreign::from(bytes.clone()));
            let more = Foreign::from([bytes.as_slice(), b"y"].concat());
            assert!(foreign < more && Foreign::from("z") > more);
        }
        assert_eq!(size_of::<Foreign>(), 24);
        assert_eq!(size_of::<Option<Foreign>>(), 24);
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
