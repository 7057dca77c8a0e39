//! Decimals as data: a decimal string where people read (JSON), bytes where machines do (postcard).
//!
//! The bytes are the scale, then the coefficient times two, plus one when negative, little-endian
//! without zero bytes at its end; nothing at all for 0. Persisted: frozen.

use std::fmt;

use fastnum::bint::UInt;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Decimal, Form, Mantissa, wide};

/// Bytes of the longest number: the scale, 512 bits and the sign.
const MOST: usize = 1 + 64 + 1;
/// Bytes of the longest narrow one.
const MOST_NARROW: usize = 1 + 16;

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return serializer.collect_str(self);
        }
        if let Form::Narrow { mantissa, scale } = &self.0 {
            let (bytes, length) = encoded_narrow(mantissa.0, *scale);
            return serializer.serialize_bytes(bytes.get(..length).unwrap_or_default());
        }
        let (bytes, length) = encoded(self);
        serializer.serialize_bytes(bytes.get(..length).unwrap_or_default())
    }
}

/// Of a wide number; of a narrow one that is not 0, the bytes of `encoded_narrow`.
fn encoded(number: &Decimal) -> ([u8; MOST], usize) {
    let mut bytes = [0; MOST];
    let (negative, magnitude, scale) = wide::taken_apart(number);
    let mut carried = u8::from(negative);
    let mut length = 1;
    let words = magnitude
        .digits()
        .iter()
        .flat_map(|word| word.to_le_bytes());
    for (place, (to, byte)) in bytes.iter_mut().skip(1).zip(words.chain([0])).enumerate() {
        *to = byte << 1 | carried;
        carried = byte >> 7;
        if *to != 0 {
            length = place + 2;
        }
    }
    if let Some(first) = bytes.first_mut() {
        *first = u8::try_from(scale).unwrap_or(u8::MAX);
    }
    (bytes, length)
}

/// The same bytes by one shift: nearly every number is narrow, and folds read and write millions.
fn encoded_narrow(mantissa: i128, scale: u8) -> ([u8; MOST_NARROW], usize) {
    let mut bytes = [0; MOST_NARROW];
    if mantissa == 0 {
        return (bytes, 0);
    }
    // The magnitude has 127 bits, so the sign has room.
    let doubled = mantissa.unsigned_abs() << 1 | u128::from(mantissa < 0);
    let [first, coefficient @ ..] = &mut bytes;
    *first = scale;
    coefficient.copy_from_slice(&doubled.to_le_bytes());
    let length = 1 + (u128::BITS - doubled.leading_zeros()).div_ceil(8) as usize;
    (bytes, length)
}

/// The number that `bytes` stand for; only the one form `encoded` writes is read.
fn decoded(bytes: &[u8]) -> Option<Decimal> {
    let [scale, coefficient @ ..] = bytes else {
        return Some(Decimal::ZERO);
    };
    if coefficient.len() <= 16 {
        return decoded_narrow(*scale, coefficient);
    }
    let negative = coefficient.first()? & 1 == 1;
    let mut words = [0_u64; 8];
    for (place, byte) in coefficient.iter().enumerate() {
        // The bit a byte gives to the one before it, and the seven it keeps.
        if let Some(before) = place.checked_sub(1) {
            put(&mut words, before, u64::from(byte & 1) << 7);
        }
        if !put(&mut words, place, u64::from(byte >> 1)) {
            return None;
        }
    }
    let number = wide::number(negative, UInt::from_digits(words), u32::from(*scale)).ok()?;
    let (again, length) = encoded(&number);
    (again.get(..length) == Some(bytes)).then_some(number)
}

/// As `decoded`, of at most 128 bits.
fn decoded_narrow(scale: u8, coefficient: &[u8]) -> Option<Decimal> {
    if *coefficient.last()? == 0 {
        return None;
    }
    let mut words = [0; 16];
    words
        .get_mut(..coefficient.len())?
        .copy_from_slice(coefficient);
    let doubled = u128::from_le_bytes(words);
    let magnitude = i128::try_from(doubled >> 1).ok()?;
    let mantissa = if doubled & 1 == 1 {
        -magnitude
    } else {
        magnitude
    };
    let number = Decimal::narrow(mantissa, u32::from(scale))?;
    // A number that had another form to be stripped to was not written by `encoded`.
    let own = Form::Narrow {
        mantissa: Mantissa(mantissa),
        scale,
    };
    (mantissa != 0 && number.0 == own).then_some(number)
}

/// Adds `bits` at byte `place`; false when they lie beyond the words.
fn put(words: &mut [u64; 8], place: usize, bits: u64) -> bool {
    match words.get_mut(place / 8) {
        Some(word) => *word |= bits << (place % 8 * 8),
        None => return bits == 0,
    }
    true
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_str(Reader)
        } else {
            deserializer.deserialize_bytes(Reader)
        }
    }
}

struct Reader;

impl Visitor<'_> for Reader {
    type Value = Decimal;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a decimal number as a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Decimal, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Decimal, E> {
        decoded(bytes).ok_or_else(|| E::custom("not the bytes of a decimal number"))
    }
}
