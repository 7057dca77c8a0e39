//! Queues on ElasticMQ.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws::SqsQueues;
use domain::message::Queue;
use libtest_mimic::Trial;
use ports::contract::{all_but, queue};
use tests::running::Running;

use crate::adapters::{Seconds, block_on, settings};
use crate::trial;

/// What ElasticMQ does otherwise than SQS does.
const ELASTICMQ: [(&str, &str); 1] = [(
    "an_acknowledgement_may_come_twice",
    "it answers a second DeleteMessage with ReceiptHandleIsInvalid; SQS says that it succeeds",
)];

pub(crate) fn trials(running: &Arc<Running>) -> Vec<Trial> {
    vec![trial("queues::on_elasticmq", running, |running| {
        let (server, stack) = running.elasticmq();
        block_on(async {
            let config = settings(server.endpoint()).await;
            let queue = Queue::Ingest;
            let urls = BTreeMap::from([(queue, server.queue_url(stack, queue.name()))]);
            let queues = SqsQueues::new(&config, urls);
            let tried = queue::Tried {
                queue,
                sender: &queues,
                receiver: &queues,
                postponer: &queues,
                time: &Seconds,
            };
            all_but(queue::parts(&tried), &ELASTICMQ).await;
        });
    })]
}
