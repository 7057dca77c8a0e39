//! presign.
