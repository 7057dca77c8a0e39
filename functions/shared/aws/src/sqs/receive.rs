//! The exit, for pumps on real queues (in the cloud the event source receives), and a received
//! message's way back.

use async_trait::async_trait;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
use domain::limits::{MAX_HIDE_SECONDS, MAX_RECEIVE_BATCH};
use ports::{PortError, PortErrorKind, Postponer, QueueName, Received, Receiver};

use super::{SqsQueues, bounded};
use crate::errors::port_error;

/// A queue is many servers; one that is asked without waiting asks only some of them, and answers
/// with nothing although there is something.
const WAIT_SECONDS: i32 = 1;

#[async_trait]
impl Receiver for SqsQueues {
    async fn receive(
        &self,
        from: QueueName,
        max: u32,
        hide_seconds: u32,
    ) -> Result<Vec<Received>, PortError> {
        const OP: &str = "queue.receive";
        let hide = bounded(OP, "seconds of hiding", hide_seconds, MAX_HIDE_SECONDS)?;
        let max = bounded(
            OP,
            "messages",
            max.min(MAX_RECEIVE_BATCH),
            MAX_RECEIVE_BATCH,
        )?;
        if max == 0 {
            return Ok(Vec::new());
        }
        let receive = self.client.receive_message();
        let receive = receive
            .queue_url(self.url(OP, from)?)
            .max_number_of_messages(max)
            .visibility_timeout(hide)
            .wait_time_seconds(WAIT_SECONDS)
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount);
        let answer = receive
            .send()
            .await
            .map_err(|error| port_error(OP, &error))?;
        answer.messages().iter().map(received).collect()
    }

    async fn acknowledge(&self, from: QueueName, receipt: &str) -> Result<(), PortError> {
        const OP: &str = "queue.acknowledge";
        let delete = self.client.delete_message().queue_url(self.url(OP, from)?);
        let deleted = delete.receipt_handle(receipt).send().await;
        deleted.map(drop).map_err(|error| port_error(OP, &error))
    }
}

#[async_trait]
impl Postponer for SqsQueues {
    async fn postpone(
        &self,
        from: QueueName,
        receipt: &str,
        seconds: u32,
    ) -> Result<(), PortError> {
        const OP: &str = "queue.postpone";
        let hide = bounded(OP, "seconds of hiding", seconds, MAX_HIDE_SECONDS)?;
        let change = self.client.change_message_visibility();
        let change = change.queue_url(self.url(OP, from)?);
        let change = change.receipt_handle(receipt).visibility_timeout(hide);
        let changed = change.send().await;
        changed.map(drop).map_err(|error| port_error(OP, &error))
    }
}

fn received(message: &Message) -> Result<Received, PortError> {
    let attributes = message.attributes();
    let count = attributes
        .and_then(|all| all.get(&MessageSystemAttributeName::ApproximateReceiveCount))
        .and_then(|count| count.parse().ok());
    match (message.message_id(), message.receipt_handle(), count) {
        (Some(id), Some(receipt), Some(receive_count)) => Ok(Received {
            message_id: id.to_owned(),
            receipt: receipt.to_owned(),
            body: message.body().unwrap_or_default().to_owned(),
            receive_count,
        }),
        _ => Err(PortError::new(
            PortErrorKind::Invalid,
            "queue.receive",
            "a message without id, receipt or receive count",
        )),
    }
}
