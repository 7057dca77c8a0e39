//! The Lambda function `split`: wiring only.

fn main() {}
