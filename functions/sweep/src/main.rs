//! The Lambda function `sweep`: wiring only.

use std::process::ExitCode;
use std::sync::Arc;

use aws::{DynamoState, S3Multipart, S3Objects, SqsQueues, SystemClock};
use lambda::runtime;
use sweep::{Config, Deps, handle};

fn main() -> ExitCode {
    runtime::run("sweep", Config::read, async |config| {
        let sdk = aws::sdk::load().await;
        let deps = Deps {
            state: Arc::new(DynamoState::new(&sdk, &config.state.0)),
            sender: Arc::new(SqsQueues::new(&sdk, config.queues.0)),
            objects: Arc::new(S3Objects::new(&sdk, &config.bucket.0)),
            multipart: Arc::new(S3Multipart::new(&sdk, &config.bucket.0)),
            clock: Arc::new(SystemClock::new()),
        };
        runtime::schedule(|| handle(&deps)).await
    })
}
