//! What the suite of `ports::contract` cannot ask of every server: exact order, wake-ups, stale
//! receipts, and the faults.

use domain::message::Queue;
use proptest::prelude::*;

use super::*;
use crate::{Embedded, ManualClock, Place, SeededIds};

const QUEUE: Queue = Queue::Ingest;
const LIVE: QueueName = QueueName {
    queue: QUEUE,
    dead: false,
};
const DEAD: QueueName = QueueName {
    queue: QUEUE,
    dead: true,
};

fn open() -> (Arc<Queues>, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(Instant(1_000_000_000)));
    let ids = Arc::new(SeededIds::new(1));
    let opened = Embedded::open(&Place::InMemory, Arc::clone(&clock) as _, ids).unwrap();
    (opened.queues, clock)
}

async fn send(queues: &Queues, bodies: &[&str], delay_seconds: u32) {
    let message = |body: &&str| Outgoing {
        body: (*body).to_owned(),
        delay_seconds,
    };
    let messages: Vec<Outgoing> = bodies.iter().map(message).collect();
    queues.send(QUEUE, &messages).await.unwrap();
}

/// Receives and acknowledges until there is nothing left, time standing still.
async fn drain(queues: &Queues) -> Vec<String> {
    let mut bodies = Vec::new();
    loop {
        let received = queues.receive(LIVE, 10, 30).await.unwrap();
        if received.is_empty() {
            return bodies;
        }
        for message in received {
            queues.acknowledge(LIVE, &message.receipt).await.unwrap();
            bodies.push(message.body);
        }
    }
}

#[tokio::test]
async fn without_faults_messages_come_in_the_order_they_became_due() {
    let (queues, clock) = open();
    send(&queues, &["late"], 1).await;
    send(&queues, &["a", "b"], 0).await;
    clock.advance_seconds(2);
    send(&queues, &["c"], 0).await;
    assert_eq!(drain(&queues).await, ["a", "b", "late", "c"]);
}

#[tokio::test]
async fn a_new_process_takes_back_what_the_last_one_held_and_leaves_what_is_delayed() {
    let (queues, _) = open();
    send(&queues, &["held"], 0).await;
    let held = queues.receive(LIVE, 1, 300).await.unwrap();
    send(&queues, &["delayed"], 60).await;
    assert_eq!(queues.reclaim().await.unwrap(), 1);
    let again = queues.receive(LIVE, 10, 300).await.unwrap();
    assert_eq!((again.len(), again[0].receive_count), (1, 2));
    assert_eq!(again[0].message_id, held[0].message_id);
}

#[tokio::test]
async fn the_receipt_of_an_earlier_delivery_ends_and_postpones_nothing() {
    let (queues, clock) = open();
    send(&queues, &["a"], 0).await;
    let first = queues.receive(LIVE, 1, 10).await.unwrap().remove(0);
    clock.advance_seconds(10);
    let expired = queues.postpone(LIVE, &first.receipt, 60).await;
    assert_eq!(
        expired.unwrap_err().kind,
        PortErrorKind::Reject,
        "its time has run out"
    );
    let second = queues.receive(LIVE, 1, 10).await.unwrap().remove(0);
    queues.acknowledge(LIVE, &first.receipt).await.unwrap();
    let late = queues.postpone(LIVE, &first.receipt, 0).await;
    assert_eq!(
        late.unwrap_err().kind,
        PortErrorKind::Reject,
        "another delivery stands"
    );
    assert_eq!(
        queues.depth(LIVE).await.unwrap(),
        Depth {
            visible: 0,
            hidden: 1
        }
    );
    queues.acknowledge(LIVE, &second.receipt).await.unwrap();
    assert_eq!(
        queues.depth(LIVE).await.unwrap(),
        Depth {
            visible: 0,
            hidden: 0
        }
    );
}

#[tokio::test]
async fn an_expired_delivery_can_still_be_acknowledged_until_the_next_one() {
    let (queues, clock) = open();
    send(&queues, &["a"], 0).await;
    let message = queues.receive(LIVE, 1, 10).await.unwrap().remove(0);
    clock.advance_seconds(60);
    queues.acknowledge(LIVE, &message.receipt).await.unwrap();
    assert_eq!(drain(&queues).await, [""; 0]);
}

