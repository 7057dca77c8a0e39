//! The entrance: messages go out in batches, and a batch may be taken in part.

use async_trait::async_trait;
use aws_sdk_sqs::types::{BatchResultErrorEntry, SendMessageBatchRequestEntry};
use domain::limits::{MAX_DELAY_SECONDS, MAX_MESSAGE_BYTES, MAX_SEND_BATCH};
use domain::message::Queue;
use ports::{Outgoing, PortError, PortErrorKind, QueueName, Sender};

use super::{SqsQueues, bounded};
use crate::errors::{port_error, service_error};

const OP: &str = "queue.send";
/// How often what a batch left over is sent. More is not worth the caller's time: its own message
/// comes back, and all is sent again.
const ROUNDS: u32 = 3;

#[async_trait]
impl Sender for SqsQueues {
    async fn send(&self, queue: Queue, messages: &[Outgoing]) -> Result<(), PortError> {
        for message in messages {
            let size = message.body.len();
            if size > MAX_MESSAGE_BYTES {
                let text = format!("a body of {size} bytes; at most {MAX_MESSAGE_BYTES}");
                return Err(PortError::bug(OP, text));
            }
            bounded(
                OP,
                "seconds of delay",
                message.delay_seconds,
                MAX_DELAY_SECONDS,
            )?;
        }
        let url = self.url(OP, QueueName::live(queue))?;
        for batch in batches(messages) {
            self.send_batch(&url, batch).await?;
        }
        Ok(())
    }
}

impl SqsQueues {
    /// Sends a batch, and again what was not taken of it.
    async fn send_batch(&self, url: &str, batch: &[Outgoing]) -> Result<(), PortError> {
        let mut left: Vec<usize> = (0..batch.len()).collect();
        let mut last = None;
        for _ in 0..ROUNDS {
            let entries = left.iter().filter_map(|&n| Some((n, batch.get(n)?)));
            let entries: Result<Vec<_>, _> =
                entries.map(|(n, message)| entry(n, message)).collect();
            let send = self.client.send_message_batch().queue_url(url);
            let sent = send.set_entries(Some(entries?)).send().await;
            let sent = sent.map_err(|error| port_error(OP, &error))?;
            let failed = sent.failed();
            if failed.is_empty() {
                return Ok(());
            }
            if let Some(ours) = failed.iter().find(|failure| failure.sender_fault()) {
                return Err(refused(PortErrorKind::Bug, ours));
            }
            last = failed.first().cloned();
            // An id that cannot be read as ours means that nothing is known: all goes again.
            let named: Option<Vec<usize>> =
                failed.iter().map(|one| one.id().parse().ok()).collect();
            left = named.unwrap_or(left);
        }
        Err(last.map_or_else(
            || PortError::retry(OP, "a batch was not taken whole"),
            |failure| refused(PortErrorKind::Retry, &failure),
        ))
    }
}

fn refused(kind: PortErrorKind, failure: &BatchResultErrorEntry) -> PortError {
    service_error(kind, OP, failure.code(), failure.message())
}

fn entry(n: usize, message: &Outgoing) -> Result<SendMessageBatchRequestEntry, PortError> {
    let delay = i32::try_from(message.delay_seconds).map_err(|error| PortError::bug(OP, error))?;
    SendMessageBatchRequestEntry::builder()
        .id(n.to_string())
        .message_body(&message.body)
        .delay_seconds(delay)
        .build()
        .map_err(|error| PortError::bug(OP, error))
}

/// Cuts messages into batches of at most ten which together are no longer than one may be.
fn batches(messages: &[Outgoing]) -> Vec<&[Outgoing]> {
    let mut batches = Vec::new();
    let (mut begin, mut bytes) = (0, 0);
    for (n, message) in messages.iter().enumerate() {
        let size = message.body.len();
        let full = n - begin >= MAX_SEND_BATCH || bytes + size > MAX_MESSAGE_BYTES;
        if n > begin && full {
            batches.extend(messages.get(begin..n));
            (begin, bytes) = (n, 0);
        }
        bytes += size;
    }
    if begin < messages.len() {
        batches.extend(messages.get(begin..));
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(sizes: &[usize]) -> Vec<usize> {
        let message = |&size: &usize| Outgoing {
            body: "x".repeat(size),
            delay_seconds: 0,
        };
        let messages: Vec<Outgoing> = sizes.iter().map(message).collect();
        batches(&messages).iter().map(|batch| batch.len()).collect()
    }

    #[test]
    fn a_batch_is_bounded_in_messages_and_in_bytes() {
        assert_eq!(lengths(&[]), [0; 0]);
        assert_eq!(lengths(&[1; 25]), [10, 10, 5]);
        let half = MAX_MESSAGE_BYTES / 2;
        assert_eq!(
            lengths(&[half, half, 1, MAX_MESSAGE_BYTES, half + 1, half]),
            [2, 1, 1, 1, 1]
        );
        assert_eq!(lengths(&[MAX_MESSAGE_BYTES]), [1]);
    }
}
