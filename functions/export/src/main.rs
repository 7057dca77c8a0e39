//! The Lambda function `export`: wiring only.

use std::process::ExitCode;
use std::sync::Arc;

use aws::{DynamoState, S3Objects, SqsQueues, SystemClock};
use export::{Config, Deps, handle};
use lambda::runtime;

fn main() -> ExitCode {
    runtime::run("export", Config::read, async |config| {
        let sdk = aws::sdk::load().await;
        let tables = keyspace::open(config.cassandra, &sdk).await?;
        let state = Arc::new(DynamoState::new(&sdk, &config.state.0));
        let deps = Deps {
            state: state.clone(),
            done_sets: state,
            postponer: Arc::new(SqsQueues::new(&sdk, config.queues.0)),
            objects: Arc::new(S3Objects::new(&sdk, &config.bucket.0)),
            transactions: tables.transactions,
            disposals: tables.disposals,
            summaries: tables.summaries,
            rejects: tables.rejects,
            clock: Arc::new(SystemClock::new()),
        };
        runtime::queue(|event| handle(event, &deps)).await
    })
}
