//! embedded.

pub mod objects;
pub mod s3;
pub mod signing;
