//! The Lambda function `ledger`: wiring only.

fn main() {}
