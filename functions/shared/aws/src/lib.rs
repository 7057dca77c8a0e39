//! The ports over S3, SQS and DynamoDB.
//!
//! A deployed function's `main.rs` loads the settings once (`sdk::load`) and makes of them what its
//! handler asks for:
//!
//! | adapter | ports | needs |
//! |---|---|---|
//! | `S3Objects` | `Objects` | a bucket with versions |
//! | `S3Multipart` | `Multipart` | the same bucket |
//! | `S3Signer` | `UploadSigner`, `DownloadSigner` | the same bucket; makes no request to it |
//! | `SqsQueues` | `Sender`, `Postponer`, `Receiver` | the URL of each queue it may touch |
//! | `DynamoState` | `StateStore`, `DoneSets` | a table with keys `pk`, `sk` and a TTL on `expires_at` |
//!
//! SDK types end here: an error becomes a `PortError` in `errors` alone, and items, entries and parts
//! are made and read in the file of what they stand for. Absent on purpose: creating buckets, queues
//! or tables (the template does), and a client per call (each adapter keeps one, which keeps its
//! connections while a function sleeps).

mod dynamodb;
mod errors;
mod s3;
#[cfg(test)]
mod script;
pub mod sdk;
mod sqs;

pub use aws_config::SdkConfig;
pub use dynamodb::DynamoState;
pub use machine::{SystemClock, SystemIds, SystemSecrets};
pub use s3::{S3Multipart, S3Objects, S3Signer};
pub use sqs::SqsQueues;
