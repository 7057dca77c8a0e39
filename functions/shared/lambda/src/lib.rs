//! What every function's handler needs of Lambda.
//!
//! `batch` answers an SQS event message by message, `problem` answers an HTTP request that failed,
//! `openapi` describes routes, `http`, `params` and `fields` read one that may succeed, `telemetry` sets up the JSON log, `vocabulary` names
//! every field in it. `env` reads a deployed function's environment, `settings` the parts of it that
//! several functions share. `admission` lets nobody in whose request is not known to be somebody's.
//! `runtime`, behind the feature of that name, is what a `main.rs` hands a handler to, and `identity`
//! says there whose request it is.

pub mod admission;
pub mod batch;
pub mod env;
pub mod fault;
pub mod fields;
pub mod http;
#[cfg(feature = "runtime")]
pub mod identity;
pub mod openapi;
pub mod params;
pub mod problem;
#[cfg(feature = "runtime")]
pub mod runtime;
pub mod settings;
pub mod telemetry;
pub mod vocabulary;
