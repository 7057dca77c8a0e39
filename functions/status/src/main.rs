//! The Lambda function `status`: wiring only.

use std::process::ExitCode;
use std::sync::Arc;

use aws::{DynamoState, S3Objects, S3Signer, SqsQueues, SystemClock, SystemIds, SystemSecrets};
use domain::webhook::Reach;
use lambda::runtime;
use status::{Config, Deps, router};

fn main() -> ExitCode {
    runtime::run("status", Config::read, async |config| {
        let sdk = aws::sdk::load().await;
        let state = Arc::new(DynamoState::new(&sdk, &config.state.0));
        let deps = Deps {
            state: state.clone(),
            done_sets: state,
            sender: Arc::new(SqsQueues::new(&sdk, config.queues.0)),
            objects: Arc::new(S3Objects::new(&sdk, &config.bucket.0)),
            signer: Arc::new(S3Signer::new(&sdk, &config.bucket.0)),
            clock: Arc::new(SystemClock::new()),
            ids: Arc::new(SystemIds::new()),
            secrets: Arc::new(SystemSecrets),
            reach: Reach::Public,
        };
        runtime::http(router(Arc::new(deps))).await
    })
}
