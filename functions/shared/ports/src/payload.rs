//! The packed part of a stored row: a byte that says which packing, then postcard. One place for
//! every adapter of the tables, so that a row stored by one reads the same in another.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::PortError;

/// The packing of this build: postcard of the domain's shapes as they are now. A shape that changes
/// gets a new number, and the old one stays readable.
const PACKING: u8 = 3;

/// Packs a row; `op` is what an error says was being done.
pub fn pack<T: Serialize>(op: &'static str, row: &T) -> Result<Vec<u8>, PortError> {
    pack_onto(op, row, Vec::with_capacity(128))
}

/// Packs a row behind what `bytes` hold: a page of rows in one allocation.
pub fn pack_onto<T: Serialize>(
    op: &'static str,
    row: &T,
    mut bytes: Vec<u8>,
) -> Result<Vec<u8>, PortError> {
    bytes.push(PACKING);
    postcard::to_extend(row, bytes).map_err(|error| PortError::bug(op, error))
}

/// Unpacks a row; bytes of another packing, or damaged ones, are `Invalid`.
pub fn unpack<T: DeserializeOwned>(op: &'static str, bytes: &[u8]) -> Result<T, PortError> {
    match bytes.split_first() {
        Some((&PACKING, packed)) => {
            postcard::from_bytes(packed).map_err(|error| PortError::invalid(op, error))
        }
        Some((other, _)) => Err(PortError::invalid(
            op,
            format!("a row in packing {other}; this build understands {PACKING}"),
        )),
        None => Err(PortError::invalid(op, "an empty row")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crate::PortErrorKind;

    #[test]
    fn a_packed_row_unpacks_to_itself() {
        let bytes = pack("t", &(7u32, "text")).unwrap();
        assert_eq!(
            unpack::<(u32, String)>("t", &bytes).unwrap(),
            (7, "text".to_owned())
        );
    }

    #[test]
    fn rows_packed_one_behind_another_are_those_packed_alone() {
        let packed = pack_onto("t", &7u32, Vec::new()).unwrap();
        let packed = pack_onto("t", &"text", packed).unwrap();
        let alone = [pack("t", &7u32).unwrap(), pack("t", &"text").unwrap()];
        assert_eq!(packed, alone.concat());
    }

    #[test]
    fn what_another_build_packed_is_invalid_and_not_misread() {
        for bytes in [&[][..], &[1, 7], &[PACKING, 0xFF]] {
            assert_eq!(
                unpack::<(u32, String)>("t", bytes).unwrap_err().kind,
                PortErrorKind::Invalid
            );
        }
    }
}
