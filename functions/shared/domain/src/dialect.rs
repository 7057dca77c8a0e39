//! How a file is written: its delimiter, its encoding, and which mark stands before decimals. Found
//! once by `split`, kept in the plan, followed by every worker.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dialect {
    /// The byte between fields: `,`, `;` or tab.
    pub delimiter: u8,
    /// How its characters are stored.
    pub encoding: Encoding,
    /// Which mark stands before the decimals of its amounts.
    pub decimal: DecimalMark,
}

impl Dialect {
    /// Delimiters a file may have, in the order they are tried.
    pub const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

    /// UTF-8 with this delimiter, whose amounts say nothing of their mark.
    #[must_use]
    pub const fn utf8(delimiter: u8) -> Self {
        Self {
            delimiter,
            encoding: Encoding::Utf8,
            decimal: DecimalMark::Unsaid,
        }
    }
}

/// How characters are stored. UTF-16 is known by its byte order mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// UTF-16, low byte first.
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
}

impl Encoding {
    /// Bytes at the start of a file that decide its encoding.
    pub const MARK_BYTES: usize = 2;

    /// The encoding of a file that begins with these bytes; give at least `MARK_BYTES` if it has them.
    #[must_use]
    pub fn of(start: &[u8]) -> Self {
        match start {
            [0xff, 0xfe, ..] => Self::Utf16Le,
            [0xfe, 0xff, ..] => Self::Utf16Be,
            _ => Self::Utf8,
        }
    }

    /// Bytes of the smallest unit: every offset in a file is a multiple of it.
    #[must_use]
    pub const fn unit_bytes(self) -> usize {
        match self {
            Self::Utf8 => 1,
            Self::Utf16Le | Self::Utf16Be => 2,
        }
    }

    /// The UTF-16 unit of two bytes.
    #[must_use]
    pub const fn unit(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Utf16Be => u16::from_be_bytes(bytes),
            Self::Utf8 | Self::Utf16Le => u16::from_le_bytes(bytes),
        }
    }

    /// A part of a file as UTF-8. What is no character of UTF-16, half a pair or half a unit, becomes
    /// one byte `0xff`, which no UTF-8 has: the record is refused as not being text, as it would be
    /// in a UTF-8 file. UTF-8 passes as it is, valid or not.
    #[must_use]
    pub fn decode(self, bytes: &[u8]) -> Cow<'_, [u8]> {
        if self == Self::Utf8 {
            return Cow::Borrowed(bytes);
        }
        let (pairs, half) = bytes.as_chunks::<2>();
        let mut text = Vec::with_capacity(bytes.len());
        for character in char::decode_utf16(pairs.iter().map(|pair| self.unit(*pair))) {
            match character {
                Ok(character) => {
                    text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                }
                Err(_) => text.push(NO_CHARACTER),
            }
        }
        text.extend(half.iter().map(|_| NO_CHARACTER));
        Cow::Owned(text)
    }

    /// Bytes of the file that `decode` made this text of, where the text is whole characters.
    #[must_use]
    pub fn source_bytes(self, text: &[u8]) -> usize {
        match self {
            Self::Utf8 => text.len(),
            Self::Utf16Le | Self::Utf16Be => {
                2 * text.iter().map(|byte| units_of(*byte)).sum::<usize>()
            }
        }
    }
}

/// What `decode` writes for what is no character.
const NO_CHARACTER: u8 = 0xff;

/// UTF-16 units of the character a byte of UTF-8 begins; 0 inside of one.
const fn units_of(byte: u8) -> usize {
    match byte {
        0x80..=0xbf => 0,
        0xf0..=0xf7 => 2,
        _ => 1,
    }
}

/// Which mark stands before the decimals of a file's amounts, where one of them says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecimalMark {
    /// `1,234.56`
    Point,
    /// `1.234,56`
    Comma,
    /// Nothing was seen that can be read in one way only, or both marks were: each amount has to
    /// speak for itself.
    Unsaid,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use proptest::prelude::*;

    use super::*;

    /// A text's bytes in UTF-16.
    fn utf16(text: &str, encoding: Encoding) -> Vec<u8> {
        let bytes = |unit: u16| match encoding {
            Encoding::Utf16Be => unit.to_be_bytes(),
            _ => unit.to_le_bytes(),
        };
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn the_byte_order_mark_says_the_encoding() {
        assert_eq!(Encoding::of(b"\xff\xfeD\0"), Encoding::Utf16Le);
        assert_eq!(Encoding::of(b"\xfe\xff\0D"), Encoding::Utf16Be);
        assert_eq!(Encoding::of(b"\xef\xbb\xbfD"), Encoding::Utf8);
        assert_eq!(Encoding::of(b"\xff"), Encoding::Utf8);
        assert_eq!(Encoding::of(b""), Encoding::Utf8);
    }

    #[test]
    fn what_is_no_character_becomes_a_byte_that_is_no_text() {
        let lone = [0x41, 0x00, 0x00, 0xd8, 0x42, 0x00, 0x43];
        let text = Encoding::Utf16Le.decode(&lone);
        assert_eq!(&text[..], b"A\xffB\xff");
        assert!(std::str::from_utf8(&text).is_err());
    }

    #[test]
    fn utf8_passes_as_it_is() {
        assert!(matches!(
            Encoding::Utf8.decode(b"a\xe9"),
            Cow::Borrowed(b"a\xe9")
        ));
    }

    proptest! {
        #[test]
        fn every_text_comes_back_and_knows_how_long_it_was(text in any::<String>()) {
            for encoding in [Encoding::Utf16Le, Encoding::Utf16Be] {
                let stored = utf16(&text, encoding);
                let decoded = encoding.decode(&stored);
                prop_assert_eq!(&decoded[..], text.as_bytes());
                prop_assert_eq!(encoding.source_bytes(&decoded), stored.len());
            }
        }

        #[test]
        fn whole_units_keep_their_length_whatever_they_are(units in prop::collection::vec(any::<u16>(), 0..40)) {
            let stored: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
            let decoded = Encoding::Utf16Le.decode(&stored);
            prop_assert_eq!(Encoding::Utf16Le.source_bytes(&decoded), stored.len());
        }
    }
}
