//! The Lambda function `failure`: wiring only.

fn main() {}
