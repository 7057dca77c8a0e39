//! The Lambda function `notify`: wiring only.

use std::process::ExitCode;
use std::sync::Arc;

use aws::{DynamoState, SqsQueues, SystemClock};
use domain::webhook::Reach;
use lambda::runtime::{self, Stop};
use notify::{Config, Deps, handle};
use webhook::HttpWebhooks;

fn main() -> ExitCode {
    runtime::run("notify", Config::read, async |config| {
        let sdk = aws::sdk::load().await;
        let state = Arc::new(DynamoState::new(&sdk, &config.state.0));
        let webhooks =
            HttpWebhooks::new(Reach::Public).map_err(|error| Stop::outside("webhook", error))?;
        let deps = Deps {
            state: state.clone(),
            done_sets: state,
            postponer: Arc::new(SqsQueues::new(&sdk, config.queues.0)),
            webhooks: Arc::new(webhooks),
            clock: Arc::new(SystemClock::new()),
        };
        runtime::queue(|event| handle(event, &deps)).await
    })
}
