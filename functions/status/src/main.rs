//! The Lambda function `status`: wiring only.

fn main() {}
