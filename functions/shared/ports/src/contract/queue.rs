//! What every queue does: at least once, hidden while in work, given up after enough attempts.

use async_trait::async_trait;
use domain::limits::{MAX_DELAY_SECONDS, MAX_MESSAGE_BYTES, MAX_RECEIVE_BATCH, MAX_RECEIVES};
use domain::message::Queue;

use super::{Part, all};
use crate::{Outgoing, PortErrorKind, Postponer, QueueName, Received, Receiver, Sender};

/// How a suite lets time pass: a manual clock's hand, or real seconds for a real server.
#[async_trait]
pub trait Passing: Send + Sync {
    /// Returns when `seconds` have passed.
    async fn pass(&self, seconds: u32);
}

/// The queue to try: nobody else uses it, and what is in it is thrown away.
pub struct Tried<'a> {
    /// Which.
    pub queue: Queue,
    /// Its entrance.
    pub sender: &'a dyn Sender,
    /// Its exit.
    pub receiver: &'a dyn Receiver,
    /// The way back.
    pub postponer: &'a dyn Postponer,
    /// Time.
    pub time: &'a dyn Passing,
}

/// Longer than anything here takes.
const LONG: u32 = 120;
/// As short as a real server can tell apart from nothing.
const SHORT: u32 = 2;

/// Runs the suite.
pub async fn run(tried: &Tried<'_>) {
    all(parts(tried)).await;
}

/// The suite in parts, for a server that cannot show all of them.
#[must_use]
pub fn parts<'a>(tried: &'a Tried<'_>) -> Vec<Part<'a>> {
    vec![
        ("empty", Box::pin(tried.empty())),
        (
            "what_is_sent_is_received_once_acknowledged",
            Box::pin(tried.what_is_sent_is_received_once_acknowledged()),
        ),
        (
            "an_acknowledgement_may_come_twice",
            Box::pin(tried.an_acknowledgement_may_come_twice()),
        ),
        (
            "equal_messages_are_messages_apart",
            Box::pin(tried.equal_messages_are_messages_apart()),
        ),
        (
            "a_message_in_work_is_hidden_until_its_time_runs_out",
            Box::pin(tried.a_message_in_work_is_hidden_until_its_time_runs_out()),
        ),
        (
            "a_delayed_message_waits",
            Box::pin(tried.a_delayed_message_waits()),
        ),
        (
            "a_postponed_message_comes_when_it_was_told_to",
            Box::pin(tried.a_postponed_message_comes_when_it_was_told_to()),
        ),
        (
            "a_receipt_of_a_finished_delivery_postpones_nothing",
            Box::pin(tried.a_receipt_of_a_finished_delivery_postpones_nothing()),
        ),
        (
            "no_receipt_at_all_is_refused",
            Box::pin(tried.no_receipt_at_all_is_refused()),
        ),
        (
            "a_message_given_up_too_often_is_dead",
            Box::pin(tried.a_message_given_up_too_often_is_dead()),
        ),
        (
            "a_long_body_comes_back_whole",
            Box::pin(tried.a_long_body_comes_back_whole()),
        ),
        (
            "long_messages_are_sent_together",
            Box::pin(tried.long_messages_are_sent_together()),
        ),
        (
            "what_no_queue_takes_is_a_bug",
            Box::pin(tried.what_no_queue_takes_is_a_bug()),
        ),
    ]
}

