//! The Lambda function `export`: wiring only.

fn main() {}
