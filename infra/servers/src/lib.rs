//! Starts and stops the real servers that tests and people run Millrace against: Cassandra, DynamoDB
//! Local, ElasticMQ (SQS), versitygw (S3) and MiniStack (what `sam deploy` needs).
//!
//! Each `start` fetches the server once, by the package client it is published for, starts it on free
//! ports of 127.0.0.1 with its data in a temporary folder, and returns when it answers. Dropping the
//! value stops the server and removes the folder. Everything here blocks. This crate knows nothing of
//! Millrace but the names of its queues.

mod ambient;
mod cache;
mod cassandra;
mod compiled;
mod dynamodb;
mod elasticmq;
mod error;
mod fetch;
mod http;
mod ministack;
mod port;
mod process;
mod sam;
mod versions;
mod versitygw;

pub use cassandra::Cassandra;
pub use compiled::Compiled;
pub use dynamodb::DynamoDb;
pub use elasticmq::{ElasticMq, QUEUES};
pub use error::ServerError;
pub use fetch::Artefact;
pub use ministack::MiniStack;
pub use sam::SamCli;
pub use versitygw::VersityGw;

/// A server's own folder: settings, data, log.
fn own_folder(server: &str) -> Result<tempfile::TempDir, ServerError> {
    tempfile::Builder::new()
        .prefix("millrace-")
        .tempdir()
        .map_err(ServerError::doing(format!("make {server}'s folder")))
}
