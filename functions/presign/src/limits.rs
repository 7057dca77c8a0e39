//! `GET /v1/limits`: what a client can meet, with its values and what is used of them.

use domain::limits::{
    IDEMPOTENCY_KEY_SECONDS, MAX_FILE_BYTES, MAX_FILE_ROWS, MAX_FILENAME_BYTES, MAX_PARTS,
    PARTED_UPLOAD_WAIT_SECONDS,
};
use domain::state::UploadDay;
use domain::time::Instant;
use serde::Serialize;

use crate::config::Bounds;
use crate::quota::Used;

/// The answer.
#[derive(Serialize)]
pub(crate) struct Limits {
    /// Bytes of a file.
    file_bytes: u64,
    /// Data rows of a file; `split` counts them.
    file_rows: u64,
    /// Bytes of a file's name.
    filename_bytes: usize,
    /// Bytes up to which a file goes up in one PUT.
    single_put_bytes: u32,
    /// Parts of a larger one.
    parts: u32,
    /// Seconds a signed URL is good for.
    url_valid_seconds: u32,
    /// Seconds a file in parts is waited for.
    parts_kept_seconds: u64,
    /// Seconds an `Idempotency-Key` is remembered.
    idempotency_key_seconds: u32,
    /// Announced and not yet here.
    uploads_in_flight: Counted,
    /// Begun since midnight, UTC.
    uploads_per_day: Counted,
}

/// A limit that is counted.
#[derive(Serialize)]
struct Counted {
    limit: u32,
    used: u64,
    /// When the count begins anew; absent where it goes down by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    resets_at: Option<String>,
}

impl Limits {
    pub(crate) fn of(bounds: Bounds, used: Used, now: Instant) -> Self {
        let left = UploadDay::seconds_left(now).saturating_mul(1_000_000);
        let second = Instant(now.0.div_euclid(1_000_000).saturating_mul(1_000_000));
        Self {
            file_bytes: MAX_FILE_BYTES,
            file_rows: MAX_FILE_ROWS,
            filename_bytes: MAX_FILENAME_BYTES,
            single_put_bytes: bounds.single_put_bytes,
            parts: MAX_PARTS,
            url_valid_seconds: bounds.url_valid_seconds,
            parts_kept_seconds: PARTED_UPLOAD_WAIT_SECONDS,
            idempotency_key_seconds: IDEMPOTENCY_KEY_SECONDS,
            uploads_in_flight: Counted {
                limit: bounds.in_flight,
                used: used.in_flight,
                resets_at: None,
            },
            uploads_per_day: Counted {
                limit: bounds.per_day,
                used: used.today,
                resets_at: Some(second.plus_us(left).to_string()),
            },
        }
    }
}