#[tokio::test]
async fn a_receipt_of_one_queue_means_nothing_to_another() {
    let (queues, _) = open();
    send(&queues, &["a"], 0).await;
    let message = queues.receive(LIVE, 1, 10).await.unwrap().remove(0);
    queues
        .acknowledge(QueueName::live(Queue::Export), &message.receipt)
        .await
        .unwrap();
    queues.acknowledge(DEAD, &message.receipt).await.unwrap();
    assert!(
        queues
            .postpone(QueueName::live(Queue::Export), &message.receipt, 0)
            .await
            .is_err()
    );
    assert_eq!(queues.depth(LIVE).await.unwrap().hidden, 1);
}

#[tokio::test]
async fn a_dead_message_can_be_postponed_and_never_dies_again() {
    let (queues, clock) = open();
    send(&queues, &["poison"], 0).await;
    for _ in 0..5 {
        assert_eq!(queues.receive(LIVE, 10, 0).await.unwrap().len(), 1);
    }
    assert_eq!(queues.receive(LIVE, 10, 0).await.unwrap(), []);
    for count in 1..=9 {
        let message = queues.receive(DEAD, 10, 5).await.unwrap().remove(0);
        assert_eq!(message.receive_count, count);
        let elsewhere = queues.postpone(LIVE, &message.receipt, 1).await;
        assert_eq!(elsewhere.unwrap_err().kind, PortErrorKind::Reject);
        queues.postpone(DEAD, &message.receipt, 1).await.unwrap();
        assert_eq!(queues.receive(DEAD, 10, 5).await.unwrap(), []);
        clock.advance_seconds(1);
    }
}

#[tokio::test]
async fn next_due_tells_when_to_look_again() {
    let (queues, clock) = open();
    assert_eq!(queues.next_due(LIVE).await.unwrap(), None);
    let start = clock.now();
    send(&queues, &["later"], 30).await;
    assert_eq!(
        queues.next_due(LIVE).await.unwrap(),
        Some(start.plus_us(30_000_000))
    );
    send(&queues, &["now"], 0).await;
    assert_eq!(queues.next_due(LIVE).await.unwrap(), Some(start));
    queues.receive(LIVE, 1, 10).await.unwrap();
    assert_eq!(
        queues.next_due(LIVE).await.unwrap(),
        Some(start.plus_us(10_000_000))
    );
    assert_eq!(queues.next_due(DEAD).await.unwrap(), None);
}

#[tokio::test]
async fn whatever_makes_a_message_due_rings_even_while_nobody_listens() {
    let (queues, clock) = open();
    let (mut live, mut dead) = (queues.arrivals(LIVE), queues.arrivals(DEAD));
    let mut other = queues.arrivals(QueueName::live(Queue::Export));
    send(&queues, &["a"], 0).await;
    assert!(live.has_changed().unwrap(), "sent");
    live.mark_unchanged();
    let message = queues.receive(LIVE, 1, 60).await.unwrap().remove(0);
    queues.postpone(LIVE, &message.receipt, 0).await.unwrap();
    assert!(live.has_changed().unwrap(), "given back");
    for _ in 0..6 {
        queues.receive(LIVE, 1, 0).await.unwrap();
        clock.advance_seconds(1);
    }
    assert!(
        dead.has_changed().unwrap(),
        "moved to the dead-letter queue"
    );
    dead.mark_unchanged();
    assert!(
        !other.has_changed().unwrap(),
        "another queue is another bell"
    );
    other.mark_unchanged();
}

#[tokio::test]
async fn delivering_twice_delivers_every_message_twice() {
    let (queues, _) = open();
    queues.set_faults(QueueFaults {
        deliver_twice: true,
        ..QueueFaults::default()
    });
    send(&queues, &["a", "b"], 0).await;
    let mut bodies = drain(&queues).await;
    bodies.sort_unstable();
    assert_eq!(bodies, ["a", "a", "b", "b"]);
}

