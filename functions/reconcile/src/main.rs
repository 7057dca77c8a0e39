//! The Lambda function `reconcile`: wiring only.

fn main() {}
