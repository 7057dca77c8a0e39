//! price.
