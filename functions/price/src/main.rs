//! The Lambda function `price`: wiring only.

fn main() {}
