//! How much of a list one answer has.

use s3s::{S3Result, s3_error};

/// Entries of one answer: S3's limit.
const MOST: u32 = 1_000;

/// Entries of an answer to a request that asks for so many in its parameter `name`, or does not say.
///
/// # Errors
/// `InvalidArgument` when it asks for none, or fewer.
pub(super) fn page_size(asked: Option<i32>, name: &str) -> S3Result<u32> {
    match asked.map(u32::try_from) {
        None => Ok(MOST),
        Some(Ok(most)) if most > 0 => Ok(most.min(MOST)),
        Some(_) => Err(s3_error!(
            InvalidArgument,
            "{name} is a number from 1 to {MOST}"
        )),
    }
}
