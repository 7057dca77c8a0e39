//! The Lambda function `ingest`: wiring only.

fn main() {}
