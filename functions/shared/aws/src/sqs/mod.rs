//! The queues.

mod receive;
mod send;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use domain::message::Queue;
use ports::{PortError, QueueName};

/// The queues a function may touch.
pub struct SqsQueues {
    client: Client,
    urls: BTreeMap<Queue, String>,
}

impl SqsQueues {
    /// The queues under these URLs. The URL of a dead-letter queue is that of its queue with `-dlq`
    /// behind it, as their names are.
    #[must_use]
    pub fn new(config: &SdkConfig, urls: BTreeMap<Queue, String>) -> Self {
        Self {
            client: Client::new(config),
            urls,
        }
    }

    fn url(&self, op: &'static str, name: QueueName) -> Result<String, PortError> {
        let Some(url) = self.urls.get(&name.queue) else {
            let text = format!(
                "this function was given no URL of queue {}",
                name.queue.name()
            );
            return Err(PortError::bug(op, text));
        };
        let suffix = if name.dead { "-dlq" } else { "" };
        Ok(format!("{url}{suffix}"))
    }
}

fn bounded(op: &'static str, what: &str, value: u32, most: u32) -> Result<i32, PortError> {
    if value > most {
        let text = format!("{value} {what}; at most {most}");
        return Err(PortError::bug(op, text));
    }
    i32::try_from(value).map_err(|error| PortError::bug(op, error))
}
