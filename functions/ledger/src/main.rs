//! The Lambda function `ledger`: wiring only.

use std::process::ExitCode;
use std::sync::Arc;

use aws::{DynamoState, S3Objects, S3Signer, SqsQueues, SystemClock, SystemIds};
use lambda::runtime;
use ledger::{Config, Deps, router};

fn main() -> ExitCode {
    runtime::run("ledger", Config::read, async |config| {
        let sdk = aws::sdk::load().await;
        let tables = keyspace::open(config.cassandra, &sdk).await?;
        let deps = Deps {
            state: Arc::new(DynamoState::new(&sdk, &config.state.0)),
            sender: Arc::new(SqsQueues::new(&sdk, config.queues.0)),
            objects: Arc::new(S3Objects::new(&sdk, &config.bucket.0)),
            transactions: tables.transactions,
            disposals: tables.disposals,
            summaries: tables.summaries,
            prices: tables.ledger_prices,
            signer: Arc::new(S3Signer::new(&sdk, &config.bucket.0)),
            clock: Arc::new(SystemClock::new()),
            ids: Arc::new(SystemIds::new()),
        };
        runtime::http(router(Arc::new(deps))).await
    })
}
