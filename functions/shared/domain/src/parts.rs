//! How a file is cut into the parts it goes up in: all of one size, but for the last.

use std::ops::Range;

use crate::limits::{MAX_PART_BYTES, MAX_PARTS, MIN_PART_BYTES};

/// Sizes of parts are whole multiples of this.
const STEP_BYTES: u64 = 1024 * 1024;

/// A file in parts, numbered from 1 as S3 numbers them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartCut {
    size: u64,
    part_bytes: u64,
}

impl PartCut {
    /// A file of `size` bytes in parts of `part_bytes`.
    #[must_use]
    pub fn new(size: u64, part_bytes: u64) -> Self {
        let part_bytes = part_bytes.max(1);
        Self { size, part_bytes }
    }

    /// A file of `size` bytes in the smallest parts that stay within `MAX_PARTS`: the less a part
    /// has, the less is sent again.
    #[must_use]
    pub fn of(size: u64) -> Self {
        let fitting = size.div_ceil(MAX_PARTS.into());
        let part_bytes = fitting.next_multiple_of(STEP_BYTES);
        Self::new(size, part_bytes.clamp(MIN_PART_BYTES, MAX_PART_BYTES))
    }

    /// Bytes of every part but the last.
    #[must_use]
    pub fn part_bytes(&self) -> u64 {
        self.part_bytes
    }

    /// How many parts there are; an empty file has one.
    #[must_use]
    pub fn count(&self) -> u32 {
        u32::try_from(self.size.div_ceil(self.part_bytes).max(1)).unwrap_or(u32::MAX)
    }

    /// The bytes of the file that part `number` holds; `None` when there is no such part.
    #[must_use]
    pub fn bytes(&self, number: u32) -> Option<Range<u64>> {
        if number > self.count() {
            return None;
        }
        let start = u64::from(number.checked_sub(1)?) * self.part_bytes;
        Some(start..self.size.min(start + self.part_bytes))
    }

    /// Bytes of part `number`; `None` when there is no such part.
    #[must_use]
    pub fn size_of(&self, number: u32) -> Option<u64> {
        let bytes = self.bytes(number)?;
        Some(bytes.end - bytes.start)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::limits::MAX_FILE_BYTES;

    #[test]
    fn parts_follow_each_other_and_cover_the_file() {
        for (size, part_bytes) in [(0, 5), (1, 5), (5, 5), (6, 5), (10, 5), (23, 7)] {
            let cut = PartCut::new(size, part_bytes);
            let mut at = 0;
            for number in 1..=cut.count() {
                let bytes = cut.bytes(number).unwrap();
                assert_eq!(bytes.start, at);
                assert_eq!(cut.size_of(number), Some(bytes.end - bytes.start));
                at = bytes.end;
            }
            assert_eq!(at, size);
            assert_eq!(cut.bytes(0), None);
            assert_eq!(cut.bytes(cut.count() + 1), None);
        }
    }

    #[test]
    fn the_largest_file_stays_within_the_bounds_of_parts() {
        for size in [1, MIN_PART_BYTES, MIN_PART_BYTES + 1, MAX_FILE_BYTES] {
            let cut = PartCut::of(size);
            assert!(cut.count() <= MAX_PARTS, "{size}: {cut:?}");
            assert!((MIN_PART_BYTES..=MAX_PART_BYTES).contains(&cut.part_bytes()));
        }
        let far = MIN_PART_BYTES * u64::from(MAX_PARTS) + 1;
        assert_eq!(PartCut::of(far).part_bytes(), MIN_PART_BYTES + STEP_BYTES);
        assert!(PartCut::of(far).count() <= MAX_PARTS);
    }
}
