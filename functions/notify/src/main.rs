//! The Lambda function `notify`: wiring only.

fn main() {}
