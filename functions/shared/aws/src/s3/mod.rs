//! One bucket of S3: its objects, and signed requests to it.

mod multipart;
mod objects;
mod signing;
mod writer;

#[cfg(test)]
mod tests;

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;

pub use multipart::S3Multipart;
pub use objects::S3Objects;
pub use signing::S3Signer;

/// A bucket and how to reach it.
#[derive(Clone)]
struct Bucket {
    client: Client,
    name: String,
}

impl Bucket {
    fn new(config: Builder, name: &str) -> Self {
        Self {
            client: Client::from_conf(config.build()),
            name: name.to_owned(),
        }
    }
}

/// The client's settings. A server of one's own is one host name, so the bucket goes into the path;
/// AWS wants it in the host name.
fn settings(config: &SdkConfig) -> Builder {
    Builder::from(config).force_path_style(config.endpoint_url().is_some())
}
