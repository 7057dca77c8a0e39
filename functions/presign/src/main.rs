//! The Lambda function `presign`: wiring only.

use std::process::ExitCode;
use std::sync::Arc;

use aws::{DynamoState, S3Multipart, S3Signer, SystemClock, SystemIds};
use lambda::runtime;
use presign::{Config, Deps, router};

fn main() -> ExitCode {
    runtime::run("presign", Config::read, async |config| {
        let sdk = aws::sdk::load().await;
        let deps = Deps {
            state: Arc::new(DynamoState::new(&sdk, &config.state.0)),
            signer: Arc::new(S3Signer::new(&sdk, &config.bucket.0)),
            multipart: Arc::new(S3Multipart::new(&sdk, &config.bucket.0)),
            clock: Arc::new(SystemClock::new()),
            ids: Arc::new(SystemIds::new()),
            bounds: config.bounds,
        };
        runtime::http(router(Arc::new(deps))).await
    })
}
