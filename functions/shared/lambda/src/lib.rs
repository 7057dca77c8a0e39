//! What every function's handler needs of Lambda.
//!
//! `batch` answers an SQS event message by message, `problem` answers an HTTP request that failed,
//! `http` and `fields` read one that may succeed, `telemetry` sets up the JSON log, `vocabulary` names
//! every field in it.

pub mod batch;
pub mod fault;
pub mod fields;
pub mod http;
pub mod problem;
pub mod telemetry;
pub mod vocabulary;
