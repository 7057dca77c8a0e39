//! The Lambda function `split`: wiring only.

use std::process::ExitCode;
use std::sync::Arc;

use aws::{DynamoState, S3Objects, SqsQueues, SystemClock};
use lambda::runtime;
use split::config::Config;
use split::handler::{Deps, handle};

fn main() -> ExitCode {
    runtime::run("split", Config::read, async |config| {
        let sdk = aws::sdk::load().await;
        let queues = Arc::new(SqsQueues::new(&sdk, config.queues.0));
        let deps = Deps {
            state: Arc::new(DynamoState::new(&sdk, &config.state.0)),
            objects: Arc::new(S3Objects::new(&sdk, &config.bucket.0)),
            sender: queues.clone(),
            postponer: queues,
            clock: Arc::new(SystemClock::new()),
            bounds: config.bounds,
        };
        runtime::queue(|event| handle(event, &deps)).await
    })
}
