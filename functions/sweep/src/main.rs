//! The Lambda function `sweep`: wiring only.

fn main() {}
