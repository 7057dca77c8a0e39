//! The Lambda function `presign`: wiring only.

fn main() {}
