//! The Lambda function `metrics`: wiring only.

fn main() {}
