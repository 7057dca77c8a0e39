//! What every adapter of a port must do: suites that run against the embedded stores and, later,
//! against real servers. A suite fails by panicking, like the test that calls it.

pub mod objects;
pub mod signing;
