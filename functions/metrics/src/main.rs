//! The Lambda function `metrics`: wiring only.

use std::process::ExitCode;
use std::sync::Arc;

use aws::{DynamoState, S3Objects, SqsQueues, SystemClock};
use lambda::runtime;
use metrics::{Config, Deps, Kept, handle};

fn main() -> ExitCode {
    runtime::run("metrics", Config::read, async |config| {
        let sdk = aws::sdk::load().await;
        let tables = keyspace::open(config.cassandra, &sdk).await?;
        let state = Arc::new(DynamoState::new(&sdk, &config.state.0));
        let queues = Arc::new(SqsQueues::new(&sdk, config.queues.0));
        let deps = Deps {
            state: state.clone(),
            done_sets: state,
            sender: queues.clone(),
            postponer: queues,
            objects: Arc::new(S3Objects::new(&sdk, &config.bucket.0)),
            rows: tables.rows,
            decisions: tables.decisions,
            prices: tables.ledger_prices,
            transactions: tables.transactions,
            disposals: tables.disposals,
            summaries: tables.summaries,
            kept: Kept::default(),
            clock: Arc::new(SystemClock::new()),
        };
        runtime::queue(|event| handle(event, &deps)).await
    })
}
