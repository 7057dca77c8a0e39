//! Queues on ElasticMQ and on MiniStack's SQS.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws::{SdkConfig, SqsQueues};
use domain::message::Queue;
use libtest_mimic::Trial;
use ports::contract::{all_but, queue};
use tests::running::Running;

use crate::adapters::{Seconds, block_on, create_queue, settings};
use crate::trial;

/// What both servers do otherwise than SQS does.
const UNLIKE_SQS: [(&str, &str); 1] = [(
    "an_acknowledgement_may_come_twice",
    "it answers a second DeleteMessage with ReceiptHandleIsInvalid; SQS says that it succeeds",
)];

pub(crate) fn trials(running: &Arc<Running>) -> Vec<Trial> {
    vec![
        trial("queues::on_elasticmq", running, |running| {
            let (server, stack) = running.elasticmq();
            block_on(async {
                let config = settings(server.endpoint()).await;
                let url = server.queue_url(stack, Queue::Ingest.name());
                queue_at(&config, url).await;
            });
        }),
        trial("queues::on_ministack", running, |running| {
            block_on(async {
                let config = settings(running.ministack().endpoint()).await;
                let url = create_queue(&config, "contract-ingest").await;
                queue_at(&config, url).await;
            });
        }),
    ]
}

async fn queue_at(config: &SdkConfig, url: String) {
    let queue = Queue::Ingest;
    let queues = SqsQueues::new(config, BTreeMap::from([(queue, url)]));
    let tried = queue::Tried {
        queue,
        sender: &queues,
        receiver: &queues,
        postponer: &queues,
        time: &Seconds,
    };
    all_but(queue::parts(&tried), &UNLIKE_SQS).await;
}