#[tokio::test]
async fn an_acknowledged_message_comes_once_more_and_not_for_ever() {
    let (queues, _) = open();
    queues.set_faults(QueueFaults {
        repeat_acknowledged: true,
        ..QueueFaults::default()
    });
    send(&queues, &["a", "b"], 0).await;
    assert_eq!(drain(&queues).await, ["a", "b", "a", "b"]);
}

#[tokio::test]
async fn a_seed_gives_one_order_and_another_seed_another() {
    let order = async |seed| {
        let (queues, _) = open();
        queues.set_faults(QueueFaults {
            shuffle: Some(seed),
            ..QueueFaults::default()
        });
        let bodies: Vec<String> = (0..30).map(|n| format!("{n:02}")).collect();
        let bodies: Vec<&str> = bodies.iter().map(String::as_str).collect();
        send(&queues, &bodies, 0).await;
        let received = drain(&queues).await;
        let mut sorted = received.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, bodies, "whatever the order, all come");
        received
    };
    assert_eq!(order(1).await, order(1).await);
    assert_ne!(order(1).await, order(2).await);
}

#[tokio::test]
async fn settings_out_of_bounds_are_bugs() {
    let (queues, _) = open();
    assert_eq!(
        queues.receive(LIVE, 1, 43_201).await.unwrap_err().kind,
        PortErrorKind::Bug
    );
    assert_eq!(
        queues.postpone(LIVE, "1-1", 43_201).await.unwrap_err().kind,
        PortErrorKind::Bug
    );
    assert_eq!(queues.receive(LIVE, 0, 1).await.unwrap(), []);
}

/// Something a client or the time does.
#[derive(Debug, Clone)]
enum Step {
    Send(u32),
    Receive(u32),
    AcknowledgeOne,
    PostponeOne(u32),
    Wait(u32),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0u32..4).prop_map(Step::Send),
        (0u32..4).prop_map(Step::Receive),
        Just(Step::AcknowledgeOne),
        (0u32..4).prop_map(Step::PostponeOne),
        (1u32..4).prop_map(Step::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_message_is_lost_whatever_happens(
        steps in proptest::collection::vec(step(), 1..60),
        deliver_twice in any::<bool>(),
        repeat_acknowledged in any::<bool>(),
        shuffle in proptest::option::of(any::<u64>()),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let faults = QueueFaults { deliver_twice, repeat_acknowledged, shuffle };
        let (sent, ended) = runtime.block_on(play(steps, faults));
        // Each body ended at least once: acknowledged, or read from the dead-letter queue.
        prop_assert_eq!(sent, ended);
    }
}

/// Plays the steps, then reads both queues empty. Answers what was sent and what came to an end.
async fn play(steps: Vec<Step>, faults: QueueFaults) -> (Vec<String>, Vec<String>) {
    let (queues, clock) = open();
    queues.set_faults(faults);
    let (mut sent, mut ended, mut held) = (Vec::new(), Vec::new(), Vec::<Received>::new());
    for step in steps {
        match step {
            Step::Send(delay) => {
                let body = format!("{:03}", sent.len());
                send(&queues, &[&body], delay).await;
                sent.push(body);
            }
            Step::Receive(hide) => held.extend(queues.receive(LIVE, 3, hide).await.unwrap()),
            Step::AcknowledgeOne => {
                if let Some(message) = held.pop() {
                    let left = queues.depth(LIVE).await.unwrap();
                    queues.acknowledge(LIVE, &message.receipt).await.unwrap();
                    let now = queues.depth(LIVE).await.unwrap();
                    if now != left {
                        ended.push(message.body);
                    }
                }
            }
            Step::PostponeOne(seconds) => {
                if let Some(message) = held.pop() {
                    // A receipt whose time has run out is refused, and the message comes by itself.
                    let _ = queues.postpone(LIVE, &message.receipt, seconds).await;
                }
            }
            Step::Wait(seconds) => clock.advance_seconds(seconds),
        }
    }
    for name in [LIVE, DEAD] {
        while let Some(due) = queues.next_due(name).await.unwrap() {
            clock.advance_to(due);
            for message in queues.receive(name, 10, 60).await.unwrap() {
                queues.acknowledge(name, &message.receipt).await.unwrap();
                ended.push(message.body);
            }
        }
    }
    ended.sort_unstable();
    ended.dedup();
    (sent, ended)
}