impl Tried<'_> {
    fn live(&self) -> QueueName {
        QueueName::live(self.queue)
    }

    async fn send(&self, body: &str, delay_seconds: u32) {
        let message = Outgoing {
            body: body.to_owned(),
            delay_seconds,
        };
        self.sender
            .send(self.queue, &[message])
            .await
            .expect("send");
    }

    /// Asks a few times: a queue may answer with fewer than it has.
    async fn receive(&self, from: QueueName, hide_seconds: u32) -> Vec<Received> {
        for _ in 0..3 {
            let received = self
                .receiver
                .receive(from, MAX_RECEIVE_BATCH, hide_seconds)
                .await;
            let received = received.expect("receive");
            if !received.is_empty() {
                return received;
            }
        }
        Vec::new()
    }

    async fn one(&self, from: QueueName, hide_seconds: u32) -> Received {
        let mut received = self.receive(from, hide_seconds).await;
        assert_eq!(received.len(), 1, "{from} holds one message: {received:?}");
        received.remove(0)
    }

    async fn nothing(&self, from: QueueName, why: &str) {
        // Asked once: a server that waits for messages takes a second, and time is what is tried.
        let received = self.receiver.receive(from, MAX_RECEIVE_BATCH, LONG).await;
        let received = received.expect("receive");
        assert!(received.is_empty(), "{from} hands out {received:?}: {why}");
    }

    async fn acknowledge(&self, from: QueueName, message: &Received) {
        self.receiver
            .acknowledge(from, &message.receipt)
            .await
            .expect("acknowledge");
    }

    async fn empty(&self) {
        for name in [self.live(), QueueName::dead(self.queue)] {
            loop {
                let received = self.receive(name, LONG).await;
                for message in &received {
                    self.acknowledge(name, message).await;
                }
                if received.is_empty() {
                    break;
                }
            }
        }
    }

    async fn what_is_sent_is_received_once_acknowledged(&self) {
        let sent: Vec<String> = (0..25).map(|n| format!("message {n:02}")).collect();
        let outgoing: Vec<Outgoing> = sent
            .iter()
            .map(|body| Outgoing {
                body: body.clone(),
                delay_seconds: 0,
            })
            .collect();
        self.sender
            .send(self.queue, &outgoing)
            .await
            .expect("send more than a batch");
        self.sender
            .send(self.queue, &[])
            .await
            .expect("send nothing");
        let mut bodies = Vec::new();
        let mut ids = Vec::new();
        while bodies.len() < sent.len() {
            let received = self.receive(self.live(), LONG).await;
            assert!(
                !received.is_empty(),
                "{} of {} came",
                bodies.len(),
                sent.len()
            );
            assert!(received.len() <= MAX_RECEIVE_BATCH as usize);
            for message in received {
                assert_eq!(message.receive_count, 1);
                self.acknowledge(self.live(), &message).await;
                bodies.push(message.body);
                ids.push(message.message_id);
            }
        }
        bodies.sort_unstable();
        assert_eq!(bodies, sent, "every message comes, and comes once");
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), sent.len(), "every message has a name of its own");
        self.nothing(self.live(), "all was acknowledged").await;
        let few = self
            .receiver
            .receive(self.live(), 1, SHORT)
            .await
            .expect("receive");
        assert!(few.is_empty());
    }

    async fn an_acknowledgement_may_come_twice(&self) {
        self.send("done", 0).await;
        let message = self.one(self.live(), LONG).await;
        self.acknowledge(self.live(), &message).await;
        self.acknowledge(self.live(), &message).await;
        self.nothing(self.live(), "it was acknowledged").await;
    }

    async fn equal_messages_are_messages_apart(&self) {
        for _ in 0..2 {
            self.send("again", 0).await;
        }
        let mut ids = Vec::new();
        while ids.len() < 2 {
            let received = self.receive(self.live(), LONG).await;
            assert!(!received.is_empty(), "{} of 2 came", ids.len());
            for message in received {
                assert_eq!(message.body, "again");
                self.acknowledge(self.live(), &message).await;
                ids.push(message.message_id);
            }
        }
        ids.dedup();
        assert_eq!(ids.len(), 2, "a queue knows no duplicates: its readers do");
    }

    async fn a_message_in_work_is_hidden_until_its_time_runs_out(&self) {
        self.send("slow", 0).await;
        let first = self.one(self.live(), SHORT).await;
        self.nothing(self.live(), "it is being worked on").await;
        self.time.pass(SHORT + 1).await;
        let second = self.one(self.live(), SHORT).await;
        assert_eq!((second.body.as_str(), second.receive_count), ("slow", 2));
        assert_eq!(
            second.message_id, first.message_id,
            "the same message again"
        );
        assert_ne!(second.receipt, first.receipt, "another delivery");
        self.acknowledge(self.live(), &second).await;
        self.time.pass(SHORT + 1).await;
        self.nothing(self.live(), "its second delivery was acknowledged")
            .await;
    }

    async fn a_delayed_message_waits(&self) {
        self.send("later", SHORT).await;
        self.nothing(self.live(), "it is delayed").await;
        self.time.pass(SHORT + 1).await;
        let message = self.one(self.live(), LONG).await;
        assert_eq!((message.body.as_str(), message.receive_count), ("later", 1));
        self.acknowledge(self.live(), &message).await;
    }

    async fn a_postponed_message_comes_when_it_was_told_to(&self) {
        self.send("back", 0).await;
        let message = self.one(self.live(), LONG).await;
        let postpone = self
            .postponer
            .postpone(self.live(), &message.receipt, 0)
            .await;
        postpone.expect("give back at once");
        let message = self.one(self.live(), SHORT).await;
        assert_eq!(message.receive_count, 2);
        let postpone = self
            .postponer
            .postpone(self.live(), &message.receipt, 2 * SHORT + 1)
            .await;
        postpone.expect("hide for longer");
        self.time.pass(SHORT + 1).await;
        self.nothing(self.live(), "it was hidden for longer").await;
        self.time.pass(SHORT + 1).await;
        let message = self.one(self.live(), LONG).await;
        assert_eq!(message.receive_count, 3);
        self.acknowledge(self.live(), &message).await;
    }

    async fn a_receipt_of_a_finished_delivery_postpones_nothing(&self) {
        self.send("gone", 0).await;
        let message = self.one(self.live(), LONG).await;
        self.acknowledge(self.live(), &message).await;
        let refused = self.postponer.postpone(self.live(), &message.receipt, 0);
        let error = refused.await.expect_err("a receipt of what is over");
        assert_eq!(error.kind, PortErrorKind::Reject, "{error}");
        self.nothing(self.live(), "it was acknowledged").await;
    }

    async fn no_receipt_at_all_is_refused(&self) {
        let receipt = "no receipt at all";
        let postponed = self.postponer.postpone(self.live(), receipt, 0).await;
        let acknowledged = self.receiver.acknowledge(self.live(), receipt).await;
        for refused in [postponed, acknowledged] {
            let error = refused.expect_err("it is no receipt");
            assert_eq!(error.kind, PortErrorKind::Reject, "{error}");
        }
    }

    async fn a_message_given_up_too_often_is_dead(&self) {
        let dead = QueueName::dead(self.queue);
        self.send("poison", 0).await;
        for attempt in 1..=MAX_RECEIVES {
            self.nothing(dead, "attempts are left").await;
            let message = self.one(self.live(), SHORT).await;
            assert_eq!(message.receive_count, attempt);
            self.time.pass(SHORT + 1).await;
        }
        self.nothing(self.live(), "it was received often enough")
            .await;
        let message = self.one(dead, SHORT).await;
        assert_eq!(message.body, "poison", "nothing is lost on the way (I6)");
        // Whoever fails to record it puts it off like any message, by the queue it came from.
        let postponed = self.postponer.postpone(dead, &message.receipt, 0).await;
        postponed.expect("give back at once");
        let message = self.one(dead, SHORT).await;
        assert_eq!(message.body, "poison");
        self.acknowledge(dead, &message).await;
        self.time.pass(SHORT + 1).await;
        self.nothing(dead, "it was acknowledged").await;
        self.nothing(self.live(), "a dead message does not come back")
            .await;
    }

    async fn a_long_body_comes_back_whole(&self) {
        let body = "0123456789é\"\n".repeat(MAX_MESSAGE_BYTES / 14);
        self.send(&body, 0).await;
        let message = self.one(self.live(), LONG).await;
        assert_eq!(message.body, body);
        self.acknowledge(self.live(), &message).await;
    }

    async fn long_messages_are_sent_together(&self) {
        let long = |n: usize| Outgoing {
            body: n.to_string().repeat(MAX_MESSAGE_BYTES / 2),
            delay_seconds: 0,
        };
        let messages: Vec<Outgoing> = (0..5).map(long).collect();
        let sent = self.sender.send(self.queue, &messages).await;
        sent.expect("more than one batch has room for");
        let mut lengths = Vec::new();
        while lengths.len() < messages.len() {
            let received = self.receive(self.live(), LONG).await;
            assert!(!received.is_empty(), "{} of 5 came", lengths.len());
            for message in received {
                self.acknowledge(self.live(), &message).await;
                lengths.push(message.body.len());
            }
        }
        assert_eq!(lengths, [MAX_MESSAGE_BYTES / 2; 5]);
    }

    async fn what_no_queue_takes_is_a_bug(&self) {
        let long = Outgoing {
            body: "x".repeat(MAX_MESSAGE_BYTES + 1),
            delay_seconds: 0,
        };
        let late = Outgoing {
            body: "x".to_owned(),
            delay_seconds: MAX_DELAY_SECONDS + 1,
        };
        for message in [long, late] {
            let refused = self.sender.send(self.queue, &[message]).await;
            let error = refused.expect_err("beyond the bounds");
            assert_eq!(error.kind, PortErrorKind::Bug, "{error}");
        }
        self.nothing(self.live(), "nothing was stored").await;
    }
}
